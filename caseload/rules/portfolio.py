"""Pure decisions of the caseload floor: no database, no clock."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from accompaniment.rules.french import day_in_words, days_in_words, duration_in_words, hour_there
from accompaniment.rules.tracks import INTERVIEW_MINUTES
from caseload.enums import NeedKind, TransferObstacle, Urgency

REPLY_WITHIN = timedelta(hours=72)
"""The time within which somebody has to answer, even while the adviser is absent."""
SOON = timedelta(days=7)
USUAL_INTERVAL_DAYS = 30
"""Days without contact after which a person without a contact plan is shown as such."""
ALMOST_FULL_PERCENT = 95
SUPPRESSION_THRESHOLD = 5
"""Smaller counts are hidden if they could describe single people."""


WHY_NOT = {
    TransferObstacle.GONE: "N'est plus dans le portefeuille {of_source}.",
    TransferObstacle.LEFT: "N'est plus dans le portefeuille\u00a0: {reason}.",
    TransferObstacle.NOT_YOURS: (
        "N'est pas dans l'un de vos portefeuilles\u00a0: demandez à son conseiller ou à un responsable."
    ),
    TransferObstacle.ALREADY_PLANNED: (
        "Un transfert est déjà prévu pour cette personne. Annulez-le pour en décider un autre."
    ),
    TransferObstacle.ALREADY_THERE: "Est déjà dans ce portefeuille.",
    TransferObstacle.FULL: "Complet\u00a0: {advisers}.",
    TransferObstacle.FILLED: ("Le portefeuille {of_adviser} est complet ({occupied} / {cap}). Choisissez-en un autre."),
    TransferObstacle.NOBODY_ANSWERS: (
        "{adviser} n'est pas là jusqu'au {until} inclus et personne ne répond à sa place. Choisissez un autre "
        "portefeuille, ou ajoutez un relais à son absence."
    ),
    TransferObstacle.ACCOUNT_CLOSED: "Le compte {of_adviser} est fermé.",
    TransferObstacle.OTHER_MODALITY: (
        "La modalité de la personne ({modality}) n'est pas celle du portefeuille choisi ({of_portfolio})."
    ),
    TransferObstacle.OTHER_REGION: "Le portefeuille {of_adviser} est dans une autre région.",
}
"""The sentence of each obstacle. `TOLD` has the sentence that an earlier release stored, in its facts."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a person is not moved: the code, and the facts of its sentence as values for JSON."""

    code: TransferObstacle
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The inputs of a person's needs: the columns of `CaseSummary`, the plan, and open requests."""

    awaiting_reply_since: datetime | None = None
    reply_due_at: datetime | None = None
    reply_planned_at: datetime | None = None
    callback_due_at: datetime | None = None
    next_interview_at: datetime | None = None
    to_place_by: date | None = None
    on_site_asked_at: datetime | None = None
    plan_review_on: date | None = None
    plan_change_asked_at: datetime | None = None
    plan_interval_days: int | None = None
    last_contact_at: datetime | None = None
    since: datetime | None = None
    validated_at: datetime | None = None
    timezone: str | None = None

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The clock of the person's agency, which may differ from the reader's."""
        return (ZoneInfo(self.timezone),) if self.timezone else ()

    @property
    def awaits_acceptance(self) -> bool:
        return self.validated_at is not None


@dataclass(frozen=True, slots=True)
class Need:
    """One need of a person: a phrase, when it is due (None: no date), and its urgency.

    `since` is when a need without a date began.
    """

    kind: NeedKind
    phrase: str
    due_at: datetime | None
    urgency: Urgency
    since: datetime | None = None

    @property
    def says_to_conclude(self) -> bool:
        """Whether the standing interview is in the past; then it is not the next one."""
        return self.kind == NeedKind.INTERVIEW and self.urgency == Urgency.LATE

    @property
    def rank(self) -> tuple[int, float]:
        """The sort key: requests for a meeting on site, then by due date, then needs without a date, oldest first."""
        if self.kind == NeedKind.ON_SITE:
            return 0, self.due_at.timestamp() if self.due_at else 0.0
        if self.due_at is not None:
            return 1, self.due_at.timestamp()
        return (3 if self.kind == NeedKind.NO_CONTACT else 2), self.since.timestamp() if self.since else 0.0


def needs_of(case: Situation, *, now: datetime, zone: ZoneInfo, without_contact_for: int | None = None) -> list[Need]:
    """Return a person's needs, most urgent first.

    Days are days in `zone`. A message is due at its `reply_due_at`, a wish for another plan 72 hours after it came. An
    interview whose end has passed and that nobody closed must be closed. "Without contact" means none for
    `without_contact_for` days, or if that is None for longer than the contact plan's interval.
    """
    local = now.astimezone(zone)
    hour = partial(hour_there, zone=zone, others=case.zones)
    days = without_contact_for or case.plan_interval_days or USUAL_INTERVAL_DAYS
    found = [
        _on_site(case.on_site_asked_at, local),
        _callback(case.callback_due_at, local, hour),
        _reply(case, local),
        _interview(case.next_interview_at, local, hour),
        _obligation(case.to_place_by, local),
        _plan(case.plan_review_on, case.plan_change_asked_at, local),
        _no_contact(case.last_contact_at, case.since, days, local),
    ]
    if case.awaits_acceptance:
        found.append(
            Need(NeedKind.ACCEPTANCE, "En attente d'acceptation", None, Urgency.LATER, since=case.validated_at)
        )
    return sorted((need for need in found if need), key=lambda need: need.rank)


def _on_site(asked_at: datetime | None, now: datetime) -> Need | None:
    if asked_at is None:
        return None
    phrase = f"Entretien en agence demandé depuis {duration_in_words(now - asked_at)}"
    late = now - asked_at >= REPLY_WITHIN
    return Need(NeedKind.ON_SITE, phrase, asked_at, Urgency.LATE if late else Urgency.TODAY)


def _callback(due_at: datetime | None, now: datetime, hour: Callable[[datetime], str]) -> Need | None:
    if due_at is None:
        return None
    due = due_at.astimezone(now.tzinfo)
    if due < now:
        phrase = f"Rappel en retard de {duration_in_words(now - due)}"
    elif due.date() == now.date():
        phrase = f"Rappel à faire avant {hour(due)}"
    else:
        phrase = f"Rappel à faire avant {_day(due.date(), now.date())} {hour(due)}"
    return Need(NeedKind.CALLBACK, phrase, due_at, _urgency(due_at, now))


def _reply(case: Situation, now: datetime) -> Need | None:
    since = case.awaiting_reply_since
    if since is None:
        return None
    phrase = f"Sans réponse depuis {duration_in_words(now - since)}"
    if case.reply_planned_at is not None:
        phrase += ", réponse prévue"
    due_at = case.reply_due_at or since + REPLY_WITHIN
    return Need(NeedKind.REPLY, phrase, due_at, reply_urgency(due_at, now))


def _interview(at: datetime | None, now: datetime, hour: Callable[[datetime], str]) -> Need | None:
    if at is None:
        return None
    local = at.astimezone(now.tzinfo)
    if local.date() > now.date():
        return None
    if at + timedelta(minutes=INTERVIEW_MINUTES) > now:
        return Need(NeedKind.INTERVIEW, f"Entretien aujourd'hui à {hour(at)}", at, Urgency.TODAY)
    today = local.date() == now.date()
    when = f"de {hour(at)}" if today else f"du {day_in_words(local.date(), today=now.date())}"
    return Need(NeedKind.INTERVIEW, f"Entretien {when} à conclure", at, Urgency.LATE)


def _obligation(to_place_by: date | None, now: datetime) -> Need | None:
    if to_place_by is None:
        return None
    today = now.date()
    due_at = datetime.combine(to_place_by + timedelta(days=1), time(), tzinfo=now.tzinfo)
    if to_place_by < today:
        phrase = f"Échéance dépassée depuis {days_in_words((today - to_place_by).days)}"
    elif to_place_by == today:
        phrase = "À fixer aujourd'hui"
    else:
        phrase = f"À fixer au plus tard {_day(to_place_by, today)}"
    return Need(NeedKind.OBLIGATION, phrase, due_at, _urgency(due_at, now))


def _plan(review_on: date | None, change_asked_at: datetime | None, now: datetime) -> Need | None:
    if change_asked_at is not None:
        phrase = f"Demande un autre plan de contact depuis {duration_in_words(now - change_asked_at)}"
        due_at = change_asked_at + REPLY_WITHIN
        return Need(NeedKind.PLAN, phrase, due_at, _urgency(due_at, now))
    today = now.date()
    if review_on is None or review_on > today:
        return None
    due_at = datetime.combine(review_on + timedelta(days=1), time(), tzinfo=now.tzinfo)
    if review_on == today:
        return Need(NeedKind.PLAN, "Plan de contact à revoir aujourd'hui", due_at, Urgency.TODAY)
    phrase = f"Plan de contact à revoir depuis {days_in_words((today - review_on).days)}"
    return Need(NeedKind.PLAN, phrase, due_at, Urgency.LATE)


def _no_contact(last_at: datetime | None, followed_since: datetime | None, days: int, now: datetime) -> Need | None:
    since = last_at or followed_since
    if since is None or now - since < timedelta(days=days):
        return None
    passed = days_in_words((now - since).days)
    phrase = f"Sans contact depuis {passed}" if last_at else f"Aucun contact en {passed} de suivi"
    return Need(NeedKind.NO_CONTACT, phrase, None, Urgency.LATER, since=since)


def reply_urgency(due_at: datetime, now: datetime) -> Urgency:
    """Return the urgency of an answer that is due at an instant; `now` is in the reader's zone."""
    return _urgency(due_at, now)


