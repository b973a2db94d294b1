"""Pure decisions of the caseload floor: no database, no clock."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from accompaniment.presentation import day_in_words
from caseload.enums import NeedKind, Urgency

REPLY_WITHIN = timedelta(hours=72)
"""Within which a colleague has to answer, even while the adviser is absent."""
SOON = timedelta(days=7)
ALMOST_FULL_PERCENT = 95
SUPPRESSION_THRESHOLD = 5
"""Counts of people below this are not shown where they tell something about single people."""


class Situation(Protocol):
    """What the needs of a person are read from: the columns of `CaseSummary`, and the open enrolment."""

    @property
    def awaiting_reply_since(self) -> datetime | None: ...
    @property
    def callback_due_at(self) -> datetime | None: ...
    @property
    def next_interview_at(self) -> datetime | None: ...
    @property
    def obligation_due_on(self) -> date | None: ...
    @property
    def awaits_acceptance(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a person waits for: a phrase, when it is due (None: no date), and how urgent that is."""

    kind: NeedKind
    phrase: str
    due_at: datetime | None
    urgency: Urgency


def needs_of(case: Situation, *, now: datetime, zone: ZoneInfo) -> list[Need]:
    """Return what a person waits for, what is due first standing first; empty when nothing does.

    Days are days in `zone`. A message is due 72 hours after it came. An interview to come answers the obligation;
    an interview of a past day that still stands is to be concluded.
    """
    local = now.astimezone(zone)
    found = [
        _callback(case.callback_due_at, local),
        _reply(case.awaiting_reply_since, local),
        _interview(case.next_interview_at, local),
        _obligation(case.obligation_due_on, case.next_interview_at, local),
    ]
    if case.awaits_acceptance:
        found.append(Need(NeedKind.ACCEPTANCE, "En attente d'acceptation", None, Urgency.LATER))
    return sorted((need for need in found if need), key=_due_first)


def _due_first(need: Need) -> tuple[bool, float]:
    return (need.due_at is None, need.due_at.timestamp() if need.due_at else 0.0)


def _callback(due_at: datetime | None, now: datetime) -> Need | None:
    if due_at is None:
        return None
    due = due_at.astimezone(now.tzinfo)
    if due < now:
        phrase = f"Rappel en retard de {duration(now - due)}"
    elif due.date() == now.date():
        phrase = f"Rappel à faire avant {clock(due)}"
    else:
        phrase = f"Rappel à faire avant {_day(due.date(), now.date())} {clock(due)}"
    return Need(NeedKind.CALLBACK, phrase, due_at, _urgency(due_at, now))


def _reply(since: datetime | None, now: datetime) -> Need | None:
    if since is None:
        return None
    due_at = since + REPLY_WITHIN
    return Need(NeedKind.REPLY, f"Sans réponse depuis {duration(now - since)}", due_at, _urgency(due_at, now))


def _interview(at: datetime | None, now: datetime) -> Need | None:
    if at is None:
        return None
    local = at.astimezone(now.tzinfo)
    if local.date() > now.date():
        return None
    if local.date() == now.date():
        return Need(NeedKind.INTERVIEW, f"Entretien aujourd'hui à {clock(local)}", at, Urgency.TODAY)
    return Need(
        NeedKind.INTERVIEW, f"Entretien du {day_in_words(local.date(), today=now.date())} à conclure", at, Urgency.LATE
    )


def _obligation(due_on: date | None, interview_at: datetime | None, now: datetime) -> Need | None:
    if due_on is None:
        return None
    today = now.date()
    if interview_at is not None and interview_at.astimezone(now.tzinfo).date() >= today:
        return None
    due_at = datetime.combine(due_on + timedelta(days=1), time(), tzinfo=now.tzinfo)
    if due_on < today:
        late = (today - due_on).days
        phrase = f"Échéance dépassée depuis {late} jour{'s' if late > 1 else ''}"
    elif due_on == today:
        phrase = "À placer aujourd'hui"
    else:
        phrase = f"À placer avant {_day(due_on, today)}"
    return Need(NeedKind.OBLIGATION, phrase, due_at, _urgency(due_at, now))


def _urgency(due_at: datetime, now: datetime) -> Urgency:
    if due_at <= now:
        return Urgency.LATE
    if due_at <= datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=now.tzinfo):
        return Urgency.TODAY
    return Urgency.SOON if due_at - now <= SOON else Urgency.LATER


def duration(span: timedelta) -> str:
    """Say a span as a person would: minutes under an hour, hours under three days, then days."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes}\u00a0min"
    if minutes < 72 * 60:
        return f"{minutes // 60}\u00a0h"
    return f"{minutes // (24 * 60)}\u00a0jours"


def clock(at: datetime) -> str:
    """Return "16 h" or "9 h 05", never cut at the end of a line."""
    return f"{at.hour}\u00a0h" + (f"\u00a0{at.minute:02d}" if at.minute else "")


def _day(day: date, today: date) -> str:
    return "demain" if day - today == timedelta(days=1) else f"le {day_in_words(day, today=today)}"


# --- Shown figures -----------------------------------------------------------------------------------------------


class Hidden(StrEnum):
    """What stands in the place of a count that is not shown."""

    SMALL = f"<\u00a0{SUPPRESSION_THRESHOLD}"
    WITHHELD = "masqué"


Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Suppressed(Generic[Key]):
    """Counts of people as they may be shown, and their total."""

    cells: dict[Key, int | Hidden]
    total: int | Hidden


def suppress(counts: Mapping[Key, int]) -> Suppressed[Key]:
    """Hide the counts of people that are under the threshold, zero included.

    Secondary suppression: as soon as one count is hidden, the last one that would be shown is withheld with it, so
    that the total does not tell it. Where all are hidden, so is the total. Which cells are hidden depends on which
    are small and on nothing else, so knowing this rule helps nobody: a hidden count of one person or more always
    has another possible value.
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


def percent(part: int, whole: int) -> int:
    """Return whole per cents, rounded down so that only a full portfolio shows 100; 0 of nothing is 0."""
    return part * 100 // whole if whole else 0
