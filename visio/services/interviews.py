"""Books, moves and cancels interviews.

The exclusion constraints decide whether a slot is free. The insert itself is the check: if two people want the same
slot at once, one gets an interview and the other a SlotTakenError.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel, EnrolmentState, ObligationState, Role, Tier
from accompaniment.locks import lock_jobseeker, lock_obligation
from accompaniment.models import Enrolment, Jobseeker, Obligation, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import NEXT_ONE, counted, plural
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts
from caseload.locks import share_adviser
from caseload.models import Adviser
from caseload.reads.moves.places import classic_places
from caseload.reads.moves.who_answers import follower_of
from visio.enums import InterviewState
from visio.locks import lock_interview
from visio.models import Interview, InterviewEvent, InterviewQuerySet
from visio.reads.availability import busy_outside, is_closed, last_day_offered, slots_by_hours
from visio.reads.coming import day_hour_and_channel
from visio.reads.hours import hours_of
from visio.rules.slots import LENGTH, Hours, not_by
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import check_takes_part, log_state, move_state
from visio.services.errors import SlotTakenError
from visio.services.holding import attach_interviews, obligation_of_day
from visio.services.slots import end_holds, insert
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
    over_hours: bool = False,
) -> Interview:
    """Book a slot that the adviser offers, with or without an obligation, and send the convocation.

    `over_hours`: the adviser of the person books an hour that their own hours do not offer, and knows it. Nobody
    books over another interview, an absence or a public holiday.

    An interview without an obligation holds the open one in the period of its day, if there is one. The actor is the
    person, or an adviser who answers for the person. Raises SlotTakenError if the slot is no longer free, TooManyError
    if the person holds or changes too much, DomainError for every other refusal.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.JOBSEEKER, Role.ADVISER))
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
            over_hours=over_hours,
        )


def move_interview(*, actor: User, interview: Interview, starts_at: datetime, channel: str) -> Interview:
    """Move an interview to another slot: the old one is cancelled and the new one booked, or neither.

    The new interview holds the same obligation, even after its period, because a late obligation is still due. If the
    old one held none, the new one holds the open obligation in the period of its day. Raises SlotTakenError if the new
    slot is no longer free; the old interview then stays.
    """
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
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


def cancel_interview(*, actor: User, interview: Interview, reason: str = "") -> Interview:
    """Cancel an interview and free its slot. The person may choose another one.

    A jobseeker can cancel before the hour; the adviser also afterwards, if nothing took place. Before the hour the
    adviser gives a reason, which the person reads; a jobseeker may give one. Raises NotAllowedNowError if it is too
    late or already closed.
    """
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        locked = lock_interview(interview.pk)
        now = timezone.now()
        _check_can_be_given_up(locked, actor=actor, now=now)
        if not actor.is_jobseeker and now < locked.starts_at and not reason.strip():
            raise DomainError("Écrivez à la personne pourquoi l'entretien n'a pas lieu.", about="reason")
        cancel_locked(locked, actor=actor, at=now, message="" if actor.is_jobseeker else reason, reason=reason)
        attach_interviews(person, actor=actor)
        return locked


def follow_track_end(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Cancel bookings with an adviser who no longer follows the person. A conversation under way goes on.

    An interview whose end has passed stays with its adviser, to be concluded, and nobody says that it will not take
    place.
    """
    for pk in _ended_with_the_track(jobseeker, at).order_by("pk").values_list("pk", flat=True):
        cancel_locked(lock_interview(pk), actor=actor, at=at)


def foresee_track_end(jobseeker: Jobseeker) -> list[str]:
    """Name each interview that `follow_track_end` would cancel now, the first one first."""
    return [
        day_hour_and_channel(interview) for interview in _ended_with_the_track(jobseeker, timezone.now()).with_people()
    ]


def _ended_with_the_track(jobseeker: Jobseeker, at: datetime) -> InterviewQuerySet:
    found: InterviewQuerySet = Interview.objects.coming(at).filter(jobseeker=jobseeker, state=InterviewState.BOOKED)
    return found


def follow_tier_change(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Cancel bookings with an adviser who no longer follows the person. The present adviser's stay.

    Past interviews that are to be concluded also stay.
    """
    coming = Interview.objects.coming(at).filter(jobseeker=jobseeker, state=InterviewState.BOOKED).order_by("pk")
    if (follower := follower_of(jobseeker)) is not None:
        coming = coming.exclude(adviser=follower)
    for pk in coming.values_list("pk", flat=True):
        cancel_locked(lock_interview(pk), actor=actor, at=at)
    refresh_summary(jobseeker.pk)


def booked_among(changes: Mapping[int, Tier]) -> set[int]:
    """Return which of these people have a future interview. The caller locks its rows later, after the portfolios."""
    coming = Interview.objects.filter(jobseeker__in=list(changes), state=InterviewState.BOOKED)
    return set(coming.values_list("jobseeker_id", flat=True))


def foresee_tier_change(jobseeker: Jobseeker, tier: Tier) -> list[str]:
    """Return what would happen to the booked interviews."""
    coming = Interview.objects.coming(timezone.now())
    booked = list(coming.filter(jobseeker=jobseeker, state=InterviewState.BOOKED).with_people())
    if not booked:
        return ["Aucun entretien n'est prévu avec elle."]
    on_web = Enrolment.objects.filter(
        jobseeker=jobseeker, state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)
    ).exists()
    places = classic_places(jobseeker, tier) if follower_of(jobseeker) is not None else []
    kept = [] if on_web or not places else [one for one in booked if one.adviser_id == places[0].adviser_id]
    lost = [one for one in booked if one not in kept]
    sentences = []
    if lost:
        sentences.append(
            f"{counted(len(lost), 'un entretien prévu')} {plural(len(lost), 'est annulé,sont annulés')}, "
            f"et elle en est prévenue\u00a0: {NEXT_ONE.join(day_hour_and_channel(one) for one in lost)}."
        )
    if kept:
        sentences.append("Ce qui est prévu avec le conseiller qui continue à la suivre est gardé.")
    return sentences


