"""The person answers as an absence is noted, and two clocks call at once. With controls without the guards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.models import Notification
from accompaniment.rules.errors import NotAllowedNowError
from tests.accompaniment.factories import answer_delay
from tests.concurrency.guards import dropped, without_triggers
from tests.concurrency.threads import at_once
from tests.visio.factories import InterviewFactory, missed_interview
from visio.enums import InterviewState, RescueReply
from visio.models import Interview, RescueAnswer, RescueCall
from visio.reads.invariants import absence_with_proof
from visio.services.missed import note_absence
from visio.services.rescue import answer_rescue, call_missing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def missed() -> Interview:
    answer_delay()
    return missed_interview()


def test_an_answer_at_the_moment_an_absence_is_noted_is_never_both(missed: Interview) -> None:
    noted, answered = at_once(
        refused(lambda: note_absence(actor=missed.adviser.user, interview=missed)),
        refused(lambda: answer_rescue(actor=missed.jobseeker.user, interview=missed, reply=RescueReply.COMING)),
    )
    missed.refresh_from_db()
    assert sorted((noted, answered)) == ["done", "refused"]
    assert (missed.state == InterviewState.NOTED) == (missed.spoke_up_at is None) == (noted == "done")
    assert RescueAnswer.objects.exists() == (answered == "done")
    assert list(absence_with_proof()) == []


def refused(act: Callable[[], Any]) -> Callable[[], str]:
    def tried() -> str:
        try:
            act()
        except NotAllowedNowError:
            return "refused"
        return "done"

    return tried


@contextmanager
def check_dropped() -> Iterator[None]:
    """Drop the check of the proofs of an absence. Its rows stay, because their events refer to them."""
    name = "interview_absence_needs_proof"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE visio_interview DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE visio_interview ADD CONSTRAINT {name} {definition}")


def test_without_lock_and_check_it_is_both(missed: Interview) -> None:
    """The control: both acts are checked before either is written."""
    both_have_looked = Barrier(2, timeout=5)

    def note_unguarded() -> bool:
        with transaction.atomic():
            assert Interview.objects.get(pk=missed.pk).spoke_up_at is None
            both_have_looked.wait()
            now = timezone.now()
            facts = {"noted_at": now, "noted_by": missed.adviser.user, "answer_until": now + timedelta(days=15)}
            return bool(Interview.objects.filter(pk=missed.pk).update(state=InterviewState.NOTED, **facts))

    def answer_unguarded() -> bool:
        with transaction.atomic():
            assert Interview.objects.get(pk=missed.pk).state == InterviewState.BOOKED
            both_have_looked.wait()
            return bool(Interview.objects.filter(pk=missed.pk).update(spoke_up_at=timezone.now()))

    with check_dropped():
        assert at_once(note_unguarded, answer_unguarded) == [True, True]
        missed.refresh_from_db()
        assert missed.state == InterviewState.NOTED
        assert missed.spoke_up_at is not None
        assert list(absence_with_proof()) == [f"interview {missed.pk} is an absence without proof"]
        Interview.objects.filter(pk=missed.pk).update(spoke_up_at=None)


def test_of_two_clocks_one_calls() -> None:
    InterviewFactory(starts_at=timezone.now() - timedelta(minutes=3))
    assert sum(at_once(call_missing, call_missing)) == 2
    assert sorted(RescueCall.objects.values_list("side", flat=True)) == ["adviser", "jobseeker"]
    assert Notification.objects.filter(kind="interview_rescue").count() == 2


def test_without_the_constraint_both_call() -> None:
    """The control: both look before either writes."""
    interview = InterviewFactory()
    both_have_looked = Barrier(2, timeout=5)

    def call_unguarded() -> bool:
        with transaction.atomic():
            assert not RescueCall.objects.filter(interview=interview).exists()
            both_have_looked.wait()
            RescueCall.objects.create(interview=interview, side="adviser", at=timezone.now())
            return True

    with without_triggers("visio_rescuecall"), dropped("visio_rescuecall", "rescue_call_once"):
        assert at_once(call_unguarded, call_unguarded) == [True, True]