def _urgency(due_at: datetime, now: datetime) -> Urgency:
    if due_at <= now:
        return Urgency.LATE
    if due_at <= datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=now.tzinfo):
        return Urgency.TODAY
    return Urgency.SOON if due_at - now <= SOON else Urgency.LATER


def _day(day: date, today: date) -> str:
    return "demain" if day - today == timedelta(days=1) else f"le {day_in_words(day, today=today)}"


# --- Shown figures -----------------------------------------------------------------------------------------------


class Hidden(StrEnum):
    """What is shown in place of a hidden count."""

    SMALL = f"<\u00a0{SUPPRESSION_THRESHOLD}"
    WITHHELD = "masqué"


Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Suppressed(Generic[Key]):
    """Counts of people and their total, as they may be shown."""

    cells: dict[Key, int | Hidden]
    total: int | Hidden


def suppress(counts: Mapping[Key, int]) -> Suppressed[Key]:
    """Hide counts of people below the threshold, zero included.

    Secondary suppression: as soon as one count is hidden, the last visible one is withheld too, because the total would
    reveal the hidden one. If all are small, the total is hidden. Which cells are hidden depends only on which are
    small, so knowing this rule does not help: a hidden count of one person or more always has another possible value.
    """
    cells: dict[Key, int | Hidden] = {
        key: count if count >= SUPPRESSION_THRESHOLD else Hidden.SMALL for key, count in counts.items()
    }
    total = sum(counts.values())
    small = [key for key, cell in cells.items() if cell is Hidden.SMALL]
    if not small:
        return Suppressed(cells, total if total >= SUPPRESSION_THRESHOLD else Hidden.SMALL)
    if len(small) == len(cells):
        return Suppressed(cells, Hidden.SMALL if total < SUPPRESSION_THRESHOLD else Hidden.WITHHELD)
    cells[[key for key in cells if key not in small][-1]] = Hidden.WITHHELD
    return Suppressed(cells, total)


