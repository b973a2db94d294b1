"""One person books many slots at once: the bound counts them one by one. With a control without the lock."""

from functools import partial
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import BoundedAct, Channel
from accompaniment.models import ActBound, Jobseeker
from accompaniment.services.bounds import TooManyError, check_bound
from tests.caseload.factories import on_web_track
from tests.concurrency.threads import at_once
from tests.visio.factories import InterviewFactory, bookable_portfolio, first_slots, follower
from visio.models import Interview
from visio.reads.invariants import nobody_empties_the_calendar
from visio.services.interviews import book_interview, held_of_own_accord

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Jobseeker:
    ActBound.objects.all().delete()
    ActBound.objects.create(act=BoundedAct.INTERVIEWS_HELD, most=2, starts_on=timezone.localdate())
    return on_web_track(bookable_portfolio())


def test_of_six_bookings_at_once_as_many_stand_as_the_bound_allows(person: Jobseeker) -> None:
    results = at_once(
        *[
            partial(
                book_interview,
                actor=person.user,
                jobseeker=person,
                adviser=follower(person),
                starts_at=slot,
                channel=Channel.VIDEO,
            )
            for slot in first_slots(person)[:6]
        ]
    )
    assert len([result for result in results if isinstance(result, Interview)]) == 2
    assert len([result for result in results if isinstance(result, TooManyError)]) == 4
    assert Interview.objects.live().count() == 2
    assert list(nobody_empties_the_calendar()) == []


def test_without_the_persons_lock_both_count_before_either_writes(person: Jobseeker) -> None:
    """The control: the same bound and the same rows, counted by two transactions without a lock."""
    slots = first_slots(person)
    InterviewFactory(jobseeker=person, starts_at=slots[0])
    both_have_counted = Barrier(2, timeout=5)

    def book_unguarded(slot: int) -> bool:
        with transaction.atomic():
            check_bound(BoundedAct.INTERVIEWS_HELD, done=lambda now: held_of_own_accord(person, now=now).count())
            both_have_counted.wait()
            InterviewFactory(jobseeker=person, starts_at=slots[slot])
            return True

    assert at_once(partial(book_unguarded, 1), partial(book_unguarded, 2)) == [True, True]
    assert len(list(nobody_empties_the_calendar())) == 1
