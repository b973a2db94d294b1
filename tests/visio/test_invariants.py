"""Each check finds nothing in sound data, and finds its breach once the guard is disabled."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accompaniment.models import Contact
from caseload.enums import PlacementEnd
from caseload.models import Placement
from tests.caseload.factories import on_web_track
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation, noted_absence
from visio.enums import InterviewState, NextStep
from visio.models import Interview, InterviewEvent
from visio.reads import invariants
from visio.services import closing

pytestmark = pytest.mark.django_db


@pytest.fixture
def interview():
    return InterviewFactory(jobseeker=on_web_track(bookable_portfolio()))


def drop(*constraints):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for constraint in constraints:
            cursor.execute(f"ALTER TABLE visio_interview DROP CONSTRAINT {constraint}")


def test_a_sound_house_has_no_breach(interview):
    closing.close_interview(
        actor=interview.adviser.user, interview=interview, conclusions="Fait.", next_step=NextStep.CONTINUE
    )
    InterviewFactory(jobseeker=interview.jobseeker, starts_at=timezone.now() + timedelta(days=1))
    assert [breach for check in invariants.VISIO_CHECKS for breach in check()] == []


def test_overlaps(interview):
    drop("interview_adviser_free", "interview_jobseeker_free")
    InterviewFactory(jobseeker=interview.jobseeker, starts_at=interview.starts_at)
    assert len(list(invariants.live_interviews_never_overlap())) == 1


def test_absence_without_proof():
    noted = noted_absence()
    assert list(invariants.absence_with_proof()) == []
    drop("interview_absence_needs_proof")
    Interview.objects.filter(pk=noted.pk).update(obligation=None)
    assert len(list(invariants.absence_with_proof())) == 1


def test_absence_confirmed_unheard():
    noted = noted_absence()
    drop("interview_absence_heard")
    kept = {"state": InterviewState.MISSED, "closed_by": noted.adviser.user}
    Interview.objects.filter(pk=noted.pk).update(**kept, closed_at=noted.answer_until)
    assert list(invariants.absence_heard()) == []
    Interview.objects.filter(pk=noted.pk).update(closed_at=noted.answer_until - timedelta(seconds=1))
    assert len(list(invariants.absence_heard())) == 1


def test_decision_on_an_absence_without_a_reason():
    noted = noted_absence()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE visio_interviewevent DROP CONSTRAINT interview_absence_decided_with_reason")
    event = {"interview": noted, "at": timezone.now(), "from_state": "noted", "to_state": "excused"}
    InterviewEvent.objects.create(**event, actor=noted.adviser.user, reason="Train supprimé.")
    assert list(invariants.absence_decided_by_someone()) == []
    InterviewEvent.objects.create(**event, actor=noted.adviser.user, reason="")
    assert len(list(invariants.absence_decided_by_someone())) == 1


def test_held_without_report(interview):
    Interview.objects.filter(pk=interview.pk).update(
        state=InterviewState.HELD, closed_at=timezone.now(), closed_by=interview.adviser.user
    )
    assert len(list(invariants.held_with_report())) == 1
    assert len(list(invariants.interview_has_its_history())) == 1


def test_a_line_in_the_journal_of_what_was_not_held(interview):
    Contact.objects.create(
        jobseeker=interview.jobseeker, at=timezone.now(), channel="video", source=f"interview:{interview.pk}"
    )
    assert len(list(invariants.held_with_report())) == 1


def test_booked_with_an_adviser_who_follows_no_longer(interview):
    Placement.objects.filter(jobseeker=interview.jobseeker).update(
        ended_at=timezone.now(), end_reason=PlacementEnd.LEFT
    )
    assert len(list(invariants.booked_with_the_follower())) == 1


def test_somebody_elses_obligation(interview):
    other = due_obligation(on_web_track(bookable_portfolio()))
    Interview.objects.filter(pk=interview.pk).update(obligation=other)
    assert len(list(invariants.obligation_of_the_same_person())) == 1
