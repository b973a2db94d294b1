"""Absences of advisers, and their covers.

An absence begins and ends by its days alone, without a job. It is written together with its covers and the decisions
about all bookings on its days, in one transaction.

Locks: the people concerned, the portfolios, then the adviser and all colleagues, each in primary-key order. A booking
shares the adviser's row (`share_adviser`), so an interview and an absence that does not know of it cannot both be
written.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import psycopg
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.locks import lock_jobseekers
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.french import day_in_words, of_name
from accompaniment.services import audit
from accompaniment.services.foreseen import Foreseen, names_of
from accompaniment.services.rights import account_open
from caseload.hooks.adviser_absences import CoverChange, Decision, HandedOn, PlannedAbsence, on_absence
from caseload.hooks.coming import booked
from caseload.locks import lock_absences, lock_advisers, lock_portfolios
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.services.moves.absence_locks import CHANGED, Days, lock_days
from caseload.services.moves.covers import (
    CANNOT_COVER,
    colleagues_for,
    hand_on,
    planned_relays,
    relays_between,
    say_where_nobody_answers,
    tell_colleagues,
)

LONGEST = timedelta(days=366)
TOO_LONG = "Une absence dure un an au plus. Au-delà, transférez le portefeuille."

OVERLAPS = "Une absence est déjà prévue sur ces jours\u00a0: annulez-la ou choisissez d'autres dates."
NOT_YOURS = "Vous ne pouvez déclarer que vos propres absences, ou celles des conseillers de vos régions."
SAME_HOUR = ", à la même heure si c'est possible."
MOVED_OTHERWISE = "Sinon la personne est invitée à choisir un autre créneau. Chacune en est prévenue."
OVER = "Cette absence est terminée ou annulée\u00a0: il n'y a plus rien à changer."


def declare_absence(
    *,
    actor: User,
    adviser: Adviser,
    starts_on: date,
    ends_on: date,
    colleagues: Mapping[int, Sequence[int]],
    decisions: Mapping[str, Decision],
    relays: Mapping[int, int] | None = None,
) -> tuple[Absence, list[str]]:
    """Write the absence, its covers, and the decisions about all bookings on its days, or nothing.

    `colleagues`: primary keys of advisers, by portfolio. `relays`: who takes over what the adviser covers, by the
    cover's primary key. `decisions`: by the key of each question of `questions_about`. Returns the absence and
    sentences about what was done. Raises UndecidedError if a decision is missing (a booking may have been added),
    DomainError for invalid days or colleagues.
    """
    with transaction.atomic():
        _check_days(adviser, starts_on=starts_on, ends_on=ends_on)
        locked = lock_days(adviser, starts_on, ends_on, chosen=_chosen(colleagues, relays))
        now = timezone.now()
        _check_declares(actor, adviser)
        away = locked.advisers[adviser.pk]
        planned = _planned(away, locked, starts_on=starts_on, ends_on=ends_on, colleagues=colleagues, relays=relays)
        absence = _saved(Absence(adviser=away, starts_on=starts_on, ends_on=ends_on, set_by=actor, set_at=now))
        said = _carry_out(absence, planned, locked, decisions, actor=actor, at=now, event="declared")
    return absence, said


def extend_absence(
    *,
    actor: User,
    absence: Absence,
    last_day: date,
    colleagues: Mapping[int, Sequence[int]],
    decisions: Mapping[str, Decision],
    relays: Mapping[int, int] | None = None,
) -> list[str]:
    """Extend an absence to `last_day`. The added days are asked about and checked as for a new absence.

    `colleagues`, `relays`, `decisions` and errors: as `declare_absence`. Also raises NotAllowedNowError if the absence
    is over or has changed since the caller read it.
    """
    with transaction.atomic():
        first = _first_added(absence, last_day)
        locked = lock_days(absence.adviser, first, last_day, chosen=_chosen(colleagues, relays), absences={absence.pk})
        now = timezone.now()
        _check_declares(actor, absence.adviser)
        standing = locked.absences[absence.pk]
        standing.adviser = locked.advisers[absence.adviser_id]
        if standing.cancelled_at is not None or standing.ends_on < _today(standing.adviser):
            raise NotAllowedNowError(OVER)
        if standing.ends_on != absence.ends_on:
            raise NotAllowedNowError(CHANGED)
        planned = _planned(
            standing.adviser, locked, starts_on=first, ends_on=last_day, colleagues=colleagues, relays=relays
        )
        standing.ends_on = last_day
        _saved(standing)
        return _carry_out(standing, planned, locked, decisions, actor=actor, at=now, event="extended")


def foresee_absence(
    *,
    adviser: Adviser,
    starts_on: date,
    ends_on: date,
    colleagues: Mapping[int, Sequence[int]],
    relays: Mapping[int, int] | None = None,
) -> PlannedAbsence:
    """Check days and colleagues at this moment, and return the absence to ask about; writes nothing.

    Raises DomainError as `declare_absence`.
    """
    _check_days(adviser, starts_on=starts_on, ends_on=ends_on)
    if _away_between(adviser, starts_on, ends_on):
        raise DomainError(OVERLAPS, about="starts_on")
    seen = Days(
        portfolios=list(Portfolio.objects.filter(adviser=adviser).order_by("pk")),
        advisers={},
        absences={},
        held=relays_between(adviser, starts_on=starts_on, ends_on=ends_on),
    )
    return _planned(adviser, seen, starts_on=starts_on, ends_on=ends_on, colleagues=colleagues, relays=relays)


def foresee_extension(
    *,
    absence: Absence,
    last_day: date,
    colleagues: Mapping[int, Sequence[int]],
    relays: Mapping[int, int] | None = None,
) -> PlannedAbsence:
    """As `foresee_absence`, for the days that `last_day` adds to an absence."""
    return foresee_absence(
        adviser=absence.adviser,
        starts_on=_first_added(absence, last_day),
        ends_on=last_day,
        colleagues=colleagues,
        relays=relays,
    )


def end_absence(*, actor: User, absence: Absence, last_day: date | None = None, shown: str | None = None) -> list[str]:
    """End an absence on `last_day`, or call it off; if it has begun, it then ends yesterday.

    The covers end with it, and bookings given to colleagues after that day go back. Returns sentences about what was
    done. Raises NotAllowedNowError if the absence is over, DomainError if the day shortens nothing, NotForeseenError if
    the interviews that would move differ from those `shown`.
    """
    with transaction.atomic():
        locked, portfolios, colleagues = _locked(absence, actor)
        today = _today(locked.adviser)
        if last_day is None and locked.starts_on < today:
            last_day = today - timedelta(days=1)
        covers = Cover.objects.standing().filter(absence=locked)
        if last_day is None:
            locked.cancelled_at = timezone.now()
            locked.save(update_fields=["cancelled_at"])
            covers.update(cancelled_at=locked.cancelled_at)
            _audit(locked, actor=actor, event="cancelled")
        else:
            if not max(locked.starts_on, today - timedelta(days=1)) <= last_day < locked.ends_on:
                raise DomainError(
                    f"Choisissez un dernier jour entre aujourd'hui et le {day_in_words(locked.ends_on, today=today)}, "
                    "plus tôt que celui qui était prévu.",
                    about="last_day",
                )
            locked.ends_on = last_day
            locked.save(update_fields=["ends_on"])
            covers.filter(starts_on__gt=last_day).update(cancelled_at=timezone.now())
            covers.filter(ends_on__gt=last_day).update(ends_on=last_day)
            _audit(locked, actor=actor, event="shortened")
        change = _change(locked.adviser, portfolios, colleagues, actor=actor)
        _foreseen(
            change,
            title=f"Fin plus tôt de l'absence\u00a0: {locked.adviser}",
            sentences=[
                f"Les entretiens confiés aux collègues reviennent à {locked.adviser}{SAME_HOUR}",
                MOVED_OTHERWISE,
            ],
        ).check(shown)
        return _follow(locked.adviser, portfolios, colleagues, actor=actor)


def replace_colleague(*, actor: User, cover: Cover, colleague: Adviser, shown: str | None = None) -> list[str]:
    """Replace the colleague of a cover for its rest, from today or from its first day on.

    Returns sentences about what was done. Raises NotAllowedNowError if the cover is over, DomainError for an impossible
    colleague, NotForeseenError if the interviews that would move differ from those `shown`.
    """
    with transaction.atomic():
        locked, portfolios, colleagues = _locked(cover.absence, actor, more={colleague.pk})
        standing = Cover.objects.standing().filter(pk=cover.pk).select_related("colleague__user").first()
        today = _today(locked.adviser)
        if standing is None or standing.ends_on < today:
            raise NotAllowedNowError(OVER)
        begins, ends = max(today, standing.starts_on), standing.ends_on
        allowed = colleagues_for(locked.adviser, starts_on=begins, ends_on=ends)
        new = allowed.filter(pk=colleague.pk).first()
        if new is None:
            raise DomainError(CANNOT_COVER, about="colleague")
        if standing.starts_on < today:
            standing.ends_on = today - timedelta(days=1)
        else:
            standing.cancelled_at = timezone.now()
        standing.save(update_fields=["ends_on", "cancelled_at"])
        portfolio = next(one for one in portfolios if one.pk == standing.portfolio_id)
        replacing = _cover(locked, portfolio, new, starts_on=begins, ends_on=ends, actor=actor)
        tell_colleagues([replacing], today=today)
        _audit(locked, actor=actor, event="cover_replaced", covers=[standing.pk, replacing.pk])
        change = _change(locked.adviser, portfolios, [*colleagues, new], actor=actor)
        _foreseen(
            change,
            title=f"{new} à la place {of_name(standing.colleague)}",
            sentences=[
                f"Les entretiens {of_name(standing.colleague)} passent à {new} ou à un autre relais{SAME_HOUR}",
                MOVED_OTHERWISE,
            ],
            keys=[("cover", standing.pk), ("colleague", new.pk)],
        ).check(shown)
        return _follow(locked.adviser, portfolios, [*colleagues, new], actor=actor)


def add_cover(*, actor: User, absence: Absence, portfolio: Portfolio, colleague: Adviser) -> list[str]:
    """Add one more colleague for a portfolio, from today or from the absence's first day, to its last day.

    Returns sentences about what was done. Raises NotAllowedNowError if the absence is over, DomainError for somebody
    else's portfolio, and for a colleague who is away on one of these days or already covers on one.
    """
    with transaction.atomic():
        locked, portfolios, _ = _locked(absence, actor, more={colleague.pk}, uncovered=[portfolio.pk])
        covered = next((one for one in portfolios if one.pk == portfolio.pk), None)
        if covered is None:
            raise DomainError(f"Choisissez un portefeuille {of_name(locked.adviser)}.", about="portfolio")
        today = _today(locked.adviser)
        begins = max(today, locked.starts_on)
        allowed = colleagues_for(locked.adviser, starts_on=begins, ends_on=locked.ends_on)
        new = allowed.filter(pk=colleague.pk).first()
        if new is None:
            raise DomainError(CANNOT_COVER, about="colleague")
        added = _cover(locked, covered, new, starts_on=begins, ends_on=locked.ends_on, actor=actor)
        tell_colleagues([added], today=today)
        _audit(locked, actor=actor, event="cover_added", covers=[added.pk])
        return _follow(locked.adviser, [covered], [new], actor=actor)


def may_declare(actor: User, adviser: Adviser) -> bool:
    """Return whether the actor may declare this adviser's absences: the adviser, or a manager of the region."""
    mine: bool = Adviser.objects.visible_to(actor).filter(account_open(actor), pk=adviser.pk).exists()
    return mine


