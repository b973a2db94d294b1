"""For how long an adviser offers slots, what stays free after an interview, and what is kept for the urgent."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from accompaniment.enums import Channel
from tests.caseload.factories import on_web_track
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.models import BookingSettings
from visio.reads.availability import free_slots, last_day_offered
from visio.reads.hours import hours_of
from visio.rules.slots import BookingRules
from visio.services.errors import SlotTakenError
from visio.services.hours import set_booking
from visio.services.interviews import book_interview

pytestmark = pytest.mark.django_db

WEDNESDAY = date(2026, 12, 2)


@pytest.fixture(autouse=True)
def _monday():
    """Monday 30 November 2026, 8 o'clock in Paris."""
    with travel(datetime(2026, 11, 30, 7, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def person():
    return on_web_track(bookable_portfolio())


def put(person, **facts):
    adviser = follower(person)
    set_booking(actor=adviser.user, adviser=adviser, rules=BookingRules(**facts))


def book(person, starts_at, actor=None):
    adviser = follower(person)
    facts = {"jobseeker": person, "adviser": adviser, "starts_at": starts_at, "channel": Channel.VIDEO}
    return book_interview(actor=actor or person.user, **facts)


def on(person, day, *, urgent=False):
    adviser, now = follower(person), timezone.now()
    last_day = last_day_offered(adviser=adviser, obligation=None, now=now)
    slots = free_slots(adviser=adviser, jobseeker=person, now=now, last_day=last_day, urgent=urgent)
    zone = person.agency.zone
    return [f"{one.astimezone(zone):%H:%M}" for one in slots if one.astimezone(zone).date() == day]


def test_the_horizon_is_the_advisers_own(person):
    beyond = date(2026, 12, 30)
    assert on(person, beyond) == []
    put(person, horizon_days=30)
    assert on(person, beyond)[0] == "09:00"
    book(person, datetime(2026, 12, 30, 8, tzinfo=UTC))


@pytest.mark.parametrize(("minutes", "free"), [(0, True), (10, True), (15, True)])
def test_the_buffer_is_kept_from_the_next_booking_on(person, minutes, free):
    put(person, buffer_minutes=minutes)
    slot = first_slots(person)[0]
    booked = book(person, slot)
    assert booked.occupies_until - booked.ends_at == timedelta(minutes=minutes)
    assert (first_slots(person)[0] == slot + timedelta(minutes=45)) is free


def test_the_last_slots_of_a_day_are_kept_for_the_urgent_until_the_day_before(person):
    """9 slots a day, a quarter of them: two."""
    put(person, urgent_percent=25)
    assert on(person, WEDNESDAY)[-2:] == ["13:45", "14:30"]
    assert on(person, WEDNESDAY, urgent=True)[-2:] == ["15:15", "16:00"]
    kept = datetime(2026, 12, 2, 15, tzinfo=UTC)
    with pytest.raises(SlotTakenError):
        book(person, kept)
    with travel(kept - timedelta(hours=24, seconds=1), tick=False):
        assert on(person, WEDNESDAY)[-1] == "15:15"
    with travel(kept - timedelta(hours=24), tick=False):
        assert on(person, WEDNESDAY)[-1] == "16:00"
    assert book(person, kept, actor=follower(person).user).starts_at == kept


def test_a_booking_does_not_change_what_is_kept(person):
    put(person, urgent_percent=25)
    book(person, datetime(2026, 12, 2, 8, tzinfo=UTC))
    assert on(person, WEDNESDAY)[-1] == "14:30"


@pytest.mark.parametrize(
    ("name", "wrong"), [("horizon_days", 13), ("horizon_days", 91), ("buffer_minutes", 16), ("urgent_percent", 51)]
)
def test_neither_the_page_nor_the_database_takes_what_is_out_of_bounds(client, person, name, wrong):
    put(person)
    client.force_login(follower(person).user)
    typed = {"horizon_days": 14, "buffer_minutes": 10, "urgent_percent": 0, name: wrong}
    answer = client.post(reverse("booking_settings"), typed)
    assert answer.status_code == 422
    assert "Écrivez un nombre de" in answer.content.decode()
    with pytest.raises(IntegrityError, match="booking_settings"), transaction.atomic():
        BookingSettings.objects.update(**{name: wrong})
    assert hours_of(follower(person)).rules == BookingRules()
