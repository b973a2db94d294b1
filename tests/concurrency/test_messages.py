"""Many messages at once: numbers without a gap, each message stored once. With a control without the lock."""

from collections.abc import Callable
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from messaging.models import Conversation, Message
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message
from tests.caseload.factories import on_web_track
from tests.concurrency.threads import at_once
from tests.messaging.factories import pair

pytestmark = pytest.mark.django_db(transaction=True)


def test_messages_of_two_people_at_once_are_numbered_without_gap() -> None:
    two = pair()
    authors = [two.person, two.adviser] * 10

    def send(author: Any) -> Callable[[], Message]:
        return lambda: post_message(actor=author, conversation=two.conversation, client_id=uuid4(), body="Bonjour")

    sent = at_once(*(send(author) for author in authors))
    assert not [result for result in sent if isinstance(result, Exception)]
    assert sorted(Message.objects.values_list("number", flat=True)) == list(range(1, 21))
    two.conversation.refresh_from_db()
    assert two.conversation.last_number == 20


def test_the_same_message_sent_twice_at_once_is_stored_once() -> None:
    two = pair()
    client_id = uuid4()
    sent = at_once(
        *[
            lambda: (
                post_message(
                    actor=two.person, conversation=two.conversation, client_id=client_id, body="Bonjour"
                ).number
            )
        ]
        * 6
    )
    assert sent == [1] * 6
    assert Message.objects.count() == 1


def test_a_conversation_opened_twice_at_once_is_one() -> None:
    jobseeker = on_web_track()
    opened = at_once(*[lambda: open_conversation(actor=jobseeker.user, jobseeker=jobseeker).pk] * 4)
    assert opened == [Conversation.objects.get().pk] * 4


def test_without_the_lock_two_messages_take_the_same_number() -> None:
    """The control: reading the counter without locking its row loses one of two messages."""
    two = pair()
    both_have_read = Barrier(2, timeout=5)

    def send_unguarded() -> int:
        with transaction.atomic():
            number: int = Conversation.objects.get(pk=two.conversation.pk).last_number + 1
            both_have_read.wait()
            Message.objects.create(
                conversation=two.conversation,
                number=number,
                author=two.person,
                client_id=uuid4(),
                body="Bonjour",
                created_at=timezone.now(),
            )
            return number

    results = at_once(send_unguarded, send_unguarded)
    assert [result for result in results if not isinstance(result, Exception)] == [1]
    (refused,) = [result for result in results if isinstance(result, Exception)]
    assert isinstance(refused, IntegrityError)
    assert "message_number_once" in str(refused)
