"""An adviser's absence and the interviews on its days: somebody decides about each of them.

An interview is given to a covering colleague who works and is free at that time, moved by the person, or cancelled with
a message. If a cover ends before the day of an interview that the colleague was given, the interview goes back to the
adviser, or to a colleague who covers now. If this is impossible, the person is asked to choose another slot.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

import psycopg
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel
from accompaniment.models import User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import moment_there
from accompaniment.rules.public_holidays import is_public_holiday
from accompaniment.services import audit
from caseload.hooks.adviser_absences import (
    CANCEL,
    MOVE,
    RELAY,
    Choice,
    CoverChange,
    Decision,
    PlannedAbsence,
    Question,
    UndecidedError,
)
from caseload.models import Absence, Adviser, Cover, Placement
from caseload.reads.moves.who_answers import days_away
from visio.enums import InterviewState
from visio.locks import lock_interview
from visio.models import Interview, InterviewQuerySet
from visio.reads.hours import hours_of, hours_of_each
from visio.rules.slots import Busy, Hours, is_free, within_hours
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.interviews import cancel_locked
from visio.services.slots import end_holds
from visio.services.summaries import refresh_summary

BOOKED_MEANWHILE = "Un entretien vient d'être pris pendant ces jours\u00a0: décidez aussi de ce qu'il devient."
MESSAGE_LIMIT = 500


def ask_about_interviews(planned: PlannedAbsence) -> list[Question]:
    """Return a question for each future interview on the days of the absence, oldest first."""
    interviews = list(_booked_in(planned))
    portfolios = _portfolio_of(interviews)
    free = _free_colleagues(planned, interviews, portfolios)
    return [
        Question(
            key=_key(interview),
            person=interview.jobseeker,
            what=f"{when(interview)}, {Channel(interview.channel).label.lower()}",
            choices=(
                *(
                    Choice(value=f"{RELAY}:{one.pk}", label=f"Confié à {one}, à la même heure")
                    for one in free[interview.pk]
                ),
                Choice(value=MOVE, label="À déplacer\u00a0: la personne est invitée à choisir un autre créneau"),
                Choice(value=CANCEL, label="Annulé, avec un message à la personne"),
            ),
        )
        for interview in interviews
    ]


def decide_interviews(
    planned: PlannedAbsence, decisions: Mapping[str, Decision], actor: User, at: datetime
) -> list[str]:
    """Carry out the decision for each interview. The adviser's row is locked, so nothing is booked meanwhile."""
    interviews = list(_booked_in(planned))
    missing = [interview for interview in interviews if _key(interview) not in decisions]
    if missing:
        raise UndecidedError(BOOKED_MEANWHILE if len(missing) < len(interviews) else "")
    portfolios = _portfolio_of(interviews)
    said = []
    for head in interviews:
        decision = decisions[_key(head)]
        interview = lock_interview(head.pk)
        if decision.choice.startswith(f"{RELAY}:"):
            answering = planned.answering(portfolios.get(head.pk), _day(interview, planned))
            said.append(_relay(interview, decision, answering, actor=actor))
        elif decision.choice == MOVE:
            cancel_locked(interview, actor=actor, at=at, choose=True)
            said.append(f"L'entretien du {when(interview)} est à déplacer\u00a0: {_told(interview)}")
        elif decision.choice == CANCEL:
            message = decision.message.strip()
            if not message:
                raise UndecidedError(
                    f"Écrivez à {interview.jobseeker} pourquoi l'entretien du {when(interview)} n'a pas lieu."
                )
            if len(message) > MESSAGE_LIMIT:
                raise UndecidedError(
                    f"Le message à {interview.jobseeker} est trop long\u00a0: {MESSAGE_LIMIT} caractères au plus."
                )
            cancel_locked(interview, actor=actor, at=at, message=message)
            said.append(f"L'entretien du {when(interview)} est annulé\u00a0: {_told(interview)}")
        else:
            raise UndecidedError
    return said


