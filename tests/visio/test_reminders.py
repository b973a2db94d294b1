"""Reminders of an interview: at their moments on the reader's clock, once, the nearest one, and never of the past."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification, Region
from accompaniment.rules.notices import alert_of
from messaging.hooks.past_events import past_among
from messaging.services.delivery import letter_for
from tests.caseload.factories import on_web_track
from tests.visio.clocks import CLOCK_CHANGES, PLACES
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots
from visio import jobs
from visio.enums import InterviewState, ReminderMoment
from visio.models import Interview, InterviewReminder
from visio.rules.reminders import REMINDERS, reminder_due
from visio.services.interviews import move_interview
from visio.services.reminders import send_due

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 16, 9, 17, tzinfo=UTC)
WEEK, DAY, HOUR = REMINDERS


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("change", CLOCK_CHANGES)
def test_a_reminder_of_days_leaves_at_the_readers_hour_on_both_sides_of_a_clock_change(place: str, change: str) -> None:
    zone = ZoneInfo(place)
    starts_at = datetime(*CLOCK_CHANGES[change], 9, 30, tzinfo=zone) + timedelta(days=1)
    for reminder in (WEEK, DAY):
        at = reminder.at(starts_at, zone=zone).astimezone(zone)
        assert (at.hour, at.minute) == (9, 30)
        assert at.date() == starts_at.date() - timedelta(days=reminder.days)
    assert starts_at.astimezone(UTC) - HOUR.at(starts_at, zone=zone) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("before", "booked_before", "due"),
    [
        (timedelta(days=7, minutes=1), timedelta(days=30), None),
        (timedelta(days=7), timedelta(days=30), WEEK),
        (timedelta(days=1, minutes=1), timedelta(days=30), WEEK),
        (timedelta(days=1), timedelta(days=30), DAY),
        (timedelta(hours=1), timedelta(days=30), HOUR),
        (timedelta(minutes=1), timedelta(days=30), HOUR),
        (timedelta(0), timedelta(days=30), None),
        (timedelta(days=3), timedelta(days=7), None),
        (timedelta(days=3), timedelta(days=7, hours=13), WEEK),
        (timedelta(days=3), timedelta(days=7, minutes=1), None),
        (timedelta(minutes=30), timedelta(minutes=61), None),
        (timedelta(minutes=30), timedelta(minutes=59), None),
    ],
)
def test_the_last_moment_that_has_come_since_the_booking_is_due(before, booked_before, due) -> None:
    starts_at = NOW + timedelta(days=60)
    facts = {"starts_at": starts_at, "zone": ZoneInfo("Europe/Paris")}
    assert reminder_due(**facts, booked_at=starts_at - booked_before, now=starts_at - before) == due


def reminded() -> list[str]:
    return [row.context["moment"] for row in Notification.objects.filter(kind="interview_reminder").order_by("pk")]


def booked_in(span: timedelta, **fields) -> Interview:
    return InterviewFactory(starts_at=NOW + span, booked_at=NOW - timedelta(days=30), **fields)


@pytest.mark.parametrize("place", ["Europe/Paris", "Indian/Mayotte", "America/Cayenne"])
def test_each_moment_is_told_once_however_often_the_clock_strikes(place: str) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        interview = booked_in(timedelta(days=8))
        Region.objects.update(timezone=place)
        told = []
        for before in (timedelta(days=7, hours=2), timedelta(days=7), timedelta(days=1), timedelta(hours=1)):
            clock.move_to(interview.starts_at - before)
            jobs.send_reminders()
            jobs.send_reminders()
            told.append(reminded())
        clock.move_to(interview.starts_at)
        assert send_due() == 0
    assert told == [[], ["week"], ["week", "day"], ["week", "day", "hour"]]
    assert list(InterviewReminder.objects.order_by("pk").values_list("moment", flat=True)) == told[-1]


def test_a_late_clock_sends_only_the_nearest_one() -> None:
    with time_machine.travel(NOW, tick=False):
        booked_in(timedelta(minutes=20))
        assert send_due() == 1
        assert send_due() == 0
    assert reminded() == ["hour"]


def test_the_clock_change_between_now_and_the_interview_moves_no_reminder() -> None:
    zone = ZoneInfo("Europe/Paris")
    starts_at = datetime(2026, 3, 31, 9, 30, tzinfo=zone)
    with time_machine.travel(datetime(2026, 3, 24, 9, 29, tzinfo=zone), tick=False) as clock:
        InterviewFactory(starts_at=starts_at, booked_at=starts_at - timedelta(days=30))
        assert send_due() == 0, "168 hours before would be half past eight"
        clock.shift(60)
        assert send_due() == 1


def test_a_moved_interview_is_reminded_of_at_its_new_hour_only() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        person = on_web_track(bookable_portfolio())
        slots = [slot for slot in first_slots(person) if slot > NOW + timedelta(days=2)]
        old = InterviewFactory(jobseeker=person, starts_at=slots[0], booked_at=NOW - timedelta(days=30))
        clock.move_to(slots[0] - timedelta(days=1))
        assert send_due() == 1
        waiting = Notification.objects.get(kind="interview_reminder")
        new = move_interview(actor=person.user, interview=old, starts_at=slots[-1], channel="video")
        assert past_among([waiting], timezone.now()) == {waiting.pk}
        assert send_due() == 0, "the confirmation has just told the new hour"
        clock.move_to(max(new.starts_at - timedelta(hours=1), new.booked_at + timedelta(minutes=1)))
        assert send_due() == 1
        latest = Notification.objects.filter(kind="interview_reminder").latest("pk")
        assert latest.context["interview"] == new.pk


@pytest.mark.parametrize("state", [InterviewState.CANCELLED, InterviewState.IN_PROGRESS])
def test_an_interview_that_is_no_longer_booked_is_not_reminded_of(state: InterviewState) -> None:
    with time_machine.travel(NOW, tick=False):
        interview = booked_in(timedelta(minutes=30))
        kept = booked_in(timedelta(minutes=30))
        closed = {"closed_at": NOW} if state == InterviewState.CANCELLED else {}
        Interview.objects.filter(pk=interview.pk).update(state=state, **closed)
        assert send_due() == 1
        assert Notification.objects.get(kind="interview_reminder").context["interview"] == kept.pk


def test_a_reminder_that_waited_is_discarded_when_the_next_one_is_due_or_the_hour_has_come() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        interview = booked_in(timedelta(days=1))
        send_due()
        waiting = Notification.objects.get(kind="interview_reminder")
        assert past_among([waiting], interview.starts_at - timedelta(hours=1, minutes=1)) == set()
        assert past_among([waiting], interview.starts_at - timedelta(hours=1)) == {waiting.pk}
        clock.move_to(interview.starts_at - timedelta(hours=1))
        send_due()
        last = Notification.objects.filter(kind="interview_reminder").latest("pk")
        assert past_among([last], interview.starts_at - timedelta(minutes=1)) == set()
        assert past_among([last], interview.starts_at) == {last.pk}


def test_the_database_takes_one_reminder_of_an_interview_its_hour_and_a_moment() -> None:
    interview = InterviewFactory()
    facts = {"interview": interview, "starts_at": interview.starts_at, "at": timezone.now()}
    InterviewReminder.objects.create(**facts, moment=ReminderMoment.DAY)
    InterviewReminder.objects.create(**facts, moment=ReminderMoment.HOUR)
    InterviewReminder.objects.create(
        **{**facts, "starts_at": interview.starts_at + timedelta(days=1)}, moment=ReminderMoment.DAY
    )
    with pytest.raises(IntegrityError, match="interview_reminder_once"), transaction.atomic():
        InterviewReminder.objects.create(**facts, moment=ReminderMoment.DAY)


def test_the_letter_and_the_sms_say_day_and_hour_and_how_to_stop_them() -> None:
    with time_machine.travel(NOW, tick=False):
        interview = booked_in(timedelta(days=1))
        Region.objects.update(timezone="Indian/Mayotte")
        send_due()
        row = Notification.objects.get(kind=NotificationKind.INTERVIEW_REMINDER)
        letter = letter_for(row)
        told = alert_of(NotificationKind.INTERVIEW_REMINDER, row.context)
    assert letter.subject == "Rappel\u00a0: votre entretien du mardi 17 mars à 12\u00a0h\u00a017"
    assert "12\u00a0h\u00a017 (heure de Mayotte)" in letter.body
    assert str(interview.adviser.user) in letter.body
    assert "Vous ne voulez plus de ces rappels" in letter.body
    assert told == "Rappel\u00a0: vous avez un entretien le mardi 17 mars à 12\u00a0h\u00a017."
