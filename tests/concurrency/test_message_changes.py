"""Changes of messages at the same moment as something else, each with a control without the guard."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.models import User
from accompaniment.rules.meanwhile import ChangedMeanwhileError
from caseload.models import Placement
from messaging.models import Conversation, Message, MessageChange
from messaging.reads.participants import ConversationClosedError, participants
from messaging.rules import CHANGE_WITHIN
from messaging.services.changes import TooLateError, change_message, delete_message
from tests.caseload.factories import PortfolioFactory
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> Pair:
    return pair()


def change(two: Pair, actor: User, body: str) -> Message:
    return change_message(actor=actor, conversation_id=two.conversation.pk, number=1, body=body, seen={"change": "0"})


def test_of_two_changes_at_once_one_is_told_of_the_other(two: Pair) -> None:
    say(two.conversation, two.person, "Bonjor")
    results = at_once(*(lambda body=body: change(two, two.person, body) for body in ("Bonjour", "Bonsoir")))
    (refused,) = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, ChangedMeanwhileError)
    (kept,) = MessageChange.objects.all()
    assert kept.body in {"Bonjour", "Bonsoir"}


def test_changes_and_deletions_at_once_are_numbered_without_gap(two: Pair) -> None:
    for _ in range(4):
        say(two.conversation, two.person)
    acts = [
        lambda number=number: delete_message(actor=two.person, conversation_id=two.conversation.pk, number=number)
        for number in (1, 2, 3, 4, 1)
    ]
    assert not [result for result in at_once(*acts) if isinstance(result, Exception)]
    assert sorted(MessageChange.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
    conversation = Conversation.objects.get()
    assert (conversation.last_change, conversation.awaiting_reply_since) == (4, None)


def test_without_the_lock_two_changes_take_the_same_number(two: Pair) -> None:
    """The control: only the constraint is left, and one of two different changes is lost."""
    message = say(two.conversation, two.person, "Bonjor")
    both_have_read = Barrier(2, timeout=5)

    def change_unguarded() -> int:
        with transaction.atomic():
            number = Conversation.objects.get(pk=two.conversation.pk).last_change + 1
            both_have_read.wait()
            facts: dict[str, Any] = {"kind": "edited", "body": "Bonjour", "at": timezone.now()}
            MessageChange.objects.create(conversation=two.conversation, number=number, message=message, **facts)
            return number

    results = at_once(change_unguarded, change_unguarded)
    assert [result for result in results if not isinstance(result, Exception)] == [1]
    (refused,) = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, IntegrityError)


@contextmanager
def in_hand(two: Pair) -> Iterator[None]:
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=two.conversation.pk)
        yield


def test_a_right_that_ends_while_the_change_waits_ends_the_change(two: Pair) -> None:
    say(two.conversation, two.adviser, "Bonjor")
    heir = PortfolioFactory(agency=two.portfolio.agency)
    held = Event()

    def hand_over() -> None:
        with in_hand(two):
            held.set()
            until_somebody_waits()
            Placement.objects.filter(jobseeker=two.jobseeker).update(portfolio=heir)

    def change_meanwhile() -> Message:
        assert held.wait(PATIENCE)
        return change(two, two.adviser, "Bonjour")

    _, refused = at_once(hand_over, change_meanwhile)
    assert isinstance(refused, ConversationClosedError)
    assert not MessageChange.objects.exists()


def test_a_right_that_is_looked_up_before_the_lock_lets_the_former_adviser_write(two: Pair) -> None:
    """The control: what the page looked up is out of date when the lock comes."""
    say(two.conversation, two.adviser, "Bonjor")
    heir = PortfolioFactory(agency=two.portfolio.agency)
    held, looked = Event(), Event()

    def hand_over() -> None:
        with in_hand(two):
            held.set()
            assert looked.wait(PATIENCE)
            until_somebody_waits()
            Placement.objects.filter(jobseeker=two.jobseeker).update(portfolio=heir)

    def change_meanwhile() -> bool:
        assert held.wait(PATIENCE)
        before = participants(two.conversation, now=timezone.now())
        looked.set()
        with in_hand(two):
            return two.adviser.pk in before.writers

    _, still_allowed = at_once(hand_over, change_meanwhile)
    assert still_allowed is True


def test_the_time_that_passes_while_the_change_waits_counts(two: Pair) -> None:
    message = say(two.conversation, two.person, "Bonjor")
    held = Event()
    with time_machine.travel(message.created_at + CHANGE_WITHIN - timedelta(seconds=1), tick=False) as clock:

        def hold() -> None:
            with in_hand(two):
                held.set()
                until_somebody_waits()
                clock.shift(timedelta(seconds=2))

        def change_meanwhile() -> Message:
            assert held.wait(PATIENCE)
            return change(two, two.person, "Bonjour")

        _, refused = at_once(hold, change_meanwhile)
    assert isinstance(refused, TooLateError)
    assert not MessageChange.objects.exists()
