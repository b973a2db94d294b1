"""Absences of advisers, and the covers that go with them.

An absence begins and ends by its days alone: no job decides. It comes to be with its covers and with what becomes of
everything booked on its days, all in one transaction. Locks: the people concerned, the portfolios, then the adviser
and all colleagues, each in primary-key order. Whoever books an interview holds the adviser's row meanwhile
(`hold_present`), so that an interview and an absence that does not know of it cannot both come to be.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import psycopg
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, NotificationKind
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.foreseen import Foreseen, names_of
from accompaniment.french import day_in_words, of_name
from accompaniment.models import Jobseeker, User
from accompaniment.services import audit, outbox
from caseload.absences import (
    CoverChange,
    Decision,
    PlannedAbsence,
    on_absence,
    questions_about,
)
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.querysets import AdviserQuerySet

LONGEST = timedelta(days=366)

OVERLAPS = "Une absence est déjà prévue sur ces jours\u00a0: annulez-la ou choisissez d'autres dates."
NOT_YOURS = "Vous ne pouvez déclarer que vos propres absences, ou celles des conseillers de vos régions."
CANNOT_COVER = "Choisissez un autre collègue\u00a0: celui-ci est absent ces jours-là, ou son compte est fermé."
OVER = "Cette absence est terminée ou annulée\u00a0: il n'y a plus rien à changer."


def colleagues_for(adviser: Adviser, *, starts_on: date, ends_on: date) -> AdviserQuerySet:
    """Return who may answer for an adviser on these days: the agency's own first, then the region's.

    Closed accounts and colleagues who are absent themselves on one of the days are left out.
    """
    away = Absence.objects.standing().filter(starts_on__lte=ends_on, ends_on__gte=starts_on)
    found: AdviserQuerySet = (
        Adviser.objects.filter(user__is_active=True, agency__departement__region=adviser.agency.departement.region_id)
        .exclude(pk=adviser.pk)
        .exclude(pk__in=away.values("adviser"))
        .select_related("user", "agency__departement__region")
    )
    return found


def hold_present(adviser: Adviser) -> None:
    """Let no absence of the adviser come to be before the end of this transaction.

    Those who hold it do not wait for each other. Look at the absences after it, not before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM caseload_adviser WHERE id = %s FOR KEY SHARE", [adviser.pk])


def declare_absence(
    *,
    actor: User,
    adviser: Adviser,
    starts_on: date,
    ends_on: date,
    colleagues: Mapping[int, Sequence[int]],
    decisions: Mapping[str, Decision],
) -> tuple[Absence, list[str]]:
    """Write the absence, its covers, and what becomes of all that is booked on its days; or nothing.

    `colleagues`: primary keys of advisers by the portfolio's. `decisions`: by the key of each question that
    `questions_about` asks. Returns the absence and what was done, in sentences.
    Raises UndecidedError when something has no decision (a booking may have come meanwhile), DomainError for days or
    colleagues that cannot be.
    """
    with transaction.atomic():
        now = timezone.now()
        if not may_declare(actor, adviser):
            raise DomainError(NOT_YOURS)
        seen = questions_about(PlannedAbsence(adviser=adviser, starts_on=starts_on, ends_on=ends_on, colleagues={}))
        _lock_people([question.person.pk for question in seen])
        portfolios = _locked_portfolios(adviser)
        chosen = {pk for group in colleagues.values() for pk in group}
        advisers = _locked_advisers({adviser.pk, *chosen})
        away = advisers[adviser.pk]
        planned = _planned(away, portfolios, starts_on=starts_on, ends_on=ends_on, colleagues=colleagues)
        absence = _insert(Absence(adviser=away, starts_on=starts_on, ends_on=ends_on, set_by=actor, set_at=now))
        covers = [
            Cover.objects.create(
                portfolio=portfolio,
                absence=absence,
                colleague=colleague,
                starts_on=starts_on,
                ends_on=ends_on,
                set_by=actor,
            )
            for portfolio in portfolios
            for colleague in planned.colleagues.get(portfolio.pk, ())
        ]
        said = [sentence for follower in on_absence for sentence in follower.decide(planned, decisions, actor, now)]
        for colleague in {cover.colleague_id: cover.colleague for cover in covers}.values():
            _tell(colleague, [cover for cover in covers if cover.colleague_id == colleague.pk], today=_today(away))
        _audit(absence, actor=actor, event="declared", covers=[cover.pk for cover in covers])
        _follow(absence, portfolios, [cover.colleague for cover in covers], actor=actor)
    return absence, said


