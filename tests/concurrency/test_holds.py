"""A slot that several people hold or confirm at once belongs to one of them. With a control for each race."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from accompaniment.models import Jobseeker
from caseload.models import Portfolio
from tests.caseload.factories import on_web_track
from tests.concurrency.acts import book
from tests.concurrency.guards import without
from tests.concurrency.threads import at_once
from tests.visio.factories import bookable_portfolio, first_slots
from visio.enums import InterviewState
from visio.models import Interview
from visio.services.errors import SlotTakenError
from visio.services.holds import hold_slot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> list[Jobseeker]:
    portfolio: Portfolio = bookable_portfolio()
    return [on_web_track(portfolio) for _ in range(2)]


def holding(person: Jobseeker, slot: datetime) -> Callable[[], Any]:
    return partial(hold_slot, actor=person.user, jobseeker=person, starts_at=slot)


def refused(results: list[Any]) -> int:
    errors = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, SlotTakenError) for error in errors), errors
    return len(errors)


def test_of_two_people_who_hold_one_slot_one_keeps_it(two: list[Jobseeker]) -> None:
    slot = first_slots(two[0])[0]
    assert refused(at_once(*[holding(person, slot) for person in two])) == 1
    assert Interview.slots.count() == 1


def test_without_the_constraint_both_hold_it(two: list[Jobseeker]) -> None:
    """The control: the same act, without the exclusion constraint."""
    slot = first_slots(two[0])[0]
    with without("visio_interview", "interview_adviser_free", emptied="visio_interview"):
        assert refused(at_once(*[holding(person, slot) for person in two])) == 0
        assert Interview.slots.filter(state=InterviewState.ON_HOLD, starts_at=slot).count() == 2


def over(person: Jobseeker, slot: datetime) -> None:
    """Let the person's hold end just now."""
    holding(person, slot)()
    Interview.slots.filter(jobseeker=person).update(held_until=timezone.now() - timedelta(seconds=1))


def test_a_hold_that_ends_while_it_is_confirmed_gives_the_slot_to_one(two: list[Jobseeker]) -> None:
    """Its person confirms it, and somebody else books it, in the same moment."""
    slot = first_slots(two[0])[0]
    over(two[0], slot)
    assert refused(at_once(*[partial(book, person, slot) for person in two])) == 1
    assert Interview.objects.live().count() == Interview.slots.count() == 1


def test_without_the_constraint_both_have_the_slot_of_an_ended_hold(two: list[Jobseeker]) -> None:
    """The control."""
    slot = first_slots(two[0])[0]
    over(two[0], slot)
    with without("visio_interview", "interview_adviser_free", emptied="visio_interview"):
        assert refused(at_once(*[partial(book, person, slot) for person in two])) == 0
        assert Interview.objects.live().filter(starts_at=slot).count() == 2


def test_two_tabs_of_one_person_hold_one_slot(two: list[Jobseeker]) -> None:
    slots = first_slots(two[0])[:2]
    assert refused(at_once(*[holding(two[0], slot) for slot in slots])) == 0
    assert Interview.slots.count() == 1