def _check_declares(actor: User, adviser: Adviser) -> None:
    if not may_declare(actor, adviser):
        raise NoRightError(NOT_YOURS)


def _chosen(colleagues: Mapping[int, Sequence[int]], relays: Mapping[int, int] | None) -> set[int]:
    return {pk for group in colleagues.values() for pk in group} | set((relays or {}).values())


def _check_days(adviser: Adviser, *, starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise DomainError("Le dernier jour vient avant le premier\u00a0: vérifiez les dates.", about="ends_on")
    if starts_on < _today(adviser):
        raise DomainError("Une absence commence aujourd'hui au plus tôt.", about="starts_on")
    if ends_on - starts_on >= LONGEST:
        raise DomainError(TOO_LONG, about="ends_on")


def _first_added(absence: Absence, last_day: date) -> date:
    if last_day <= absence.ends_on:
        until = day_in_words(absence.ends_on, today=_today(absence.adviser))
        raise DomainError(f"L'absence dure déjà jusqu'au {until}\u00a0: choisissez un jour plus tard.", about="ends_on")
    if last_day - absence.starts_on >= LONGEST:
        raise DomainError(TOO_LONG, about="ends_on")
    return absence.ends_on + timedelta(days=1)


def _away_between(adviser: Adviser, starts_on: date, ends_on: date) -> bool:
    standing = Absence.objects.between(starts_on, ends_on).filter(adviser=adviser)
    return bool(standing.exists())


def _planned(
    adviser: Adviser,
    days: Days,
    *,
    starts_on: date,
    ends_on: date,
    colleagues: Mapping[int, Sequence[int]],
    relays: Mapping[int, int] | None,
) -> PlannedAbsence:
    """Check who covers for the adviser, and who takes over what the adviser covers."""
    allowed = {one.pk: one for one in colleagues_for(adviser, starts_on=starts_on, ends_on=ends_on)}
    chosen: dict[int, Sequence[Adviser]] = {}
    for portfolio in days.portfolios:
        pks = list(dict.fromkeys(colleagues.get(portfolio.pk, ())))
        if not allowed.keys() >= set(pks):
            raise DomainError(
                "Un des collègues choisis est absent ces jours-là, ou son compte est fermé\u00a0: "
                "choisissez quelqu'un d'autre."
            )
        if not pks and portfolio.occupied and allowed:
            raise DomainError(
                f"Choisissez qui répond aux personnes du portefeuille «\u00a0{portfolio.get_modality_display()}\u00a0»."
            )
        chosen[portfolio.pk] = [allowed[pk] for pk in pks]
    return PlannedAbsence(
        adviser=adviser,
        starts_on=starts_on,
        ends_on=ends_on,
        colleagues=chosen,
        handed_on=planned_relays(days.held, starts_on=starts_on, ends_on=ends_on, chosen=relays or {}),
    )


def _saved(absence: Absence) -> Absence:
    try:
        with transaction.atomic():
            absence.save()
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.ExclusionViolation):
            raise
        raise DomainError(OVERLAPS, about="starts_on") from error
    return absence