def cancel_locked(
    interview: Interview,
    *,
    actor: User | None,
    at: datetime,
    message: str = "",
    reason: str = "",
    choose: bool = False,
) -> None:
    """Cancel an interview that the caller has locked, tell the person, and close its room.

    The e-mail carries the adviser's `message`, or asks the person to `choose` another slot. The history keeps the
    `reason`; without one, the message.
    """
    move_state(interview, actor=actor, at=at, to_state=InterviewState.CANCELLED, reason=reason or message)
    notices.send_cancellation(interview, message=message, author=actor, choose=choose)
    refresh_summary(interview.jobseeker_id)
    tell_room(interview.pk, "closed")


def _check_can_be_given_up(interview: Interview, *, actor: User, now: datetime) -> None:
    check_takes_part(actor, interview)
    if interview.state != InterviewState.BOOKED:
        raise NotAllowedNowError("Cet entretien ne peut plus être changé. Actualisez la page.")
    if actor.is_jobseeker and now >= interview.starts_at:
        raise NotAllowedNowError("L'heure de l'entretien est passée : il ne peut plus être changé. Demandez un appel.")


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
    over_hours: bool = False,
) -> Interview:
    if channel not in BOOKABLE_CHANNELS:
        raise DomainError("Choisissez la visio, le téléphone ou l'agence.", about="channel")
    if channel == Channel.PHONE and not person.phone:
        raise DomainError("Pour un entretien par téléphone, écrivez d'abord le numéro à appeler.", about="phone")
    follower = follower_of(person)
    if follower is None or follower.pk != adviser.pk:
        raise NotAllowedNowError("Votre conseiller a changé. Actualisez la page pour voir ses créneaux.")
    if replaces is not None and obligation is not None and obligation.state != ObligationState.DUE:
        obligation = None  # the moved interview's obligation is no longer due
    if obligation is None:
        obligation = obligation_of_day(person, starts_at.astimezone(person.agency.zone).date())
    due = _locked_due(obligation, person) if obligation is not None else None
    if actor.pk == person.user_id and due is None and replaces is None:
        check_bound(BoundedAct.INTERVIEWS_HELD, done=lambda now: held_of_own_accord(person, now=now).count())
    # An absence that is being declared either comes before this booking, or knows of it.
    share_adviser(follower.pk)
    hours = hours_of(follower)
    _check_hours(starts_at, channel, actor=actor, follower=follower, hours=hours, due=due, now=now, over=over_hours)
    end_holds(person, adviser=follower, starts_at=starts_at, now=now)
    interview = insert(
        Interview(
            token=secrets.token_urlsafe(32),
            jobseeker=person,
            adviser=follower,
            obligation=due,
            channel=channel,
            starts_at=starts_at,
            ends_at=starts_at + LENGTH,
            occupies_until=starts_at + hours.rules.occupied,
            booked_at=now,
            booked_by=replaces.booked_by if replaces else actor,
        )
    )
    log_state(interview, actor=actor, at=now, from_state="")
    notices.send_convocation(interview, replaces=replaces)
    refresh_summary(person.pk)
    return interview


def _check_hours(
    starts_at: datetime,
    channel: str,
    *,
    actor: User,
    follower: Adviser,
    hours: Hours,
    due: Obligation | None,
    now: datetime,
    over: bool,
) -> None:
    """Raise DomainError unless the adviser's hours offer the slot, or the adviser books over them knowingly."""
    last_day = last_day_offered(adviser=follower, obligation=due, now=now)
    urgent = not actor.is_jobseeker
    offered = slots_by_hours(adviser=follower, now=now, last_day=last_day, hours=hours, urgent=urgent)
    outside = busy_outside(follower, starts_at, occupied=hours.rules.occupied)
    if channel in offered.get(starts_at, ()) and not outside:
        return
    if over and actor.pk == follower.user_id:
        if starts_at <= now:
            raise DomainError("Cette heure est passée. Choisissez-en une autre.", about="slot")
        if is_closed(follower, starts_at.astimezone(follower.agency.zone).date()):
            raise DomainError("Ce jour est férié, ou vous êtes en absence. Choisissez un autre jour.", about="slot")
        return
    if starts_at not in offered or channel in offered[starts_at]:
        raise SlotTakenError(starts_at, "Ce créneau n'est plus proposé. En voici d'autres.")
    raise DomainError(not_by(channel, offered[starts_at]), about="slot")


def held_of_own_accord(person: Jobseeker, *, now: datetime) -> QuerySet[Interview]:
    """Return the voluntary interviews that the person booked, which the limit concerns.

    Interviews booked by an adviser do not count, because adviser and person agreed on them.
    """
    found: QuerySet[Interview] = Interview.objects.live().filter(
        jobseeker=person, booked_by=person.user, obligation=None, starts_at__gt=now
    )
    return found


def _check_changes(actor: User, person: Jobseeker) -> None:
    """Raise TooManyError if the person has booked, moved and cancelled too often. Advisers have no limit.

    A cancellation counts but is never refused, because it gives a slot back.
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
    locked = lock_obligation(obligation.pk, no_key=True)
    if locked.jobseeker_id != person.pk or locked.state != ObligationState.DUE:
        raise NotAllowedNowError("Cet entretien n'est plus à prévoir. Actualisez la page.")
    return locked