def foresee_absence(
    *, adviser: Adviser, starts_on: date, ends_on: date, colleagues: Mapping[int, Sequence[int]]
) -> PlannedAbsence:
    """Check days and colleagues as they stand now, and return the absence to ask about; writes nothing.

    Raises DomainError as `declare_absence` does.
    """
    overlapping = Absence.objects.standing().filter(adviser=adviser, starts_on__lte=ends_on, ends_on__gte=starts_on)
    if overlapping.exists():
        raise DomainError(OVERLAPS)
    portfolios = list(Portfolio.objects.filter(adviser=adviser).order_by("pk"))
    return _planned(adviser, portfolios, starts_on=starts_on, ends_on=ends_on, colleagues=colleagues)


def end_absence(*, actor: User, absence: Absence, last_day: date | None = None, shown: str | None = None) -> list[str]:
    """Let an absence end on `last_day`, or call it off: one that has begun then ends yesterday.

    The covers end with it; what the colleagues had been given after that day goes back. Returns what was done, in
    sentences. Raises NotAllowedNowError when the absence is over, DomainError for a day that shortens nothing,
    NotForeseenError when other people's interviews would move than those `shown`.
    """
    with transaction.atomic():
        locked, portfolios, colleagues = _locked(absence, actor)
        today = _today(locked.adviser)
        if last_day is None and locked.starts_on < today:
            last_day = today - timedelta(days=1)
        covers = Cover.objects.filter(absence=locked, cancelled_at=None)
        if last_day is None:
            locked.cancelled_at = timezone.now()
            locked.save(update_fields=["cancelled_at"])
            covers.update(cancelled_at=locked.cancelled_at)
            _audit(locked, actor=actor, event="cancelled")
        else:
            if not max(locked.starts_on, today - timedelta(days=1)) <= last_day < locked.ends_on:
                raise DomainError(
                    f"Choisissez un dernier jour entre aujourd'hui et le {day_in_words(locked.ends_on, today=today)}, "
                    "plus tôt que celui qui était prévu."
                )
            locked.ends_on = last_day
            locked.save(update_fields=["ends_on"])
            covers.filter(starts_on__gt=last_day).update(cancelled_at=timezone.now())
            covers.filter(ends_on__gt=last_day).update(ends_on=last_day)
            _audit(locked, actor=actor, event="shortened")
        _foreseen(_change(locked, portfolios, colleagues, actor=actor)).check(shown)
        return _follow(locked, portfolios, colleagues, actor=actor)


def replace_colleague(*, actor: User, cover: Cover, colleague: Adviser) -> list[str]:
    """Let another colleague answer for the rest of a cover, from today or from its first day on.

    Returns what was done, in sentences. Raises NotAllowedNowError when the cover is over, DomainError for a colleague
    who cannot be.
    """
    with transaction.atomic():
        if cover.absence is None:
            raise NotAllowedNowError(OVER)
        locked, portfolios, colleagues = _locked(cover.absence, actor, more={colleague.pk})
        standing = Cover.objects.filter(pk=cover.pk, cancelled_at=None).select_related("colleague__user").first()
        today = _today(locked.adviser)
        if standing is None or standing.ends_on < today:
            raise NotAllowedNowError(OVER)
        begins = max(today, standing.starts_on)
        allowed = colleagues_for(locked.adviser, starts_on=begins, ends_on=standing.ends_on)
        new = allowed.filter(pk=colleague.pk).first()
        if new is None:
            raise DomainError(CANNOT_COVER)
        if standing.starts_on < today:
            standing.ends_on = today - timedelta(days=1)
        else:
            standing.cancelled_at = timezone.now()
        standing.save(update_fields=["ends_on", "cancelled_at"])
        portfolio = next(one for one in portfolios if one.pk == standing.portfolio_id)
        replacing = _cover(locked, portfolio, new, starts_on=begins, ends_on=cover.ends_on, actor=actor)
        _tell(new, [replacing], today=today)
        _audit(locked, actor=actor, event="cover_replaced", covers=[standing.pk, replacing.pk])
        return _follow(locked, portfolios, [*colleagues, new], actor=actor)