def _carry_out(
    absence: Absence,
    planned: PlannedAbsence,
    days: Days,
    decisions: Mapping[str, Decision],
    *,
    actor: User,
    at: datetime,
    event: str,
) -> list[str]:
    """Write the covers of the planned days, carry out the decisions, tell everybody, and return sentences."""
    covers = [
        _cover(absence, portfolio, colleague, starts_on=planned.starts_on, ends_on=planned.ends_on, actor=actor)
        for portfolio in days.portfolios
        for colleague in planned.colleagues.get(portfolio.pk, ())
    ]
    passed = [(handed, hand_on(handed, actor=actor, at=at)) for handed in planned.handed_on]
    said = [sentence for follower in on_absence for sentence in follower.decide(planned, decisions, actor, at)]
    tell_colleagues([*covers, *(cover for _, cover in passed if cover)], today=_today(absence.adviser))
    _audit(absence, actor=actor, event=event, covers=[cover.pk for cover in covers])
    said += _follow(absence.adviser, days.portfolios, [cover.colleague for cover in covers], actor=actor)
    for handed, cover in passed:
        said += _after_hand_on(absence, handed, cover, actor=actor)
    left_alone = [absence, *(handed.cover.absence for handed in planned.handed_on)]
    return said + say_where_nobody_answers({one.pk: one for one in left_alone}.values(), today=_today(absence.adviser))


