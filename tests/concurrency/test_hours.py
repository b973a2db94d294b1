"""Hours that change while somebody books: the one that comes second knows of the first. With a control."""

from datetime import time, timedelta
from threading import Barrier, Event

import pytest
from django.db import transaction
from django.utils import timezone

from caseload.models import Portfolio
from tests.caseload.factories import on_web_track
from tests.concurrency.acts import book
from tests.concurrency.threads import at_once, until_somebody_waits
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots
from visio.models import Interview, WorkingHours
from visio.reads.hours import hours_of
from visio.reads.hours_page import outside_hours
from visio.rules.slots import Stretch
from visio.services.errors import SlotTakenError
from visio.services.hours import set_day

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 10  # seconds


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


def outside(portfolio: Portfolio) -> list[Interview]:
    return outside_hours(portfolio.adviser, hours=hours_of(portfolio.adviser), now=timezone.now())


def test_a_change_waits_for_the_booking_and_then_names_it(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    slot = first_slots(person)[0]
    written = Event()

    def slow_booking() -> Interview:
        with transaction.atomic():
            booked = book(person, slot)
            written.set()
            until_somebody_waits()
            return booked

    def change() -> list[Interview]:
        assert written.wait(PATIENCE)
        close(portfolio, slot)
        return outside(portfolio)

    booked, named = at_once(slow_booking, change)
    assert isinstance(booked, Interview), booked
    assert named == [booked]


def test_a_booking_waits_for_the_change_and_is_refused(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    slot = first_slots(person)[0]
    written = Event()

    def slow_change() -> None:
        with transaction.atomic():
            close(portfolio, slot)
            written.set()
            until_somebody_waits()

    def booking() -> Interview:
        assert written.wait(PATIENCE)
        return book(person, slot)

    went_well, refused = at_once(slow_change, booking)
    assert went_well is None, went_well
    assert isinstance(refused, SlotTakenError), refused
    assert not Interview.objects.exists()


def test_without_the_lock_neither_knows_of_the_other(portfolio: Portfolio) -> None:
    """The control: a booking that reads the hours without holding the adviser lands outside, and nobody was told."""
    person = on_web_track(portfolio)
    slot = first_slots(person)[0]
    looked, changed = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def book_unguarded() -> Interview:
        with transaction.atomic():
            assert slot in first_slots(person)
            looked.wait()
            changed.wait()
            return InterviewFactory(jobseeker=person, adviser=portfolio.adviser, starts_at=slot)

    def change() -> list[Interview]:
        looked.wait()
        close(portfolio, slot)
        named = outside(portfolio)
        changed.wait()
        return named

    booked, named = at_once(book_unguarded, change)
    assert isinstance(booked, Interview), booked
    assert named == []
    assert outside(portfolio) == [booked]


def test_two_changes_of_one_day_at_once_leave_one_of_the_two(portfolio: Portfolio) -> None:
    """The rows of one change never mix with those of the other."""
    day = timezone.now().date() + timedelta(days=3)
    own = {"actor": portfolio.adviser.user, "adviser": portfolio.adviser, "day": day}
    one = [Stretch(time(8), time(10)), Stretch(time(11), time(12))]
    two = [Stretch(time(9), time(11, 30))]
    results = at_once(lambda: set_day(**own, stretches=one), lambda: set_day(**own, stretches=two))
    assert results == [None, None]
    assert hours_of(portfolio.adviser).on(day) in (tuple(one), tuple(two))
    assert WorkingHours.objects.filter(adviser=portfolio.adviser).count() == 10


def close(portfolio: Portfolio, slot: object) -> None:
    adviser = portfolio.adviser
    set_day(
        actor=adviser.user,
        adviser=adviser,
        day=slot.astimezone(adviser.agency.zone).date(),  # type: ignore[attr-defined]
        stretches=[],
    )
