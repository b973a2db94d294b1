"""An absence that is called off while somebody else is put in as its cover: no cover outlives its absence."""

from functools import partial
from threading import Barrier

import pytest
from django.db import transaction

from accompaniment.rules.errors import NotAllowedNowError
from caseload.models import Absence, Adviser, Cover, Portfolio
from caseload.services.moves.absences import add_cover, end_absence, replace_colleague
from tests.caseload.factories import AdviserFactory, planned_absence
from tests.concurrency.test_cap import nothing_is_broken
from tests.concurrency.test_messages import PATIENCE, at_once
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


def test_without_the_lock_somebody_covers_for_nobody(absence: Absence, other: Adviser) -> None:
    """The control: the absence is called off between the look at it and the new cover."""
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