def add_cover(*, actor: User, absence: Absence, portfolio: Portfolio, colleague: Adviser) -> list[str]:
    """Let one more colleague answer for a portfolio, from today or from the absence's first day, to its last day.

    Returns what was done, in sentences. Raises NotAllowedNowError when the absence is over, DomainError for a
    portfolio of somebody else, and for a colleague who is not there on all these days or covers on one already.
    """
    with transaction.atomic():
        locked, portfolios, _ = _locked(absence, actor, more={colleague.pk}, uncovered=[portfolio.pk])
        covered = next((one for one in portfolios if one.pk == portfolio.pk), None)
        if covered is None:
            raise DomainError(f"Choisissez un portefeuille {of_name(locked.adviser)}.")
        today = _today(locked.adviser)
        begins = max(today, locked.starts_on)
        allowed = colleagues_for(locked.adviser, starts_on=begins, ends_on=locked.ends_on)
        new = allowed.filter(pk=colleague.pk).first()
        if new is None:
            raise DomainError(CANNOT_COVER)
        added = _cover(locked, covered, new, starts_on=begins, ends_on=locked.ends_on, actor=actor)
        _tell(new, [added], today=today)
        _audit(locked, actor=actor, event="cover_added", covers=[added.pk])
        return _follow(locked, [covered], [new], actor=actor)


def may_declare(actor: User, adviser: Adviser) -> bool:
    """Tell whether this adviser's absences are the actor's to declare: one's own, or a manager's region's."""
    mine: bool = Adviser.objects.visible_to(actor).filter(pk=adviser.pk).exists()
    return mine


def _check_days(adviser: Adviser, *, starts_on: date, ends_on: date) -> None:
    today = _today(adviser)
    if ends_on < starts_on:
        raise DomainError("Le dernier jour vient avant le premier\u00a0: vérifiez les dates.")
    if starts_on < today:
        raise DomainError("Une absence commence aujourd'hui au plus tôt.")
    if ends_on - starts_on >= LONGEST:
        raise DomainError("Une absence dure un an au plus. Au-delà, transférez le portefeuille.")
    covered = (
        Cover.objects.filter(colleague=adviser, cancelled_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on)
        .select_related("portfolio__adviser__user")
        .order_by("starts_on", "pk")
        .first()
    )
    if covered is not None:
        raise DomainError(
            f"Pendant ces jours, {adviser} est le relais {of_name(covered.portfolio.adviser)}, "
            f"du {day_in_words(covered.starts_on, today=today)} au {day_in_words(covered.ends_on, today=today)}. "
            "Choisissez d'abord un autre relais à la page de cette absence-là\u00a0: la personne absente ou un "
            "responsable peut le faire."
        )


def _planned(
    adviser: Adviser,
    portfolios: Sequence[Portfolio],
    *,
    starts_on: date,
    ends_on: date,
    colleagues: Mapping[int, Sequence[int]],
) -> PlannedAbsence:
    """Check the days and who answers, and return both."""
    _check_days(adviser, starts_on=starts_on, ends_on=ends_on)
    allowed = {one.pk: one for one in colleagues_for(adviser, starts_on=starts_on, ends_on=ends_on)}
    chosen: dict[int, Sequence[Adviser]] = {}
    for portfolio in portfolios:
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
    return PlannedAbsence(adviser=adviser, starts_on=starts_on, ends_on=ends_on, colleagues=chosen)


def _insert(absence: Absence) -> Absence:
    try:
        with transaction.atomic():
            absence.save(force_insert=True)
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.ExclusionViolation):
            raise
        raise DomainError(OVERLAPS) from error
    return absence


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
        raise DomainError(f"{colleague} assure déjà ce relais ces jours-là.") from error
    return cover


