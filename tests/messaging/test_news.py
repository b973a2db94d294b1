"""What is new to whom: marks of what was in sight, and the history that somebody finds who comes."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import User
from caseload.enums import PlacementEnd
from caseload.services.moves.placements import end_placement, place
from messaging.models import Conversation, ReadMark
from messaging.reads.threads import list_lines, read_numbers
from messaging.services.conversations import mark_read
from tests.caseload.factories import CoverFactory, PortfolioFactory
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def two() -> Pair:
    return pair(first_name="Zoé", last_name="Lefèvre")


def unread(user: User) -> list[tuple[int, bool]]:
    return [(line.unread, bool(line.waits)) for line in list_lines(user, now=timezone.now(), limit=5)]


def hand_over(two: Pair) -> User:
    end_placement(actor=None, jobseeker=two.jobseeker, reason=PlacementEnd.LEFT, at=timezone.now())
    target = PortfolioFactory(agency=two.portfolio.agency)
    place(actor=None, jobseeker=two.jobseeker, portfolio=target)
    user: User = target.adviser.user
    return user


def test_loading_a_page_reads_nothing(client: Client, two: Pair) -> None:
    """Kind: what a request without an act of the reader marks as read. Only a number that is sent marks."""
    say(two.conversation, two.person)
    client.force_login(two.adviser)
    for address in (
        reverse("conversation", args=[two.conversation.pk]),
        reverse("conversation_messages", args=[two.conversation.pk]),
        reverse("conversations"),
        reverse("panel_person_conversation", args=[two.jobseeker.pk]),
        reverse("panel_to_answer"),
    ):
        assert client.get(address).status_code == 200
        assert not ReadMark.objects.exists()
    client.post(reverse("conversation_read", args=[two.conversation.pk]), {"number": 1})
    assert read_numbers([two.conversation])[two.conversation.pk] == (0, 1)


def test_what_the_adviser_before_had_read_is_history_and_the_clock_runs_on(two: Pair) -> None:
    """Kind: history that looks new to whoever comes."""
    say(two.conversation, two.person)
    mark_read(actor=two.adviser, conversation=two.conversation, number=1)
    since = Conversation.objects.get(pk=two.conversation.pk).awaiting_reply_since
    newcomer = hand_over(two)
    assert unread(newcomer) == [(0, True)]
    assert Conversation.objects.get(pk=two.conversation.pk).awaiting_reply_since == since
    # Nobody else has read it than before: the person is told nothing that is not so.
    assert not ReadMark.objects.filter(user=newcomer).exists()
    say(two.conversation, two.person, "Et encore")
    assert unread(newcomer) == [(1, True)]


def test_what_nobody_of_the_staff_had_read_is_new_to_who_comes(two: Pair) -> None:
    say(two.conversation, two.person)
    assert unread(hand_over(two)) == [(1, True)]


def test_a_cover_finds_history_too(two: Pair) -> None:
    say(two.conversation, two.person)
    mark_read(actor=two.adviser, conversation=two.conversation, number=1)
    tomorrow = timezone.now() + timedelta(days=1)
    cover = CoverFactory(portfolio=two.portfolio)
    cover.starts_on = cover.ends_on = timezone.localdate(tomorrow)
    cover.save(update_fields=["starts_on", "ends_on"])
    with time_machine.travel(tomorrow, tick=False):
        assert unread(cover.colleague.user) == [(0, True)]


@pytest.mark.parametrize("words", ["lefevre", "zoe lefevre", "Lefevre Zoé", "lefvere", "leffevre zo"])
def test_the_search_forgives_accents_and_typing_errors(client: Client, two: Pair, words: str) -> None:
    """Kind: a search that forgives less than that of the portfolio, with a conversation and without one."""
    client.force_login(two.adviser)
    address = reverse("conversations")
    assert "Lefèvre" in client.get(address, {"q": words}).content.decode()
    say(two.conversation, two.person)
    assert "Lefèvre" in client.get(address, {"q": words}).content.decode()
    assert "Lefèvre" not in client.get(address, {"q": "zoe martin"}).content.decode()
