"""A slot is kept for five minutes while its person confirms it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from accompaniment.enums import Channel
from tests.caseload.factories import on_web_track
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.enums import InterviewState
from visio.jobs import plan_interviews
from visio.models import Interview
from visio.reads.availability import next_free_slot
from visio.services.errors import SlotTakenError
from visio.services.holds import HELD_AT_MOST, HELD_FOR, hold_slot
from visio.services.hours import set_day
from visio.services.interviews import book_interview, move_interview

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def two():
    portfolio = bookable_portfolio()
    return [on_web_track(portfolio) for _ in range(2)]


def hold(person, starts_at, **facts):
    return hold_slot(actor=person.user, jobseeker=person, starts_at=starts_at, **facts)


def book(person, starts_at):
    return book_interview(
        actor=person.user,
        jobseeker=person,
        adviser=follower(person),
        starts_at=starts_at,
        channel=Channel.VIDEO,
    )


def test_a_held_slot_is_kept_from_others_and_offered_to_its_person(two):
    one, other = two
    slot, following = first_slots(one)[:2]
    assert hold(one, slot) == NOW + HELD_FOR
    assert first_slots(other)[0] == following
    assert first_slots(one)[0] == slot
    assert next_free_slot(adviser=follower(one), now=NOW) == following
    for act in (book, hold):
        with pytest.raises(SlotTakenError):
            act(other, slot)
    assert not Interview.objects.exists()
    assert book(one, slot).starts_at == slot
    assert not Interview.slots.filter(state=InterviewState.ON_HOLD).exists()


def test_a_hold_that_has_ended_keeps_nothing(two, clock):
    one, other = two
    slot = first_slots(one)[0]
    hold(one, slot)
    clock.shift(HELD_FOR - timedelta(seconds=1))
    with pytest.raises(SlotTakenError):
        book(other, slot)
    clock.shift(timedelta(seconds=1))
    assert first_slots(other)[0] == slot
    assert book(other, slot).jobseeker == other
    with pytest.raises(SlotTakenError):
        book(one, slot)


def test_a_person_holds_one_slot_at_a_time_and_keeps_it_if_the_next_is_taken(two):
    one, other = two
    slots = first_slots(one)
    hold(one, slots[0])
    hold(one, slots[1])
    assert first_slots(other)[0] == slots[0]
    hold(other, slots[0])
    with pytest.raises(SlotTakenError):
        hold(one, slots[0])
    assert slots[1] not in first_slots(other)


def test_the_hold_of_a_slot_whose_hours_are_taken_back_books_nothing(two):
    one = two[0]
    slot = first_slots(one)[0]
    hold(one, slot)
    adviser = follower(one)
    set_day(actor=adviser.user, adviser=adviser, day=slot.date(), stretches=[])
    with pytest.raises(SlotTakenError):
        book(one, slot)
    assert not Interview.objects.exists()


def test_who_moves_an_interview_holds_the_new_hour_and_keeps_the_old_one(two):
    one, other = two
    slots = first_slots(one)
    booked = book(one, slots[0])
    assert hold(one, slots[0], moving=booked) is None
    hold(one, slots[1], moving=booked)
    assert not {slots[0], slots[1]} & set(first_slots(other))
    moved = move_interview(actor=one.user, interview=booked, starts_at=slots[1], channel=Channel.VIDEO)
    assert moved.starts_at == slots[1]
    assert first_slots(other)[0] == slots[0]


def test_a_hold_that_is_renewed_ends_after_a_quarter_of_an_hour_all_the_same(two, clock):
    """Kind: something kept from everybody by whoever asks again and again."""
    one, other = two
    slot, following = first_slots(one)[:2]
    for _ in range(3):
        hold(one, slot)
        clock.shift(timedelta(minutes=4))
    assert hold(one, slot) == NOW + HELD_AT_MOST
    clock.shift(timedelta(minutes=3))
    assert hold(other, slot) == NOW + HELD_AT_MOST + HELD_FOR
    assert hold(one, following) == NOW + HELD_AT_MOST + HELD_FOR


def test_the_job_ends_what_nobody_confirmed(two, clock):
    one, other = two
    slots = first_slots(one)
    hold(one, slots[0])
    clock.shift(timedelta(minutes=3))
    hold(other, slots[1])
    clock.shift(timedelta(minutes=3))
    plan_interviews()
    assert [row.jobseeker for row in Interview.slots.all()] == [other]


def test_the_page_says_until_when_or_that_it_is_gone(client, two):
    one, other = two
    slot = first_slots(one)[0]
    client.force_login(one.user)
    address = reverse("hold_slot", args=[one.pk])
    answer = client.post(address, {"slot": slot.isoformat()})
    assert "Ce créneau vous est gardé jusqu'à 8\u00a0h\u00a005." in answer.content.decode()
    client.force_login(other.user)
    answer = client.post(reverse("hold_slot", args=[other.pk]), {"slot": slot.isoformat()})
    assert answer.status_code == 409
    assert "Choisissez une autre heure." in answer.content.decode()
    assert client.post(address, {"slot": slot.isoformat()}).status_code == 404


def test_no_page_takes_a_hold_for_an_interview(client, two):
    one = two[0]
    hold(one, first_slots(one)[0])
    client.force_login(one.user)
    assert client.get(reverse("my_interviews")).context["coming"] == []
    client.force_login(follower(one).user)
    page = client.get(reverse("agenda"))
    assert all(not day.lines for day in page.context["days"])
    assert Interview.objects.coming(timezone.now()).count() == 0
