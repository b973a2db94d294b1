"""A wait that is settled while the person writes again: the new message waits. With a control without the lock."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from messaging.models import CallbackRequest, Conversation, Message, WaitEnd
from messaging.services import handling
from messaging.services.callbacks import close_callback
from messaging.services.posting import post_message
from tests.concurrency.threads import at_once
from tests.messaging.factories import Pair, ask, pair, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked() -> Pair:
    one = pair()
    say(one.conversation, one.person, "Merci beaucoup")
    return one


def write(one: Pair, author: Any) -> Message:
    return post_message(actor=author, conversation=one.conversation, client_id=uuid4(), body="Et une question")


def since() -> Any:
    return Conversation.objects.get().awaiting_reply_since


def test_a_message_that_comes_while_no_reply_is_decided_still_waits(asked: Pair) -> None:
    done = at_once(
        lambda: handling.need_no_reply(actor=asked.adviser, conversation=asked.conversation, number=1),
        lambda: write(asked, asked.person),
    )
    assert not [one for one in done if isinstance(one, Exception)], done
    assert since() == Message.objects.get(number=2).created_at
    call_command("check_invariants")


def test_two_colleagues_settle_once(asked: Pair) -> None:
    done = at_once(
        *[lambda: handling.need_no_reply(actor=asked.adviser, conversation=asked.conversation, number=1)] * 3
    )
    assert len([one for one in done if isinstance(one, Exception)]) == 2
    assert WaitEnd.objects.count() == 1


def test_without_the_lock_the_new_message_would_wait_unseen(asked: Pair) -> None:
    """The control: what was read before the message came is written after it."""
    read = Conversation.objects.get()
    write(asked, asked.person)
    WaitEnd.objects.create(
        conversation=read, number=1, at=read.awaiting_reply_since, actor=asked.adviser, ended_by="no_reply"
    )
    read.awaiting_reply_since = None
    read.save(update_fields=["awaiting_reply_since"])
    with pytest.raises(SystemExit):
        call_command("check_invariants")


def test_a_call_and_messages_at_once_never_end_each_other(asked: Pair) -> None:
    """Kind: two acts that lock the same rows in two orders. A call settles a wait, and both write the list's row."""
    for _ in range(4):
        ask(asked.jobseeker)
        request = CallbackRequest.objects.open().get()
        done = at_once(
            lambda request=request: close_callback(actor=asked.adviser, request=request, outcome="Joint"),
            lambda: write(asked, asked.person),
            lambda: write(asked, asked.person),
            lambda: write(asked, asked.adviser),
        )
        assert not [one for one in done if isinstance(one, Exception)], done
    call_command("check_invariants")
