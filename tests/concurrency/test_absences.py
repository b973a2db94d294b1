"""An absence and a booking on its days at the same time: never both. With controls without the guard."""

from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import Channel
from accompaniment.rules.errors import DomainError
from caseload.hooks.adviser_absences import UndecidedError
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.services.moves.absences import declare_absence
from tests.caseload.factories import AdviserFactory, on_web_track
from tests.concurrency.acts import book
from tests.concurrency.threads import at_once, until_somebody_waits
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.models import Interview
from visio.reads.invariants import nothing_booked_in_an_absence
from visio.rules.slots import LENGTH, OCCUPIED
from visio.services.errors import SlotTakenError

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 10  # seconds


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def colleague(portfolio: Portfolio) -> Adviser:
    return AdviserFactory(agency=portfolio.agency)


def declare(portfolio: Portfolio, *colleagues: Adviser) -> Absence:
    first = timezone.now().astimezone(portfolio.adviser.agency.zone).date()
    absence, _ = declare_absence(
        actor=portfolio.adviser.user,
        adviser=portfolio.adviser,
        starts_on=first,
        ends_on=first + timedelta(days=30),
        colleagues={portfolio.pk: [colleague.pk for colleague in colleagues]},
        decisions={},
    )
    return absence


def test_an_absence_and_a_booking_are_never_both(portfolio: Portfolio, colleague: Adviser) -> None:
    people = [on_web_track(portfolio) for _ in range(3)]
    results = at_once(lambda: declare(portfolio, colleague), *[lambda one=one: book(one) for one in people])
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, UndecidedError | SlotTakenError | IndexError) for error in refused), refused
    assert Absence.objects.exists() != Interview.objects.live().exists()
    assert list(nothing_booked_in_an_absence()) == []


def test_a_booking_waits_for_the_absence_that_is_being_written(portfolio: Portfolio, colleague: Adviser) -> None:
    person = on_web_track(portfolio)
    written = Event()

    def slow_absence() -> None:
        with transaction.atomic():
            declare(portfolio, colleague)
            written.set()
            until_somebody_waits()

    def booking() -> Interview:
        slot = first_slots(person)[0]
        assert written.wait(PATIENCE)
        return book(person, slot)

    went_well, booked = at_once(slow_absence, booking)
    assert went_well is None, went_well
    assert isinstance(booked, SlotTakenError)
    assert list(nothing_booked_in_an_absence()) == []


def test_an_absence_waits_for_the_booking_that_is_being_written(portfolio: Portfolio, colleague: Adviser) -> None:
    person = on_web_track(portfolio)
    written = Event()

    def slow_booking() -> None:
        with transaction.atomic():
            book(person)
            written.set()
            until_somebody_waits()

    def absence() -> Absence:
        assert written.wait(PATIENCE)
        return declare(portfolio, colleague)

    went_well, away = at_once(slow_booking, absence)
    assert went_well is None, went_well
    assert isinstance(away, UndecidedError)
    assert not Absence.objects.exists()


def test_of_two_who_name_each_other_one_is_absent(portfolio: Portfolio) -> None:
    other = bookable_portfolio(agency=portfolio.agency)
    results = at_once(lambda: declare(portfolio, other.adviser), lambda: declare(other, portfolio.adviser))
    assert len([result for result in results if isinstance(result, Absence)]) == 1, results
    assert Cover.objects.count() == 1


def test_of_two_absences_of_the_same_days_at_once_one_stands(portfolio: Portfolio, colleague: Adviser) -> None:
    results = at_once(*[lambda: declare(portfolio, colleague)] * 2)
    (refused,) = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, DomainError), refused
    assert Absence.objects.count() == Cover.objects.count() == 1


def test_two_absences_at_once_that_the_table_alone_has_to_tell_apart(portfolio: Portfolio) -> None:
    """The control: both have checked and found none, so only the exclusion constraint can refuse one."""
    both_have_looked = Barrier(2, timeout=PATIENCE)
    today = timezone.localdate()

    def naive() -> bool:
        with transaction.atomic():
            assert not Absence.objects.filter(adviser=portfolio.adviser).exists()
            both_have_looked.wait()
            Absence.objects.create(
                adviser=portfolio.adviser,
                starts_on=today,
                ends_on=today,
                set_by=portfolio.adviser.user,
                set_at=timezone.now(),
            )
            return True

    results = at_once(naive, naive)
    (refused,) = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, IntegrityError), refused
    assert "absence_never_overlaps" in str(refused)


def test_without_the_guard_both_stand(portfolio: Portfolio, colleague: Adviser) -> None:
    """The control: a booking that checks the absences without locking the adviser misses one."""
    person = on_web_track(portfolio)
    slot = first_slots(person)[0]
    looked, written = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def book_unguarded() -> Interview:
        with transaction.atomic():
            adviser = follower(person)
            assert not Absence.objects.standing().filter(adviser=adviser).exists()
            looked.wait()
            written.wait()
            return Interview.objects.create(
                jobseeker=person,
                adviser=adviser,
                channel=Channel.VIDEO,
                starts_at=slot,
                ends_at=slot + LENGTH,
                occupies_until=slot + OCCUPIED,
                booked_at=timezone.now(),
                booked_by=person.user,
                token="t" * 43,
            )

    def absence() -> Absence:
        looked.wait()
        made = declare(portfolio, colleague)
        written.wait()
        return made

    booked, away = at_once(book_unguarded, absence)
    assert isinstance(booked, Interview), booked
    assert isinstance(away, Absence), away
    assert len(list(nothing_booked_in_an_absence())) == 1
