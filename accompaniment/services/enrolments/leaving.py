"""Leaving the 100 % web track, and giving up what has not begun."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState, LeavingReason, NotificationKind, Role, Tier, Track
from accompaniment.models import Enrolment, Jobseeker, User
from accompaniment.presentation import LEAVINGS_TO_YOU
from accompaniment.services import outbox, plans
from accompaniment.services.enrolments.acceptance import withdraw_consent
from accompaniment.services.enrolments.periods import carry_along, new_period
from accompaniment.services.enrolments.states import lock_jobseeker, move
from accompaniment.track_changes import said_at_track_end


def leave_track(*, actor: User, jobseeker: Jobseeker) -> Jobseeker:
    """End the person's 100 % web track for good, at once and without any condition.

    An enrolment that has not begun is withdrawn. The acceptance is withdrawn with it. Nothing happens, and
    nothing is refused, when there is no enrolment any more.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        now = timezone.now()
        enrolment = Enrolment.objects.select_for_update(of=("self",)).open().filter(jobseeker=person).first()
        if enrolment is None:
            return person
        by_person = actor.role == Role.JOBSEEKER
        was_placed = enrolment.state != EnrolmentState.ASKED
        was_active = enrolment.state == EnrolmentState.ACTIVE
        if was_active:
            end_track(enrolment, person=person, actor=actor, at=now, reason=LeavingReason.BY_REQUEST)
            new_period(
                person,
                tier=Tier.GUIDE,
                track=Track.CLASSIC,
                at=now,
                actor=actor,
                reason="Sortie du 100 % web",
            )
        else:
            enrolment.closed_at = now
            enrolment.closed_by = actor
            move(enrolment, actor=actor, at=now, to_state=EnrolmentState.WITHDRAWN)
            withdraw_consent(person, actor=actor, at=now)
        if was_placed:
            carry_along(person, actor, now)
        if was_active:
            _tell(person, enrolment, by_person=by_person)
        return person


def end_track(
    enrolment: Enrolment,
    *,
    person: Jobseeker,
    actor: User | None,
    at: datetime,
    reason: LeavingReason,
) -> None:
    """End a running track; the letter that says it to the person is the caller's."""
    enrolment.closed_at = at
    enrolment.closed_by = actor
    enrolment.leaving_reason = reason
    move(enrolment, actor=actor, at=at, to_state=EnrolmentState.ENDED)
    withdraw_consent(person, actor=actor, at=at)


def _tell(person: Jobseeker, enrolment: Enrolment, *, by_person: bool) -> None:
    """Say that the track has ended, why unless the person left alone, who follows now, and by which plan."""
    _, plan = plans.lock_plan(jobseeker=person)
    outbox.notify_jobseeker(
        key=f"track-ended:{enrolment.pk}",
        kind=NotificationKind.TRACK_ENDED,
        jobseeker=person,
        context={
            "first_name": person.first_name,
            "reason": "" if by_person else LEAVINGS_TO_YOU[LeavingReason(enrolment.leaving_reason)],
            "carried": [sentence for say in said_at_track_end for sentence in say(person)],
            "plan": plans.plan_sentence(plan, today=timezone.localdate(timezone=person.agency.zone)) if plan else "",
        },
    )
