"""The order of locks is checked wherever a transaction locks a row."""

import logging
from collections.abc import Callable, Sequence

import pytest
from django.db import transaction
from pytest_django import Settings

from accompaniment.locks import (
    LocksOutOfOrderError,
    lock_account,
    lock_agency,
    lock_enrolment,
    lock_jobseeker,
    lock_jobseekers,
    lock_region,
)
from accompaniment.models import Jobseeker
from tests.accompaniment.factories import EnrolmentFactory, JobseekerFactory

pytestmark = pytest.mark.django_db

Lock = Callable[[Jobseeker], object]


def person(one: Jobseeker) -> object:
    return lock_jobseeker(one.pk)


def account(one: Jobseeker) -> object:
    return lock_account(one.user_id)


def region(one: Jobseeker) -> object:
    return lock_region(one.agency.region.pk)


def agency(one: Jobseeker) -> object:
    return lock_agency(one.agency_id)


def take(locks: Sequence[Lock], one: Jobseeker) -> None:
    with transaction.atomic():
        for lock in locks:
            lock(one)


def high_then_low(high: int, low: int) -> None:
    with transaction.atomic():
        lock_jobseeker(high)
        lock_jobseeker(low)


@pytest.mark.parametrize(
    ("before", "after"), [(person, account), (account, region), (region, agency), (person, agency)]
)
def test_a_lock_after_one_of_a_higher_rank_is_found_and_the_other_order_is_not(before: Lock, after: Lock) -> None:
    one = JobseekerFactory(with_account=True)
    take([before, after], one)
    with pytest.raises(LocksOutOfOrderError, match="locked after"):
        take([after, before], one)


def test_rows_of_one_rank_are_locked_by_their_keys() -> None:
    low, high = sorted(JobseekerFactory().pk for _ in range(2))
    high_then_low(low, high)
    with transaction.atomic():
        lock_jobseekers([high, low])  # the database locks the rows of one statement in order
    with pytest.raises(LocksOutOfOrderError, match="a later row"):
        high_then_low(high, low)


def test_what_the_transaction_holds_is_no_new_lock_and_the_next_transaction_holds_nothing() -> None:
    one = JobseekerFactory(with_account=True)
    take([person, account, person], one)
    take([account], one)
    take([person], one)


def test_what_belongs_to_a_locked_person_has_no_place_in_the_order() -> None:
    """If the transaction has locked the person, nobody else can get as far as that person's rows.

    Otherwise the order applies.
    """
    waiting = EnrolmentFactory()

    def enrolment(_: Jobseeker) -> object:
        return lock_enrolment(waiting.pk)

    take([person, enrolment, agency], waiting.jobseeker)
    with pytest.raises(LocksOutOfOrderError, match="locked after REST"):
        take([enrolment, agency], waiting.jobseeker)


def test_a_savepoint_is_part_of_its_transaction() -> None:
    one = JobseekerFactory(with_account=True)

    def inner(lock: Lock) -> Lock:
        return lambda one: take([lock], one)

    take([inner(person), inner(account)], one)
    with pytest.raises(LocksOutOfOrderError):
        take([inner(account), inner(person)], one)


def test_the_transaction_around_a_test_is_none_of_an_act() -> None:
    """Kind: an act that forgets its transaction. The transaction around a test would hide this."""
    one = JobseekerFactory()
    with pytest.raises(transaction.TransactionManagementError):
        lock_jobseeker(one.pk)
    with transaction.atomic():
        assert lock_jobseeker(one.pk) == one


def test_in_production_locks_out_of_order_are_logged_and_the_act_goes_on(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.LOCKS_OUT_OF_ORDER_RAISE = False
    with caplog.at_level(logging.ERROR):
        take([account, person], JobseekerFactory(with_account=True))
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("Locks out of order: PERSON")
