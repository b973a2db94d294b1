"""Two people want one slot at once, and several schedulers run at once. With controls without the guards."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from accompaniment.enums import Channel, NotificationKind
from accompaniment.models import Jobseeker, Notification, Obligation
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.plans import plan_obligations
from caseload.models import Portfolio
from tests.caseload.factories import on_web_track
from tests.concurrency.guards import without
from tests.concurrency.threads import at_once
from tests.visio.factories import bookable_portfolio, due_obligation, first_slots, follower
from visio.enums import InterviewState
from visio.models import Interview, SlotInvitation
from visio.reads.invariants import VISIO_CHECKS
from visio.services.errors import SlotTakenError
from visio.services.interviews import book_interview, cancel_interview, move_interview
from visio.services.planning import Planned, invite, plan_interviews
from visio.services.summaries import refresh_deadlines

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


def booking(person: Jobseeker, starts_at: datetime, obligation: Obligation | None = None) -> Callable[[], Interview]:
    return partial(
        book_interview,
        actor=person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=starts_at,
        channel=Channel.VIDEO,
        obligation=obligation,
    )


def breaches() -> list[str]:
    return [breach for check in VISIO_CHECKS for breach in check()]


def sorted_out(results: list[Any]) -> tuple[list[Interview], list[SlotTakenError]]:
    booked = [result for result in results if isinstance(result, Interview)]
    refused = [result for result in results if isinstance(result, SlotTakenError)]
    assert len(booked) + len(refused) == len(results), results
    return booked, refused


def test_of_two_people_who_want_one_slot_one_gets_it(portfolio: Portfolio) -> None:
    people = [on_web_track(portfolio) for _ in range(2)]
    slot, following = first_slots(people[0])[:2]
    booked, refused = sorted_out(at_once(*[booking(person, slot) for person in people]))
    assert (len(booked), len(refused)) == (1, 1)
    assert Interview.objects.live().count() == 1
    assert Notification.objects.filter(kind=NotificationKind.INTERVIEW_BOOKED).count() == 1
    (loser,) = [person for person in people if person != booked[0].jobseeker]
    assert first_slots(loser)[0] == following
    assert breaches() == []


def test_without_the_constraint_both_get_the_slot(portfolio: Portfolio) -> None:
    """The control: the same act, without the exclusion constraint."""
    people = [on_web_track(portfolio) for _ in range(2)]
    slot = first_slots(people[0])[0]
    with without("visio_interview", "interview_adviser_free", emptied="visio_interview"):
        booked, refused = sorted_out(at_once(*[booking(person, slot) for person in people]))
        assert (len(booked), len(refused)) == (2, 0)
        assert any("overlap for one adviser" in breach for breach in breaches())


def test_two_tabs_of_one_person_book_once_for_an_obligation(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    obligation = due_obligation(person)
    slots = first_slots(person, obligation)
    results = at_once(booking(person, slots[0], obligation), booking(person, slots[1], obligation))
    assert len([result for result in results if isinstance(result, Interview)]) == 1
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 1


def test_moving_and_cancelling_at_once_is_one_of_the_two(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    slots = first_slots(person)
    old = booking(person, slots[0])()
    results = at_once(
        lambda: move_interview(actor=person.user, interview=old, starts_at=slots[1], channel=Channel.PHONE),
        lambda: cancel_interview(actor=person.user, interview=old),
    )
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 1
    old.refresh_from_db()
    assert old.state == InterviewState.CANCELLED
    assert Interview.objects.live().count() <= 1
    assert breaches() == []


def test_two_who_change_places_at_once_never_hold_one_slot(portfolio: Portfolio) -> None:
    people = [on_web_track(portfolio) for _ in range(2)]
    slots = first_slots(people[0])[:2]
    held = [booking(person, slot)() for person, slot in zip(people, slots, strict=True)]
    at_once(
        *[
            partial(move_interview, actor=person.user, interview=one, starts_at=slot, channel=Channel.VIDEO)
            for person, one, slot in zip(people, held, reversed(slots), strict=True)
        ]
    )
    assert Interview.objects.live().count() == 2
    assert breaches() == []


@pytest.mark.parametrize("schedulers", [1, 5])
def test_any_number_of_schedulers_invites_once(portfolio: Portfolio, schedulers: int) -> None:
    people = [on_web_track(portfolio) for _ in range(3)]
    results = at_once(*[plan_interviews] * schedulers)
    assert all(isinstance(result, Planned) for result in results), results
    assert sum(result.invitations for result in results) == len(people)
    assert sum(result.obligations for result in results) == len(people)
    assert SlotInvitation.objects.count() == len(people)
    assert Notification.objects.filter(kind=NotificationKind.CHOOSE_SLOT).count() == len(people)


def test_without_the_unique_rows_two_schedulers_invite_twice(portfolio: Portfolio) -> None:
    """The control: one scheduler has not committed yet, and the other cannot see its work."""
    person = on_web_track(portfolio)
    plan_obligations()
    refresh_deadlines()
    invitation = unique_constraint_of("visio_slotinvitation", "obligation_id")
    notification = unique_constraint_of("accompaniment_notification", "key")
    with (
        without("visio_slotinvitation", invitation, emptied="visio_slotinvitation"),
        without("accompaniment_notification", notification, emptied="accompaniment_notification"),
        transaction.atomic(),
    ):
        first = invite(people=[person.pk])
        (second,) = at_once(partial(invite, people=[person.pk]))
        assert [first, second] == [1, 1]


def unique_constraint_of(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'"
            " AND pg_get_constraintdef(oid) = %s",
            [table, f"UNIQUE ({column})"],
        )
        (name,) = cursor.fetchone()
        return str(name)
