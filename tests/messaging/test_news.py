"""What is new to whom: read marks of messages that were in sight, and the history that a new adviser finds."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.locks import lock_jobseeker
from accompaniment.models import User
from caseload.enums import PlacementEnd
from caseload.services.moves.placements import end_placement, place
from messaging.models import Conversation, Message, ReadMark
from messaging.reads.threads import list_lines, read_numbers, unread_by
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
    target = PortfolioFactory(agency=two.portfolio.agency)
    with transaction.atomic():
        lock_jobseeker(two.jobseeker.pk)
        end_placement(actor=None, jobseeker=two.jobseeker, reason=PlacementEnd.LEFT, at=timezone.now())
        place(actor=None, jobseeker=two.jobseeker, portfolio=target)
    user: User = target.adviser.user
    return user


def test_loading_a_page_reads_nothing(client: Client, two: Pair) -> None:
    """Kind: a request that marks messages as read although the reader did nothing. Only a posted number marks."""
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
    """Kind: history that looks new to the new adviser."""
    say(two.conversation, two.person)
    mark_read(actor=two.adviser, conversation_id=two.conversation.pk, number=1)
    since = Conversation.objects.get(pk=two.conversation.pk).awaiting_reply_since
    newcomer = hand_over(two)
    assert unread(newcomer) == [(0, True)]
    assert Conversation.objects.get(pk=two.conversation.pk).awaiting_reply_since == since
    # The new adviser has read nothing yet, so the person must not be told so.
    assert not ReadMark.objects.filter(user=newcomer).exists()
    say(two.conversation, two.person, "Et encore")
    assert unread(newcomer) == [(1, True)]


def test_what_nobody_of_the_staff_had_read_is_new_to_who_comes(two: Pair) -> None:
    say(two.conversation, two.person)
    assert unread(hand_over(two)) == [(1, True)]


def test_a_cover_finds_history_too(two: Pair) -> None:
    say(two.conversation, two.person)
    mark_read(actor=two.adviser, conversation_id=two.conversation.pk, number=1)
    tomorrow = timezone.now() + timedelta(days=1)
    cover = CoverFactory(portfolio=two.portfolio)
    cover.starts_on = cover.ends_on = timezone.localdate(tomorrow)
    cover.save(update_fields=["starts_on", "ends_on"])
    with time_machine.travel(tomorrow, tick=False):
        assert unread(cover.colleague.user) == [(0, True)]


def blocks_read(two: Pair) -> int:
    """Return how many blocks PostgreSQL reads to count what is new to the adviser."""
    counted = Conversation.objects.filter(pk=two.conversation.pk).annotate(unread=unread_by(two.adviser))
    [plan] = json.loads(counted.explain(format="json", analyze=True, buffers=True))
    return int(plan["Plan"]["Shared Hit Blocks"]) + int(plan["Plan"]["Shared Read Blocks"])


def test_a_long_conversation_is_counted_once_and_not_once_for_each_message(two: Pair) -> None:
    """Kind: a subquery that names the row inside another one, and so runs again for each of its rows.

    A page of the staff with sixty conversations took twelve seconds. What grows with the square of the messages would
    read nine hundred times as much here.
    """
    few, many = 10, 300

    def write(first: int, last: int) -> None:
        Message.objects.bulk_create(
            Message(
                conversation=two.conversation,
                number=number,
                author=two.person,
                client_id=uuid4(),
                body="Bonjour",
                created_at=timezone.now(),
            )
            for number in range(first, last + 1)
        )

    write(1, few)
    short = blocks_read(two)
    write(few + 1, many)
    assert blocks_read(two) < short * many / few


@pytest.mark.parametrize("words", ["lefevre", "zoe lefevre", "Lefevre Zoé", "lefvere", "leffevre zo"])
def test_the_search_forgives_accents_and_typing_errors(client: Client, two: Pair, words: str) -> None:
    """Kind: a search that forgives less than the portfolio's. With and without a conversation."""
    client.force_login(two.adviser)
    address = reverse("conversations")
    assert "Lefèvre" in client.get(address, {"q": words}).content.decode()
    say(two.conversation, two.person)
    assert "Lefèvre" in client.get(address, {"q": words}).content.decode()
    assert "Lefèvre" not in client.get(address, {"q": "zoe martin"}).content.decode()