def proportional_cap(value: int, working_share: int) -> int:
    """Return the cap of an adviser who works `working_share` per cent: rounded down, and at least one place."""
    return max(1, value * working_share // 100)


def percent(part: int, whole: int) -> int:
    """Return whole per cents, rounded down so that only a full portfolio shows 100; 0 of nothing is 0."""
    return part * 100 // whole if whole else 0


# --- Transfers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """How full a portfolio is."""

    portfolio: int
    occupied: int
    capacity: int


def spread(
    fitting: Iterable[Collection[int]], loads: Iterable[Load], *, past_the_cap: bool = False
) -> list[int | None]:
    """Choose a portfolio for each person in turn: the least loaded one that fits and has room.

    `fitting` holds each person's possible portfolios. None: all of them are full. `past_the_cap`: if all are full,
    choose the least loaded one anyway, for a later day by which places may be free.
    """
    known = {load.portfolio: load for load in loads}
    taken = Counter({load.portfolio: load.occupied for load in known.values()})

    def filling(portfolio: int) -> tuple[float, int]:
        return taken[portfolio] / max(known[portfolio].capacity, 1), portfolio

    chosen: list[int | None] = []
    for portfolios in fitting:
        with_room = [one for one in portfolios if past_the_cap or taken[one] < known[one].capacity]
        best = min(with_room, key=filling, default=None)
        if best is not None:
            taken[best] += 1
        chosen.append(best)
    return chosen


def days_left_open(first: date, last: date, stretches: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Return the ranges of days from `first` to `last` that none of `stretches` covers, all ends included."""
    found = []
    open_from = first
    for starts_on, ends_on in sorted(stretches):
        if starts_on > last:
            break
        if starts_on > open_from:
            found.append((open_from, starts_on - timedelta(days=1)))
        open_from = max(open_from, ends_on + timedelta(days=1))
    if open_from <= last:
        found.append((open_from, last))
    return found
