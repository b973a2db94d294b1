"""An absence is called off while another colleague becomes its cover: no cover outlives its absence."""

from functools import partial
from threading import Barrier

import pytest
from django.db import transaction

from accompaniment.rules.errors import DomainError, NotAllowedNowError
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.services.moves.absences import add_cover, end_absence, replace_colleague
from tests.caseload.factories import AdviserFactory, planned_absence
from tests.concurrency.acts import nothing_is_broken
from tests.concurrency.guards import dropped
from tests.concurrency.threads import PATIENCE, at_once
from tests.visio.factories import bookable_portfolio

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def absence(portfolio: Portfolio) -> Absence:
    return planned_absence(portfolio, colleague=AdviserFactory(agency=portfolio.agency))


@pytest.fixture
def other(portfolio: Portfolio) -> Adviser:
    return AdviserFactory(agency=portfolio.agency)


def test_no_cover_is_left_whoever_comes_first(absence: Absence, other: Adviser) -> None:
    actor = absence.adviser.user
    ended, replaced = at_once(
        partial(end_absence, actor=actor, absence=absence),
        partial(replace_colleague, actor=actor, cover=absence.covers.get(), colleague=other),
    )
    assert not isinstance(ended, Exception), ended
    assert not isinstance(replaced, Exception) or isinstance(replaced, NotAllowedNowError), replaced
    absence.refresh_from_db()
    assert absence.cancelled_at is not None
    assert not Cover.objects.filter(cancelled_at=None).exists()
    assert nothing_is_broken()


def test_no_added_cover_is_left_either(absence: Absence, other: Adviser, portfolio: Portfolio) -> None:
    actor = absence.adviser.user
    ended, added = at_once(
        partial(end_absence, actor=actor, absence=absence),
        partial(add_cover, actor=actor, absence=absence, portfolio=portfolio, colleague=other),
    )
    assert not isinstance(ended, Exception), ended
    assert not isinstance(added, Exception) or isinstance(added, NotAllowedNowError), added
    assert not Cover.objects.filter(cancelled_at=None).exists()
    assert nothing_is_broken()


def test_of_a_replacement_and_an_addition_of_the_same_colleague_one_stands(
    absence: Absence, other: Adviser, portfolio: Portfolio
) -> None:
    """Whichever comes second finds that the colleague already covers these days."""
    actor, before = absence.adviser.user, absence.covers.get()
    results = at_once(
        partial(replace_colleague, actor=actor, cover=before, colleague=other),
        partial(add_cover, actor=actor, absence=absence, portfolio=portfolio, colleague=other),
    )
    [refused] = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, DomainError), refused
    standing = Cover.objects.filter(cancelled_at=None).order_by("pk")
    assert [cover.colleague for cover in standing].count(other) == 1
    assert {(cover.starts_on, cover.ends_on) for cover in standing} == {(absence.starts_on, absence.ends_on)}
    assert nothing_is_broken()


def test_without_the_constraint_the_same_colleague_covers_twice(absence: Absence, other: Adviser) -> None:
    """The control: both have checked before either writes."""
    before = absence.covers.get()
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def cover_unguarded() -> bool:
        with transaction.atomic():
            is_free = not Cover.objects.filter(colleague=other).exists()
            both_have_looked.wait()
            Cover.objects.create(
                portfolio=before.portfolio,
                absence=absence,
                colleague=other,
                starts_on=before.starts_on,
                ends_on=before.ends_on,
                set_by=absence.adviser.user,
            )
            return is_free

    with dropped("caseload_cover", "cover_once"):
        assert at_once(cover_unguarded, cover_unguarded) == [True, True]
        assert Cover.objects.filter(colleague=other, cancelled_at=None).count() == 2


@pytest.mark.parametrize("shortened", [True, False])
def test_a_replacement_with_days_of_before_ends_with_the_absence(
    absence: Absence, other: Adviser, shortened: bool
) -> None:
    """The last day is read under the lock, not from the caller's copy."""
    actor, copy, last_day = absence.adviser.user, absence.covers.select_related("absence").get(), absence.ends_on
    if shortened:
        last_day = absence.starts_on
        end_absence(actor=actor, absence=absence, last_day=last_day)
    assert copy.ends_on == copy.absence.ends_on
    replace_colleague(actor=actor, cover=copy, colleague=other)
    assert Cover.objects.get(cancelled_at=None, colleague=other).ends_on == last_day
    assert nothing_is_broken()


def test_without_the_lock_somebody_covers_for_nobody(absence: Absence, other: Adviser) -> None:
    """The control: the absence is called off between the check and the new cover."""
    cover = absence.covers.get()
    looked, ended = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def replace_unguarded() -> bool:
        with transaction.atomic():
            stands = Absence.objects.get(pk=absence.pk).cancelled_at is None
            looked.wait()
            ended.wait()
            Cover.objects.create(
                portfolio=cover.portfolio,
                absence=absence,
                colleague=other,
                starts_on=cover.starts_on,
                ends_on=cover.ends_on,
                set_by=absence.adviser.user,
            )
            return stands

    def call_off() -> bool:
        looked.wait()
        end_absence(actor=absence.adviser.user, absence=absence)
        ended.wait()
        return True

    assert at_once(replace_unguarded, call_off) == [True, True]
    assert Cover.objects.get(cancelled_at=None).colleague == other
    assert not nothing_is_broken()