def follow_covers(change: CoverChange) -> list[str]:
    """Take interviews back from a colleague for days that they no longer cover."""
    coming = _held_by_colleagues(change)
    portfolios = _portfolio_of(coming)
    said = []
    for pk in coming.values_list("pk", flat=True):
        interview = lock_interview(pk)
        if interview.state != InterviewState.BOOKED:
            continue  # admitted or closed since the query
        covering = [
            cover.colleague
            for cover in Cover.objects.running_at(interview.starts_at)
            .answering()
            .filter(portfolio=portfolios[pk])
            .select_related("colleague__user", "colleague__agency__departement__region")
            .order_by("pk")
        ]
        if interview.adviser_id in {colleague.pk for colleague in covering}:
            continue
        source = interview.adviser
        for adviser in (change.adviser, *covering):
            if give(interview, adviser, actor=change.actor):
                notices.send_new_adviser(interview, instead_of=source)
                said.append(f"L'entretien du {when(interview)} passe à {adviser}, à la même heure.")
                break
        else:
            cancel_locked(interview, actor=change.actor, at=change.at, choose=True)
            said.append(f"L'entretien du {when(interview)} est à déplacer\u00a0: {_told(interview)}")
    return said


def people_of_returning(change: CoverChange) -> list[int]:
    """Return the people whose interviews `follow_covers` would give to somebody else or ask to move."""
    coming = _held_by_colleagues(change).select_related("adviser__agency__departement__region")
    portfolios = _portfolio_of(coming)
    return [
        interview.jobseeker_id
        for interview in coming
        if not Cover.objects.running_at(interview.starts_at)
        .answering()
        .filter(portfolio=portfolios[interview.pk], colleague=interview.adviser_id)
        .exists()
    ]


def _held_by_colleagues(change: CoverChange) -> InterviewQuerySet:
    """Return the interviews booked with present or former covering colleagues, of people of the portfolios."""
    held: InterviewQuerySet = Interview.objects.filter(
        state=InterviewState.BOOKED,
        starts_at__gt=change.at,
        adviser__in=change.colleagues,
        jobseeker__placements__portfolio__in=change.portfolios,
        jobseeker__placements__ended_at=None,
    ).order_by("pk")
    return held


def give(interview: Interview, target: Adviser, *, actor: User | None) -> bool:
    """Give a locked interview to another adviser at the same hour; return False if that is impossible.

    The exclusion constraint decides whether the hour is free.
    """
    source, arrived_at = interview.adviser, interview.adviser_arrived_at
    if not may_hold(target, interview):
        return False
    interview.adviser, interview.adviser_arrived_at = target, None
    in_room_since, interview.adviser_in_room_since = interview.adviser_in_room_since, None
    end_holds(interview.jobseeker, adviser=target, starts_at=interview.starts_at, now=timezone.now())
    try:
        with transaction.atomic():
            interview.save(update_fields=["adviser", "adviser_arrived_at", "adviser_in_room_since"])
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.ExclusionViolation):
            raise
        interview.adviser, interview.adviser_arrived_at = source, arrived_at
        interview.adviser_in_room_since = in_room_since
        return False
    audit.record(
        actor=actor,
        jobseeker=interview.jobseeker,
        action=AuditAction.INTERVIEW,
        interview=interview.pk,
        event="handed_over",
        source=source.pk,
        target=target.pk,
    )
    refresh_summary(interview.jobseeker_id)
    tell_room(interview.pk, "handed_over")
    return True


def may_hold(adviser: Adviser, interview: Interview) -> bool:
    """Return whether the adviser works at that time, and, for a meeting on site, in the same agency."""
    return _is_there(adviser, interview, away=days_away(adviser), hours=hours_of(adviser))


def _is_there(adviser: Adviser, interview: Interview, *, away: Iterable[tuple[date, date]], hours: Hours) -> bool:
    if interview.channel == Channel.ON_SITE and interview.adviser.agency_id != adviser.agency_id:
        return False
    zone = adviser.agency.zone
    day = interview.starts_at.astimezone(zone).date()
    if is_public_holiday(day, adviser.agency.departement.holidays_subdivision):
        return False
    if any(first <= day <= last for first, last in away):
        return False
    return within_hours(
        starts_at=interview.starts_at, ends_at=interview.ends_at, channel=interview.channel, hours=hours, zone=zone
    )