def _after_hand_on(absence: Absence, handed: HandedOn, cover: Cover | None, *, actor: User) -> list[str]:
    covered = handed.cover.portfolio
    _audit(
        handed.cover.absence,
        actor=actor,
        event="cover_handed_on",
        covers=[handed.cover.pk, *([cover.pk] if cover else [])],
    )
    colleagues = [handed.cover.colleague, *([cover.colleague] if cover else [])]
    said = _follow(covered.adviser, [covered], colleagues, actor=actor)
    if cover is not None:
        said.insert(0, f"{cover.colleague} reprend le relais {of_name(covered.adviser)}.")
    return said


def _cover(
    absence: Absence, portfolio: Portfolio, colleague: Adviser, *, starts_on: date, ends_on: date, actor: User
) -> Cover:
    try:
        with transaction.atomic():
            cover: Cover = Cover.objects.create(
                portfolio=portfolio,
                absence=absence,
                colleague=colleague,
                starts_on=starts_on,
                ends_on=ends_on,
                set_by=actor,
            )
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.ExclusionViolation):
            raise
        raise DomainError(f"{colleague} assure déjà ce relais ces jours-là.", about="colleague") from error
    return cover


def _locked(
    absence: Absence, actor: User, *, more: set[int] | None = None, uncovered: Sequence[int] = ()
) -> tuple[Absence, list[Portfolio], list[Adviser]]:
    """Lock an absence that may still be changed, its people, its portfolios, and everybody who covers.

    `more`: future covering advisers; `uncovered`: portfolios whose people are concerned although nobody covers.
    """
    covers = Cover.objects.standing().filter(absence=absence)
    colleagues = set(covers.values_list("colleague", flat=True))
    people = Jobseeker.objects.filter(
        Q(placements__portfolio__in=covers.values("portfolio")) | Q(placements__portfolio__in=uncovered),
        placements__ended_at=None,
    )
    lock_jobseekers(people.values_list("pk", flat=True))
    portfolios = lock_portfolios(Portfolio.objects.filter(adviser=absence.adviser))
    advisers = lock_advisers({absence.adviser_id, *colleagues, *(more or ())})
    locked = lock_absences([absence.pk])[absence.pk]
    locked.adviser = advisers[locked.adviser_id]
    _check_declares(actor, locked.adviser)
    if locked.cancelled_at is not None or locked.ends_on < _today(locked.adviser):
        raise NotAllowedNowError(OVER)
    return locked, portfolios, [advisers[pk] for pk in sorted(colleagues)]


