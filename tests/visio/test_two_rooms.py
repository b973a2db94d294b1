"""Two rooms that are open at the same time: what is still to be held comes before what has been."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import User
from accompaniment.reads.standing import standing_of
from caseload.reads.moves.who_answers import following_of
from tests.caseload.factories import on_web_track
from tests.space_page import places_of, space_of, words_of
from tests.visio.factories import InterviewFactory, bookable_portfolio
from visio.models import Interview
from visio.reads.space import space_of as steps_of
from visio.services import room

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_morning() -> Iterator[None]:
    with time_machine.travel("2026-03-05T10:00:00+01:00", tick=False):
        yield


@pytest.fixture
def pair() -> tuple[Interview, Interview]:
    """Two video interviews of one person. The room of the later one opens before the earlier one ends."""
    person = on_web_track(bookable_portfolio())
    earlier = InterviewFactory(jobseeker=person, starts_at=timezone.now() - timedelta(minutes=20))
    later = InterviewFactory(jobseeker=person, starts_at=earlier.occupies_until)
    return earlier, later


def room_of(interview: Interview) -> str:
    return reverse("room", args=[interview.token])


def step_inside(client: Client, interview: Interview) -> tuple[str, str]:
    """Return the card of the next step on the person's space, and what stands below it."""
    page = space_of(client, interview.jobseeker)
    card, _, below = page[page.index("space-card--next") :].partition("space-then__title")
    return card, below


def band_of(client: Client, user: User) -> str:
    client.force_login(user)
    return client.get(reverse("interview_band")).content.decode()


def large_on_my_day(client: Client, user: User) -> str:
    client.force_login(user)
    page = client.get(reverse("panel_today")).content.decode()
    return page[page.index('class="day-next"') :].partition("</div>")[0]


def everywhere_first(client: Client, first: Interview, second: Interview) -> None:
    """Expect one interview before the other on each page that names the next one, and the other below it."""
    card, below = step_inside(client, first)
    assert room_of(first) in card
    assert room_of(second) not in card
    assert second.call_ended_at or room_of(second) in below
    for user in (first.jobseeker.user, first.adviser.user):
        band = band_of(client, user)
        assert room_of(first) in band
        assert room_of(second) not in band
    assert room_of(first) in large_on_my_day(client, first.adviser.user)


def test_the_one_under_way_comes_first_and_the_other_room_is_offered_below(
    client: Client, pair: tuple[Interview, Interview]
) -> None:
    earlier, later = pair
    everywhere_first(client, earlier, later)


def test_once_its_end_has_passed_it_comes_after(client: Client, pair: tuple[Interview, Interview]) -> None:
    """Paired by one fact: the minute."""
    earlier, later = pair
    with time_machine.travel(earlier.ends_at, tick=False):
        everywhere_first(client, later, earlier)


def test_once_its_call_was_ended_it_comes_after_until_it_is_taken_up_again(
    client: Client, pair: tuple[Interview, Interview]
) -> None:
    """Paired by one fact: somebody has ended the call."""
    earlier, later = pair
    running = room.admit(actor=earlier.adviser.user, interview=earlier)
    everywhere_first(client, earlier, later)
    ended = room.end_call(actor=earlier.jobseeker.user, interview=running)
    everywhere_first(client, later, ended)
    _, below = step_inside(client, later)
    assert "terminé, votre conseiller n'a pas encore écrit" in words_of(below)
    room.admit(actor=earlier.adviser.user, interview=ended)
    everywhere_first(client, earlier, later)


def test_a_call_that_was_ended_is_no_interview_to_join(client: Client) -> None:
    """Kind: a next step that is behind the person."""
    interview = InterviewFactory(jobseeker=on_web_track(bookable_portfolio()))
    running = room.admit(actor=interview.adviser.user, interview=interview)
    room.end_call(actor=interview.adviser.user, interview=running)
    card, _ = step_inside(client, interview)
    assert "Votre entretien est terminé" in words_of(card)
    assert room_of(interview) not in places_of(card)
    InterviewFactory(jobseeker=interview.jobseeker, starts_at=timezone.now() + timedelta(days=2))
    person, now = interview.jobseeker, timezone.now()
    assert steps_of(standing_of(person, now), following_of(person), now=now).next.about != interview
