"""Booking, moving and cancelling interviews.

A slot is free when the exclusion constraints say so: the insert itself is the check, so two people who want the
same slot at once get one interview and one SlotTakenError.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

import psycopg
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel, EnrolmentState, ObligationState, Tier
from accompaniment.models import Enrolment, Jobseeker, Obligation, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import counted, plural
from accompaniment.services.bounds import check_bound
from caseload.models import Adviser
from caseload.reads.moves.places import classic_places
from caseload.reads.moves.who_answers import follower_of
from caseload.services.moves.absences import hold_present
from visio.enums import InterviewState
from visio.models import Interview, InterviewEvent
from visio.reads.availability import last_day_offered, slots_by_hours
from visio.rules.slots import LENGTH, OCCUPIED
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import lock_interview, lock_person, log_state, move_state
from visio.services.errors import SlotTakenError
from visio.services.holding import attach_interviews, obligation_of_day
from visio.services.summaries import refresh_summary

BOOKABLE_CHANNELS = (Channel.VIDEO, Channel.PHONE, Channel.ON_SITE)


def book_interview(
    *,
    actor: User,
    jobseeker: Jobseeker,
    adviser: Adviser,
    starts_at: datetime,
    channel: str,
    obligation: Obligation | None = None,
) -> Interview:
    """Book a slot that the adviser offers, for an obligation or without one, and send the convocation.

    Without one it holds what is due in the period of its day, if nothing else does.

    The actor is the person, or an adviser who answers for the person. Raises SlotTakenError when the slot is not
    free any more, TooManyError when the person holds or changes too much, DomainError for every other refusal.
    """
    with transaction.atomic():
        person = lock_person(jobseeker.pk)
        if actor.is_adviser and not Jobseeker.objects.visible_to(actor).filter(pk=person.pk).exists():
            raise NotAllowedNowError("Cette personne n'est plus dans vos portefeuilles.")
        _check_changes(actor, person)
        return _book(
            actor=actor,
            person=person,
            adviser=adviser,
            starts_at=starts_at,
            channel=channel,
            obligation=obligation,
            replaces=None,
            now=timezone.now(),
        )


def move_interview(*, actor: User, interview: Interview, starts_at: datetime, channel: str) -> Interview:
    """Give an interview another slot: the old one is cancelled and the new one booked, or neither.

    The new one holds the same obligation, after its period too, for what is late is still due; one that held nothing
    holds what is due in the period of its new day.

    Raises SlotTakenError when the new slot is not free any more; the old one then stands.
    """
    with transaction.atomic():
        person = lock_person(interview.jobseeker_id)
        old = lock_interview(interview.pk)
        now = timezone.now()
        _check_can_be_given_up(old, actor=actor, now=now)
        _check_changes(actor, person)
        move_state(old, actor=actor, at=now, to_state=InterviewState.CANCELLED)
        tell_room(old.pk, "closed")
        return _book(
            actor=actor,
            person=person,
            adviser=old.adviser,
            starts_at=starts_at,
            channel=channel,
            obligation=old.obligation,
            replaces=old,
            now=now,
        )


def cancel_interview(*, actor: User, interview: Interview) -> Interview:
    """Cancel an interview and free its slot; the person may choose another one.

    A jobseeker cancels before the hour; the adviser also afterwards, when nothing took place. Raises
    NotAllowedNowError when it is too late or closed already.
    """
    with transaction.atomic():
        person = lock_person(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        now = timezone.now()
        _check_can_be_given_up(locked, actor=actor, now=now)
        cancel_locked(locked, actor=actor, at=now)
        attach_interviews(person, actor=actor)
        return locked


def follow_track_end(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Cancel what is booked with the adviser who follows the person no longer; a conversation under way goes on.

    One whose end has passed stays with its adviser, to be concluded: nobody tells that it will not take place.
    """
    coming = Interview.objects.coming(at).filter(jobseeker=jobseeker, state=InterviewState.BOOKED).order_by("pk")
    for pk in coming.values_list("pk", flat=True):
        cancel_locked(lock_interview(pk), actor=actor, at=at)


