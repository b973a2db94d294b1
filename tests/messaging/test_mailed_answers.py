"""An adviser's answer by e-mail ends the wait of what its letter told of. What the person wrote since still waits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from pytest_django import Settings

from accompaniment.models import NoticeSettings
from caseload.models import CaseSummary
from messaging.models import Message, ReplyRise
from messaging.reads.invariants import (
    rises_were_noted_in_time,
    summaries_say_what_waits,
    waiting_since_the_first_unanswered_message,
    waits_have_their_times,
)
from messaging.services.changes import delete_message
from messaging.services.delivery import deliver_due
from messaging.services.handling import need_no_reply
from messaging.services.incoming import Taken, take_mail
from messaging.services.posting import Email, post_message
from messaging.services.unread import tell_unread
from tests.messaging.emails import email_to
from tests.messaging.factories import Pair, pair, say

AT_TEN = datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[time_machine.Traveller]:
    settings.REPLY_DOMAIN = "reponse.example"
    with time_machine.travel(AT_TEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def two(db: None) -> Pair:
    tell_unread()  # what came before is told to nobody
    found = pair()
    NoticeSettings.objects.create(user=found.adviser, switched_on=["messages:email"], changed_at=AT_TEN)
    return found


def letter_about(two: Pair, clock: time_machine.Traveller, *words: str) -> str:
    """Let the person write, and the adviser be told by e-mail; return the address to which that is answered."""
    for text in words:
        say(two.conversation, two.person, text)
    clock.shift(timedelta(minutes=3))
    tell_unread()
    deliver_due()
    (letter,) = [one for one in mail.outbox if one.to == [two.adviser.email]]
    clock.shift(timedelta(minutes=1))
    return str(letter.message()["Reply-To"])


def answer(two: Pair, to: str) -> Message:
    letter = bytes(email_to("x", sender=two.adviser.email))
    assert take_mail(letter, recipient=to, return_path="claire@example.org") == Taken.STORED
    return Message.objects.get(by_email=True)


def waits_since(two: Pair) -> datetime | None:
    two.conversation.refresh_from_db()
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).awaiting_reply_since == (
        two.conversation.awaiting_reply_since
    )
    assert not [
        *waiting_since_the_first_unanswered_message(),
        *waits_have_their_times(),
        *rises_were_noted_in_time(),
        *summaries_say_what_waits(),
    ]
    return two.conversation.awaiting_reply_since


def test_what_came_after_the_letter_still_waits_from_its_own_hour(two: Pair, clock: time_machine.Traveller) -> None:
    """Kind: a question that nobody sees any more, because an older one was answered meanwhile."""
    to = letter_about(two, clock, "un", "deux")
    later = say(two.conversation, two.person, "trois")
    due = two.conversation.reply_due_at
    clock.shift(timedelta(minutes=5))
    say(two.conversation, two.person, "quatre")
    message = answer(two, to)
    assert (message.number, message.answers_up_to) == (5, 2)
    assert waits_since(two) == later.created_at
    assert two.conversation.reply_due_at != due


def test_without_a_later_message_nothing_waits(two: Pair, clock: time_machine.Traveller) -> None:
    answer(two, letter_about(two, clock, "un", "deux"))
    assert waits_since(two) is None


@pytest.mark.parametrize("how", ["deleted", "answered", "settled"])
def test_a_later_message_that_needs_no_answer_does_not_wait(two: Pair, clock: time_machine.Traveller, how: str) -> None:
    to = letter_about(two, clock, "un")
    say(two.conversation, two.person, "deux")
    match how:
        case "deleted":
            delete_message(actor=two.person, conversation_id=two.conversation.pk, number=2)
        case "answered":
            say(two.conversation, two.adviser)
        case _:
            need_no_reply(actor=two.adviser, conversation=two.conversation, number=2)
    answer(two, to)
    assert waits_since(two) is None


def test_an_answer_that_is_deleted_lets_both_wait_again(two: Pair, clock: time_machine.Traveller) -> None:
    first = say(two.conversation, two.person, "un")
    to = letter_about(two, clock)
    later = say(two.conversation, two.person, "deux")
    message = answer(two, to)
    assert waits_since(two) == later.created_at
    delete_message(actor=two.adviser, conversation_id=two.conversation.pk, number=message.number)
    assert waits_since(two) == first.created_at


def test_an_answer_to_an_old_letter_changes_no_wait(two: Pair, clock: time_machine.Traveller) -> None:
    to = letter_about(two, clock, "un")
    say(two.conversation, two.adviser)
    later = say(two.conversation, two.person, "deux")
    clock.shift(timedelta(minutes=1))
    answer(two, to)
    assert waits_since(two) == later.created_at


def test_what_the_ended_wait_had_reached_is_noted(two: Pair, clock: time_machine.Traveller) -> None:
    to = letter_about(two, clock, "un")
    since = waits_since(two)
    clock.shift(timedelta(days=10))
    say(two.conversation, two.person, "deux")
    answer(two, to)
    assert set(ReplyRise.objects.values_list("since", "seen_by")) == {
        (since, "desk"),
        (since, "team"),
        (since, "manager"),
    }
    assert waits_since(two) is not None


def test_an_answer_of_the_person_says_nothing_of_what_it_answers(two: Pair) -> None:
    facts = {"conversation": two.conversation, "body": "x", "email": Email(answers_up_to=1)}
    say(two.conversation, two.adviser)
    by_person = post_message(actor=two.person, client_id="0" * 32, **facts)  # type: ignore[arg-type]
    assert by_person.answers_up_to is None
    assert waits_since(two) == by_person.created_at


@pytest.mark.parametrize(("by_email", "up_to"), [(False, 1), (True, 2), (True, 3)])
def test_only_an_email_answers_and_only_what_was_before(two: Pair, by_email: bool, up_to: int) -> None:
    row = {
        "conversation": two.conversation,
        "number": 2,
        "author": two.adviser,
        "body": "x",
        "created_at": AT_TEN,
        "client_id": "0" * 32,
    }
    with pytest.raises(IntegrityError, match="message_answers_by_email"), transaction.atomic():
        Message.objects.create(**row, by_email=by_email, answers_up_to=up_to)
    Message.objects.create(**row, by_email=True, answers_up_to=1)
