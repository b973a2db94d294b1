"""An adviser concludes what a manager closes at the same moment: one of them counts. With a control without locks."""

from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from tests.caseload.factories import ManagerFactory
from tests.concurrency.threads import PATIENCE, at_once
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState, NextStep
from visio.models import Interview, InterviewEvent, InterviewReport
from visio.services.changes import move_state
from visio.services.closing import close_interview
from visio.services.departures import close_left_open

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def interview() -> Interview:
    interview: Interview = InterviewFactory(starts_at=timezone.now() - timedelta(days=3))
    return interview


def closings(interview: Interview) -> list[str]:
    closed = InterviewEvent.objects.filter(interview=interview).exclude(to_state=InterviewState.BOOKED)
    return list(closed.values_list("to_state", flat=True))


def test_it_is_closed_once(interview: Interview) -> None:
    adviser, manager = interview.adviser, ManagerFactory().user
    concluded, closed = at_once(
        lambda: close_interview(
            actor=adviser.user, interview=interview, conclusions="Fait.", next_step=NextStep.CONTINUE
        ),
        lambda: close_left_open(actor=manager, adviser=adviser),
    )
    assert isinstance(concluded, InterviewReport) != (closed == 1)
    assert len(closings(interview)) == 1


def test_without_the_lock_it_is_closed_twice(interview: Interview) -> None:
    """The control: both have seen it open, and each writes its own end."""
    actor, both_have_read = ManagerFactory().user, Barrier(2, timeout=PATIENCE)

    def close_as(state: InterviewState) -> Any:
        def run() -> None:
            with transaction.atomic():
                seen = Interview.objects.get(pk=interview.pk)
                both_have_read.wait()
                move_state(seen, actor=actor, at=timezone.now(), to_state=state)

        return run

    assert at_once(close_as(InterviewState.HELD), close_as(InterviewState.CANCELLED)) == [None, None]
    assert sorted(closings(interview)) == [InterviewState.CANCELLED, InterviewState.HELD]