def _locked(
    absence: Absence, actor: User, *, more: set[int] | None = None, uncovered: Sequence[int] = ()
) -> tuple[Absence, list[Portfolio], list[Adviser]]:
    """Lock an absence that may still be changed, its people, portfolios, and everybody who covers.

    `more`: advisers who are going to cover; `uncovered`: portfolios whose people are concerned though nobody covers.
    """
    if not may_declare(actor, absence.adviser):
        raise DomainError(NOT_YOURS)
    covers = Cover.objects.filter(absence=absence, cancelled_at=None)
    colleagues = set(covers.values_list("colleague", flat=True))
    people = Jobseeker.objects.filter(
        Q(placements__portfolio__in=covers.values("portfolio")) | Q(placements__portfolio__in=uncovered),
        placements__ended_at=None,
    )
    _lock_people(list(people.values_list("pk", flat=True)))
    portfolios = _locked_portfolios(absence.adviser)
    advisers = _locked_advisers({absence.adviser_id, *colleagues, *(more or ())})
    locked = Absence.objects.select_for_update(of=("self",)).get(pk=absence.pk)
    locked.adviser = advisers[locked.adviser_id]
    if locked.cancelled_at is not None or locked.ends_on < _today(locked.adviser):
        raise NotAllowedNowError(OVER)
    return locked, portfolios, [advisers[pk] for pk in sorted(colleagues)]


def _lock_people(people: Sequence[int]) -> None:
    list(
        Jobseeker.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=people)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _locked_portfolios(adviser: Adviser) -> list[Portfolio]:
    return list(Portfolio.objects.select_for_update(of=("self",), no_key=True).filter(adviser=adviser).order_by("pk"))


def _locked_advisers(pks: set[int]) -> dict[int, Adviser]:
    locked = (
        Adviser.objects.select_for_update(of=("self",))
        .filter(pk__in=pks)
        .select_related("user", "agency__departement__region")
        .order_by("pk")
    )
    return {adviser.pk: adviser for adviser in locked}


def _follow(
    absence: Absence, portfolios: Sequence[Portfolio], colleagues: Sequence[Adviser], *, actor: User
) -> list[str]:
    change = _change(absence, portfolios, colleagues, actor=actor)
    return [sentence for follower in on_absence for sentence in follower.follow(change)]


def _change(
    absence: Absence, portfolios: Sequence[Portfolio], colleagues: Sequence[Adviser], *, actor: User
) -> CoverChange:
    return CoverChange(
        adviser=absence.adviser,
        portfolios=tuple(portfolios),
        colleagues=tuple({colleague.pk: colleague for colleague in colleagues}.values()),
        actor=actor,
        at=timezone.now(),
    )


def _foreseen(change: CoverChange) -> Foreseen:
    """Return whose interviews go back or are to be moved now that covers end."""
    people = [person for follower in on_absence for person in follower.concerns(change)]
    return Foreseen(
        title=f"Fin plus tôt de l'absence\u00a0: {change.adviser}",
        sentences=[
            f"Les entretiens confiés aux collègues reviennent à {change.adviser}, à la même heure si c'est possible.",
            "Sinon la personne est invitée à choisir un autre créneau. Chacune en est prévenue.",
        ],
        confirm="Confirmer",
        people=people,
        names=names_of(people, reader=change.actor) if people else [],
    )


def _tell(colleague: Adviser, covers: Sequence[Cover], *, today: date) -> None:
    """Tell a colleague once of the cover that he or she is given."""
    first = covers[0]
    outbox.notify(
        key=f"cover-set:{first.pk}",
        kind=NotificationKind.COVER_SET,
        email=colleague.user.email,
        user=colleague.user,
        context={
            "first_name": colleague.user.first_name,
            "adviser": str(first.portfolio.adviser),
            "starts_on": day_in_words(first.starts_on, today=today),
            "ends_on": day_in_words(first.ends_on, today=today),
            "people": sum(cover.portfolio.occupied for cover in covers),
            "path": reverse("my_day"),
        },
    )


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
