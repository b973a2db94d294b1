"""Unread messages are told once per reader and two minutes, and never with their text."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accompaniment.enums import GivenUpFor, NotificationKind
from accompaniment.models import NoticeSettings, Notification
from messaging.services.conversations import mark_read
from messaging.services.delivery import deliver_due
from messaging.services.unread import tell_unread
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)
SECRET = "Un texte que personne d'autre ne lit"


@pytest.fixture
def two() -> Pair:
    tell_unread()  # what came before is told to nobody
    with after(-60):
        return pair()


def after(minutes: float) -> Any:
    return time_machine.travel(AT_TEN + timedelta(minutes=minutes), tick=False)


def told() -> list[Notification]:
    return list(Notification.objects.filter(kind=NotificationKind.UNREAD_MESSAGES).order_by("pk"))


def test_messages_of_two_minutes_are_one_email_without_their_text(two: Pair) -> None:
    with after(0):
        say(two.conversation, two.adviser, SECRET)
    with after(1.5):
        say(two.conversation, two.adviser, SECRET)
        assert tell_unread() == 0
    with after(2):
        assert tell_unread() == 1
        assert tell_unread() == 0
        deliver_due()
    (letter,) = told()
    assert letter.context["count"] == 2
    (message,) = [one for one in mail.outbox if "messages vous attendent" in one.subject]
    assert message.to == [two.person.email]
    assert two.adviser.full_name in message.body
    assert SECRET not in f"{message.body}{message.alternatives}{letter.context}"


def test_a_conversation_that_goes_on_is_told_every_two_minutes_at_most(two: Pair) -> None:
    for quarter in range(41):
        with after(quarter / 4):
            say(two.conversation, two.adviser)
            tell_unread()
    at = [letter.created_at for letter in told()]
    assert len(at) >= 4
    assert min(later - earlier for earlier, later in pairwise(at)) >= timedelta(minutes=2)
    with after(20):
        tell_unread()
    assert sum(letter.context["count"] for letter in told()) == 41  # each message is told once


@pytest.mark.parametrize("reads", [True, False])
def test_what_is_read_within_two_minutes_is_told_to_nobody(two: Pair, reads: bool) -> None:
    with after(0):
        message = say(two.conversation, two.adviser)
        if reads:
            mark_read(actor=two.person, conversation_id=two.conversation.pk, number=message.number)
    with after(3):
        assert tell_unread() == (0 if reads else 1)


@pytest.mark.parametrize("reads", [True, False])
def test_what_is_read_before_the_email_leaves_is_not_sent(two: Pair, reads: bool) -> None:
    with after(0):
        message = say(two.conversation, two.adviser)
    with after(3):
        tell_unread()
        if reads:
            mark_read(actor=two.person, conversation_id=two.conversation.pk, number=message.number)
        deliver_due()
    (letter,) = told()
    assert (letter.given_up_for == GivenUpFor.PAST) is reads
    assert (letter.sent_at is None) is reads


@pytest.mark.parametrize("wants", [True, False])
def test_an_adviser_is_told_by_email_only_if_they_want_that(two: Pair, wants: bool) -> None:
    if wants:
        NoticeSettings.objects.create(user=two.adviser, switched_on=["messages:email"], changed_at=timezone.now())
    with after(0):
        say(two.conversation, two.person)
    with after(3):
        assert tell_unread() == (1 if wants else 0)
    assert [letter.user for letter in told()] == ([two.adviser] if wants else [])


def test_nobody_is_told_of_their_own_messages(two: Pair) -> None:
    NoticeSettings.objects.create(user=two.adviser, switched_on=["messages:email"], changed_at=timezone.now())
    with after(0):
        say(two.conversation, two.adviser)
    with after(3):
        tell_unread()
    assert [letter.user for letter in told()] == [two.person]


def test_a_round_takes_as_few_statements_for_many_people_as_for_one(
    two: Pair, django_assert_max_num_queries: Any
) -> None:
    with after(-60):
        pairs = [two, *(pair(two.portfolio) for _ in range(5))]
    with after(0):
        for one in pairs:
            say(one.conversation, one.adviser)
    with after(1), django_assert_max_num_queries(14):
        assert tell_unread() == 0