def follow_tier_change(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Cancel what is booked with an adviser who follows the person no longer; what the present one has stays.

    So does what is past and to be concluded.
    """
    coming = Interview.objects.coming(at).filter(jobseeker=jobseeker, state=InterviewState.BOOKED).order_by("pk")
    if (follower := follower_of(jobseeker)) is not None:
        coming = coming.exclude(adviser=follower)
    for pk in coming.values_list("pk", flat=True):
        cancel_locked(lock_interview(pk), actor=actor, at=at)
    refresh_summary(jobseeker.pk)


def booked_among(changes: Mapping[int, Tier]) -> set[int]:
    """Return who of these people has an interview to come; its rows are locked one by one, after the portfolios."""
    coming = Interview.objects.filter(jobseeker__in=list(changes), state=InterviewState.BOOKED)
    return set(coming.values_list("jobseeker_id", flat=True))


def foresee_tier_change(jobseeker: Jobseeker, tier: Tier) -> list[str]:
    """Say what would become of the interviews that are booked."""
    coming = Interview.objects.coming(timezone.now())
    booked = list(coming.filter(jobseeker=jobseeker, state=InterviewState.BOOKED))
    if not booked:
        return ["Aucun entretien n'est prévu avec elle."]
    on_web = Enrolment.objects.filter(
        jobseeker=jobseeker, state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)
    ).exists()
    places = classic_places(jobseeker, tier) if follower_of(jobseeker) is not None else []
    kept = [] if on_web or not places else [one for one in booked if one.adviser_id == places[0].adviser_id]
    lost = len(booked) - len(kept)
    sentences = []
    if lost:
        sentences.append(
            f"{counted(lost, 'un entretien prévu')} {plural(lost, 'est annulé,sont annulés')}, et elle en est prévenue."
        )
    if kept:
        sentences.append("Ce qui est prévu avec le conseiller qui continue à la suivre est maintenu.")
    return sentences


def cancel_locked(
    interview: Interview, *, actor: User | None, at: datetime, message: str = "", choose: bool = False
) -> None:
    """Cancel an interview that the caller has locked, tell the person, and close its room.

    The e-mail carries the adviser's `message`, or asks the person to `choose` another slot.
    """
    move_state(interview, actor=actor, at=at, to_state=InterviewState.CANCELLED)
    notices.send_cancellation(interview, message=message, choose=choose)
    refresh_summary(interview.jobseeker_id)
    tell_room(interview.pk, "closed")


def _check_can_be_given_up(interview: Interview, *, actor: User, now: datetime) -> None:
    if interview.state != InterviewState.BOOKED:
        raise NotAllowedNowError("Cet entretien ne peut plus être changé. Rechargez la page.")
    if actor.is_jobseeker and now >= interview.starts_at:
        raise NotAllowedNowError(
            "L'heure de l'entretien est passée : il ne peut plus être changé. Demandez à être rappelé."
        )


def _book(
    *,
    actor: User,
    person: Jobseeker,
    adviser: Adviser,
    starts_at: datetime,
    channel: str,
    obligation: Obligation | None,
    replaces: Interview | None,
    now: datetime,
) -> Interview:
    if channel not in BOOKABLE_CHANNELS:
        raise DomainError("Choisissez la visio, le téléphone ou l'agence.", about="channel")
    if channel == Channel.PHONE and not person.phone:
        raise DomainError("Pour un entretien par téléphone, écrivez d'abord le numéro à appeler.", about="phone")
    follower = follower_of(person)
    if follower is None or follower.pk != adviser.pk:
        raise NotAllowedNowError("Votre conseiller a changé. Rechargez la page pour voir ses créneaux.")
    if replaces is not None and obligation is not None and obligation.state != ObligationState.DUE:
        obligation = None  # what the moved one was booked for is due no more
    if obligation is None:
        obligation = obligation_of_day(person, starts_at.astimezone(person.agency.zone).date())
    due = _locked_due(obligation, person) if obligation is not None else None
    if actor.pk == person.user_id and due is None and replaces is None:
        check_bound(BoundedAct.INTERVIEWS_HELD, done=lambda now: held_of_own_accord(person, now=now).count())
    # An absence that is being declared now comes before this booking, or knows of it.
    hold_present(follower)
    last_day = last_day_offered(adviser=follower, obligation=due, now=now)
    if starts_at not in slots_by_hours(adviser=follower, jobseeker=person, now=now, last_day=last_day):
        raise SlotTakenError(starts_at, "Ce créneau n'est plus proposé. En voici d'autres.")
    interview = _insert(
        Interview(
            token=secrets.token_urlsafe(32),
            jobseeker=person,
            adviser=follower,
            obligation=due,
            channel=channel,
            starts_at=starts_at,
            ends_at=starts_at + LENGTH,
            occupies_until=starts_at + OCCUPIED,
            booked_at=now,
            booked_by=replaces.booked_by if replaces else actor,
        )
    )
    log_state(interview, actor=actor, at=now, from_state="")
    notices.send_convocation(interview, replaces=replaces)
    refresh_summary(person.pk)
    return interview


def held_of_own_accord(person: Jobseeker, *, now: datetime) -> QuerySet[Interview]:
    """Return what the person took to come, beyond what is due: the bound is on these.

    What an adviser booked is no part of it, for adviser and person agreed on it.
    """
    found: QuerySet[Interview] = Interview.objects.live().filter(
        jobseeker=person, booked_by=person.user, obligation=None, starts_at__gt=now
    )
    return found


def _check_changes(actor: User, person: Jobseeker) -> None:
    """Raise TooManyError when the person has booked, moved and cancelled too often; advisers are not bound.

    A cancellation counts and is never refused: it gives a slot back.
    """
    if actor.pk == person.user_id:
        changed = InterviewEvent.objects.filter(
            interview__jobseeker=person,
            actor=actor,
            to_state__in=(InterviewState.BOOKED, InterviewState.CANCELLED),
        )
        check_bound(
            BoundedAct.INTERVIEW_CHANGES,
            done=lambda since: changed.filter(at__gt=since).order_by().values("at").distinct().count(),
        )


def _locked_due(obligation: Obligation, person: Jobseeker) -> Obligation:
    locked: Obligation = Obligation.objects.select_for_update(of=("self",), no_key=True).get(pk=obligation.pk)
    if locked.jobseeker_id != person.pk or locked.state != ObligationState.DUE:
        raise NotAllowedNowError("Cette échéance n'est plus à tenir. Rechargez la page.")
    return locked


def _insert(interview: Interview) -> Interview:
    try:
        with transaction.atomic():
            interview.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal(interview, error) from error
    return interview


def _refusal(interview: Interview, error: IntegrityError) -> DomainError | IntegrityError:
    """Say in the person's words which constraint refused the slot; what is no such constraint stays as it is."""
    cause = error.__cause__
    name = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
    if name == "interview_adviser_free":
        return SlotTakenError(interview.starts_at)
    if name == "interview_jobseeker_free":
        return SlotTakenError(interview.starts_at, "Un autre entretien est déjà prévu à cette heure.")
    if name == "interview_one_live_per_obligation":
        return NotAllowedNowError("Un entretien est déjà prévu pour cette échéance. Rechargez la page.")
    return error
