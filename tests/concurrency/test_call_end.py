"""A call is ended twice at once, or while its report is being sent. With controls without the lock."""

from collections.abc import Callable
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.models import AuditEntry, User
from accompaniment.rules.errors import NotAllowedNowError
from tests.concurrency.threads import at_once
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState, NextStep
from visio.models import Interview
from visio.services.changes import move_state
from visio.services.closing import close_interview
from visio.services.room import admit, end_call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def running() -> Interview:
    interview = InterviewFactory()
    return admit(actor=interview.adviser.user, interview=interview)


def ends(actor: User, interview: Interview) -> Callable[[], str]:
    def end() -> str:
        try:
            end_call(actor=actor, interview=interview)
        except NotAllowedNowError:
            return "refused"
        return "done"

    return end


def reports(interview: Interview) -> Callable[[], str]:
    def report() -> str:
        close_interview(
            actor=interview.adviser.user, interview=interview, conclusions="Fait.", next_step=NextStep.CONTINUE
        )
        return "done"

    return report


def traces(interview: Interview) -> list[int]:
    rows = AuditEntry.objects.filter(jobseeker=interview.jobseeker, details__event="call_ended")
    return list(rows.values_list("actor", flat=True))


def test_both_end_the_call_at_once_and_one_end_stands_with_one_trace(running: Interview) -> None:
    both = (running.adviser.user, running.jobseeker.user)
    assert at_once(*(ends(user, running) for user in both)) == ["done", "done"], "nobody reads an error"
    running.refresh_from_db()
    assert running.call_ended_by in both
    assert traces(running) == [running.call_ended_by.pk]
    assert running.state == InterviewState.IN_PROGRESS


def test_without_the_lock_both_ends_leave_a_trace_and_the_second_takes_the_first_s_place(running: Interview) -> None:
    """The control: both check before either writes."""
    both_have_looked = Barrier(2, timeout=5)

    def end_unguarded(actor: User) -> Callable[[], bool]:
        def end() -> bool:
            with transaction.atomic():
                seen = Interview.objects.get(pk=running.pk)
                assert seen.call_ended_at is None
                both_have_looked.wait()
                seen.call_ended_at, seen.call_ended_by = timezone.now(), actor
                seen.save(update_fields=["call_ended_at", "call_ended_by"])
                AuditEntry.objects.create(
                    at=timezone.now(),
                    actor=actor,
                    jobseeker=running.jobseeker,
                    action="interview",
                    details={"event": "call_ended"},
                )
                return True

        return end

    assert at_once(*(end_unguarded(user) for user in (running.adviser.user, running.jobseeker.user))) == [True, True]
    assert len(traces(running)) == 2


def test_the_report_is_sent_while_the_person_ends_the_call_and_nothing_ends_after_it(running: Interview) -> None:
    ended, reported = at_once(ends(running.jobseeker.user, running), reports(running))
    running.refresh_from_db()
    assert reported == "done", "the end of a call never loses a report"
    assert running.state == InterviewState.HELD
    assert running.report.conclusions == "Fait."
    assert len(traces(running)) == (1 if ended == "done" else 0)
    assert (running.call_ended_at is not None) == (ended == "done")
    assert running.closed_at is not None
    assert running.call_ended_at is None or running.call_ended_at <= running.closed_at


def test_without_the_lock_the_call_of_an_interview_that_is_over_ends_again(running: Interview) -> None:
    """The control: the end is checked before the report exists and written after it."""
    has_looked, is_reported = Barrier(2, timeout=5), Barrier(2, timeout=5)

    def end_unguarded() -> bool:
        with transaction.atomic():
            seen = Interview.objects.get(pk=running.pk)
            assert seen.state == InterviewState.IN_PROGRESS
            has_looked.wait()
            is_reported.wait()
            seen.call_ended_at, seen.call_ended_by = timezone.now(), running.jobseeker.user
            seen.save(update_fields=["call_ended_at", "call_ended_by"])
            return True

    def report_unguarded() -> bool:
        has_looked.wait()
        with transaction.atomic():
            move_state(
                Interview.objects.select_related("jobseeker").get(pk=running.pk),
                actor=running.adviser.user,
                at=timezone.now(),
                to_state=InterviewState.HELD,
            )
        is_reported.wait()
        return True

    assert at_once(end_unguarded, report_unguarded) == [True, True]
    running.refresh_from_db()
    assert running.call_ended_at > running.closed_at
