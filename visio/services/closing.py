"""Closes an interview: held with a report, or ended by a technical problem. For absences see `missed`."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import ContactNature, ObligationState
from accompaniment.locks import lock_jobseeker
from accompaniment.models import User
from accompaniment.rules.errors import NoRightError, NotAllowedNowError
from accompaniment.rules.meanwhile import State
from accompaniment.services.journal import write_contact
from accompaniment.services.plan_reviews import call_review, keep_plan
from accompaniment.services.plans import hold
from caseload.services.desk.summaries import write_summary
from visio.enums import InterviewState, NextStep
from visio.locks import lock_interview
from visio.models import Interview, InterviewReport
from visio.rules import ROOM_OPENS_BEFORE
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import move_state
from visio.services.summaries import refresh_summary


def close_interview(
    *,
    actor: User,
    interview: Interview,
    conclusions: str,
    next_step: NextStep,
    plan_kept_until: date | None = None,
    plan_to_change: bool = False,
    plan_seen: State | None = None,
) -> InterviewReport:
    """Close a held interview with its report, together with journal, obligation and summary, in one transaction.

    With `plan_kept_until` the contact plan was reviewed at the interview and stays until that day; with
    `plan_to_change` its review is due at once. Raises ChangedMeanwhileError if the plan differs from `plan_seen`;
    NotAllowedNowError for anybody but the interview's adviser, before the hour, or if the interview is closed.
    """
    with transaction.atomic():
        locked = lock_to_close(actor, interview)
        now = timezone.now()
        move_state(locked, actor=actor, at=now, to_state=InterviewState.HELD)
        report = InterviewReport.objects.create(
            interview=locked, author=actor, conclusions=conclusions, next_step=next_step, created_at=now
        )
        contact = write_contact(
            jobseeker=locked.jobseeker,
            at=min(locked.admitted_at or locked.starts_at, now),
            channel=locked.channel_used,
            nature=ContactNature.INTERVIEW,
            author=actor,
            summary=f"{conclusions}\nSuite : {next_step.told_to_person}.",
            source=f"interview:{locked.pk}",
        )
        if locked.obligation is not None and locked.obligation.state == ObligationState.DUE:
            hold(actor=actor, obligation=locked.obligation, contact=contact)
        if plan_kept_until is not None:
            keep_plan(actor=actor, jobseeker=locked.jobseeker, next_review_on=plan_kept_until, seen=plan_seen)
        elif plan_to_change:
            call_review(actor=actor, jobseeker=locked.jobseeker, seen=plan_seen)
        write_summary(
            jobseeker_id=locked.jobseeker_id, last_contact_at=contact.at, last_contact_channel=contact.channel
        )
        refresh_summary(locked.jobseeker_id)
        tell_room(locked.pk, "closed")
        return report


def interrupt_interview(*, actor: User, interview: Interview, note: str) -> Interview:
    """Close an interview that a technical problem prevented or ended. It is no absence, and another slot is offered."""
    with transaction.atomic():
        locked = lock_to_close(actor, interview)
        now = timezone.now()
        if locked.technical_failure_at is None:
            locked.technical_failure_at = now
            locked.technical_failure_note = note
        move_state(locked, actor=actor, at=now, to_state=InterviewState.INTERRUPTED)
        notices.invite_again(locked)
        refresh_summary(locked.jobseeker_id)
        tell_room(locked.pk, "closed")
        return locked


def lock_to_close(actor: User, interview: Interview) -> Interview:
    """Lock an interview for its adviser, who alone may close it, from shortly before its hour on."""
    lock_jobseeker(interview.jobseeker_id)
    locked = lock_interview(interview.pk)
    if actor.pk != locked.adviser.user_id:
        raise NoRightError("Seul le conseiller de l'entretien peut le conclure.")
    if timezone.now() < locked.starts_at - ROOM_OPENS_BEFORE:
        raise NotAllowedNowError("Cet entretien n'a pas encore commencé.")
    return locked
