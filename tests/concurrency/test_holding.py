"""The planner runs during a booking: the interview holds the obligation, and nobody is invited again."""

from collections.abc import Callable
from functools import partial
from threading import Event

import pytest
from django.db import transaction

from accompaniment.enums import Channel, NotificationKind
from accompaniment.models import Jobseeker, Notification, Obligation
from accompaniment.services.plans import plan_obligations
from tests.caseload.factories import on_web_track
from tests.concurrency.threads import at_once
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.models import Interview
from visio.services.interviews import book_interview
from visio.services.planning import invite, invite_due, plan_interviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Jobseeker:
    return on_web_track(bookable_portfolio())


def while_booking(person: Jobseeker, act: Callable[[], int]) -> tuple[Interview, int]:
    """Run `act` in its own transaction while a booking is written and not yet committed."""
    booked, acted = Event(), Event()

    def book() -> Interview:
        with transaction.atomic():
            interview = book_interview(
                actor=person.user,
                jobseeker=person,
                adviser=follower(person),
                starts_at=first_slots(person)[0],
                channel=Channel.VIDEO,
            )
            booked.set()
            assert acted.wait(10)
            return interview

    def between() -> int:
        assert booked.wait(10)
        try:
            return act()
        finally:
            acted.set()

    interview, invited = at_once(book, between)
    assert isinstance(interview, Interview), interview
    assert isinstance(invited, int), invited
    return interview, invited


def test_who_books_while_the_planner_runs_is_not_asked_again(person: Jobseeker) -> None:
    def plan() -> int:
        assert plan_obligations() == 1
        return invite_due()

    interview, invited = while_booking(person, plan)
    assert invited == 0
    assert interview.obligation is None  # the obligation was not planned yet

    assert plan_interviews().invitations == 0

    interview.refresh_from_db()
    assert interview.obligation == Obligation.objects.due().get(jobseeker=person)
    assert not Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT).exists()


def test_without_the_lock_an_invitation_leaves_for_what_is_being_booked(person: Jobseeker) -> None:
    """The control: the same two transactions, without the lock on the person before the invitation."""

    def plan_and_invite_unguarded() -> int:
        assert plan_obligations() == 1
        return invite(people=[person.pk])

    _, invited = while_booking(person, plan_and_invite_unguarded)
    assert invited == 1
    assert Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT).exists()


def test_booking_and_planning_at_once_leave_one_interview_for_the_obligation(person: Jobseeker) -> None:
    slots = first_slots(person)
    book = partial(
        book_interview,
        actor=person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=slots[0],
        channel=Channel.VIDEO,
    )
    at_once(book, *[plan_interviews] * 3)
    plan_interviews()
    interview = Interview.objects.get(jobseeker=person)
    assert interview.obligation == Obligation.objects.due().get(jobseeker=person)