def _follow(
    adviser: Adviser, portfolios: Sequence[Portfolio], colleagues: Sequence[Adviser], *, actor: User
) -> list[str]:
    change = _change(adviser, portfolios, colleagues, actor=actor)
    return [sentence for follower in on_absence for sentence in follower.follow(change)]


def _change(
    adviser: Adviser, portfolios: Sequence[Portfolio], colleagues: Sequence[Adviser], *, actor: User
) -> CoverChange:
    return CoverChange(
        adviser=adviser,
        portfolios=tuple(portfolios),
        colleagues=tuple({colleague.pk: colleague for colleague in colleagues}.values()),
        actor=actor,
        at=timezone.now(),
    )


def _foreseen(
    change: CoverChange, *, title: str, sentences: list[str], keys: Sequence[tuple[str, int]] = ()
) -> Foreseen:
    """Return the people whose interviews go to somebody else or must be moved because covers end."""
    people = [person for follower in on_absence for person in follower.concerns(change)]
    ending = [ask(people, change.at) for ask in booked] if people else []
    names = names_of(people, reader=change.actor, ending=ending) if people else []
    return Foreseen(title=title, sentences=sentences, confirm="Confirmer", people=people, names=names, keys=keys)


def _today(adviser: Adviser) -> date:
    return timezone.now().astimezone(adviser.agency.zone).date()


def _audit(absence: Absence, *, actor: User, event: str, covers: Sequence[int] = ()) -> None:
    audit.record(
        actor=actor,
        jobseeker=None,
        action=AuditAction.ABSENCE,
        event=event,
        absence=absence.pk,
        adviser=absence.adviser_id,
        starts_on=absence.starts_on.isoformat(),
        ends_on=absence.ends_on.isoformat(),
        covers=list(covers),
    )