def when(interview: Interview) -> str:
    """Return the day and the hour in words, in the reader's time zone."""
    return moment_there(interview.starts_at, zone=reader_zone(), others=interview.zones)


def _booked_in(planned: PlannedAbsence) -> InterviewQuerySet:
    zone = planned.adviser.agency.zone
    begins = datetime.combine(planned.starts_on, time.min, zone)
    ends = datetime.combine(planned.ends_on + timedelta(days=1), time.min, zone)
    found: InterviewQuerySet = (
        Interview.objects.filter(adviser=planned.adviser, state=InterviewState.BOOKED, starts_at__gt=timezone.now())
        .between(begins, ends)
        .with_people()
    )
    return found


def _portfolio_of(interviews: Iterable[Interview]) -> dict[int, int]:
    """Return the present portfolio of each interview's person, by interview."""
    people = {interview.pk: interview.jobseeker_id for interview in interviews}
    placed = dict(Placement.objects.open().filter(jobseeker__in=people.values()).values_list("jobseeker", "portfolio"))
    return {pk: placed[person] for pk, person in people.items() if person in placed}


def _free_colleagues(
    planned: PlannedAbsence, interviews: list[Interview], portfolios: Mapping[int, int]
) -> dict[int, list[Adviser]]:
    """Return which covering colleagues could hold each interview, with three queries.

    None of them follows these people, so the absences in `days_away` suffice.
    """
    answering = {one.pk: planned.answering(portfolios.get(one.pk), _day(one, planned)) for one in interviews}
    everybody = {one.pk for group in answering.values() for one in group}
    busy: dict[int, list[Busy]] = {pk: [] for pk in everybody}
    away: dict[int, list[tuple[date, date]]] = {pk: [] for pk in everybody}
    hours = hours_of_each(everybody)
    if interviews:
        for absence in Absence.objects.standing().filter(adviser__in=everybody):
            away[absence.adviser_id].append((absence.starts_on, absence.ends_on))
        taken = Interview.slots.taking(timezone.now()).filter(
            adviser__in=everybody,
            occupies_until__gt=interviews[0].starts_at,
            starts_at__lt=interviews[-1].occupies_until,
        )
        for adviser, starts_at, ends_at in taken.values_list("adviser", "starts_at", "occupies_until"):
            busy[adviser].append(Busy(starts_at=starts_at, ends_at=ends_at))
    return {
        interview.pk: [
            one
            for one in answering[interview.pk]
            if is_free(interview.starts_at, busy[one.pk])
            and _is_there(one, interview, away=away[one.pk], hours=hours[one.pk])
        ]
        for interview in interviews
    }


def _relay(interview: Interview, decision: Decision, colleagues: Iterable[Adviser], *, actor: User) -> str:
    source = interview.adviser
    wanted = next((one for one in colleagues if decision.choice == f"{RELAY}:{one.pk}"), None)
    if wanted is None or not give(interview, wanted, actor=actor):
        raise UndecidedError(
            f"L'entretien du {when(interview)} ne peut pas être confié à ce collègue, qui n'est plus libre "
            "alors\u00a0: décidez autre chose."
        )
    notices.send_new_adviser(interview, instead_of=source)
    return f"L'entretien du {when(interview)} est confié à {wanted}."


def _day(interview: Interview, planned: PlannedAbsence) -> date:
    """Return the interview's day in the absent adviser's zone."""
    return interview.starts_at.astimezone(planned.adviser.agency.zone).date()


def _told(interview: Interview) -> str:
    if interview.jobseeker.email:
        return f"un e-mail part à {interview.jobseeker}."
    return f"sans adresse e-mail, {interview.jobseeker} est à prévenir par vous."


def _key(interview: Interview) -> str:
    return f"entretien-{interview.pk}"
