"""Two clocks remind people at the same moment. With a control without the constraint."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.models import Notification
from tests.concurrency.guards import dropped, without_triggers
from tests.concurrency.threads import at_once
from tests.visio.factories import InterviewFactory
from visio.enums import ReminderMoment
from visio.models import Interview, InterviewReminder
from visio.services.reminders import send_due

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def soon() -> Interview:
    now = timezone.now()
    return InterviewFactory(starts_at=now + timedelta(minutes=30), booked_at=now - timedelta(days=3))


def test_of_two_clocks_one_reminds(soon: Interview) -> None:
    assert sorted(at_once(send_due, send_due)) == [0, 1]
    assert InterviewReminder.objects.get().moment == ReminderMoment.HOUR
    assert Notification.objects.filter(kind="interview_reminder").count() == 1


def test_without_the_constraint_both_do(soon: Interview) -> None:
    """The control: both look before either writes."""
    both_have_looked = Barrier(2, timeout=5)

    def remind_unguarded() -> bool:
        with transaction.atomic():
            assert not soon.reminders.exists()
            both_have_looked.wait()
            facts = {"starts_at": soon.starts_at, "moment": ReminderMoment.HOUR, "at": timezone.now()}
            InterviewReminder.objects.create(interview_id=soon.pk, **facts)
            return True

    table = "visio_interviewreminder"
    with without_triggers(table), dropped(table, "interview_reminder_once"):
        assert at_once(remind_unguarded, remind_unguarded) == [True, True]
        assert InterviewReminder.objects.count() == 2
