"""A message to several people while workers die, run beside each other, or are stopped. With controls."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.models import Jobseeker
from accompaniment.rules.errors import NotAllowedNowError
from messaging.models import Conversation, Dispatch, DispatchRecipient, Message
from messaging.reads.invariants import dispatches_were_sent_once
from messaging.services import sendings
from messaging.services.channels import WAITS
from messaging.services.dispatches import send_dispatches, send_one, start_dispatch, stop_dispatch
from messaging.services.posting import Draft, post_message, post_messages
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.caseload.files import no_broker
from tests.concurrency.threads import (
    LONG,
    PATIENCE,
    at_once,
    nobody_else_works,
    until_somebody_waits,
    waiting_for_locks,
)
from tests.config.embedded_clients import PROJECT, eventually
from tests.messaging.factories import pair

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 12
WORKER = """
import sys, django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from messaging.services.dispatches import send_dispatches
send_dispatches()
"""


def dispatch_to(count: int = PEOPLE) -> tuple[Dispatch, list[Jobseeker]]:
    """Return a dispatch that no worker knows of yet, and its people."""
    portfolio = PortfolioFactory()
    people = [on_web_track(portfolio) for _ in range(count)]
    for person in people:
        Conversation.objects.create(jobseeker=person)
    with no_broker():
        return start_dispatch(
            actor=portfolio.adviser.user, people=[one.pk for one in people], token=uuid4(), body="Atelier mardi."
        ), people


def each_has_one(people: list[Jobseeker]) -> bool:
    got = Message.objects.values_list("conversation__jobseeker", flat=True)
    return sorted(got) == sorted(person.pk for person in people)


def sent() -> int:
    return DispatchRecipient.objects.filter(sent_at__isnull=False).count()


def test_a_worker_is_killed_in_the_middle_and_another_one_finishes() -> None:
    """The first worker has sent some messages and is in the middle of one, which waits for the conversation's lock."""
    dispatch, people = dispatch_to()
    held = DispatchRecipient.objects.order_by("pk")[PEOPLE // 2]
    with transaction.atomic():
        Conversation.objects.select_for_update().get(jobseeker=held.jobseeker_id)
        worker = subprocess.Popen([sys.executable, "-c", WORKER, str(connection.settings_dict["NAME"])], cwd=PROJECT)
        try:
            eventually(lambda: waiting_for_locks() > 0, LONG)
        finally:
            worker.kill()
            assert worker.wait(PATIENCE) == -9
    eventually(nobody_else_works)
    assert sent() == Message.objects.count() == PEOPLE // 2
    with time_machine.travel(timezone.now() + WAITS[0] + timedelta(seconds=1)):
        assert send_dispatches() == PEOPLE - PEOPLE // 2
        assert send_dispatches() == 0
    assert each_has_one(people)
    assert sent() == dispatch.recipients.count() == PEOPLE
    assert not list(dispatches_were_sent_once())


def test_without_the_guard_a_killed_worker_sends_twice() -> None:
    """The control: a worker that stores the message with a new client id, and notes it in another transaction."""
    dispatch, people = dispatch_to(1)
    author = dispatch.author

    def unguarded() -> None:
        row = dispatch.recipients.get()
        conversation = Conversation.objects.get(jobseeker=row.jobseeker_id)
        post_message(actor=author, conversation=conversation, client_id=uuid4(), body=dispatch.body, collective=True)

    unguarded()  # and it is killed before it notes what it has done
    assert send_dispatches() == 1
    assert not each_has_one(people)
    assert Message.objects.count() == 2


def test_what_was_stored_and_not_noted_is_not_stored_again() -> None:
    """The second guard, for itself: the client id of the row is fixed."""
    dispatch, people = dispatch_to(1)
    row = dispatch.recipients.get()
    draft = Draft(
        author_pk=dispatch.author_id,
        conversation_pk=Conversation.objects.get().pk,
        client_id=row.client_id,
        body=dispatch.body,
        collective=True,
    )
    post_messages([draft])
    assert list(dispatches_were_sent_once())
    assert send_dispatches() == 1
    assert each_has_one(people)
    assert not list(dispatches_were_sent_once())


def test_two_workers_send_each_message_once() -> None:
    _, people = dispatch_to()

    def work() -> int:
        return send_dispatches()

    first, second = at_once(work, work)
    assert isinstance(first, int)
    assert isinstance(second, int)
    assert first + second == PEOPLE
    assert each_has_one(people)


def test_without_the_claim_and_the_lock_both_workers_send_it() -> None:
    """The control: two workers that only read what is due."""
    dispatch, _ = dispatch_to(1)
    both_have_read = Barrier(2, timeout=PATIENCE)

    def unguarded() -> Message:
        row = DispatchRecipient.objects.to_send(timezone.now()).get()
        both_have_read.wait()
        conversation = Conversation.objects.get(jobseeker=row.jobseeker_id)
        return post_message(
            actor=dispatch.author, conversation=conversation, client_id=uuid4(), body="Bonjour", collective=True
        )

    first, second = at_once(unguarded, unguarded)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert Message.objects.count() == 2


def test_a_stop_waits_for_the_message_that_is_leaving_and_ends_the_rest() -> None:
    """What the page says is stopped has not left, and what has left is not called stopped."""
    dispatch, _ = dispatch_to(3)
    leaving = dispatch.recipients.order_by("pk").first()
    assert leaving is not None
    is_held = Barrier(2, timeout=PATIENCE)

    def hold() -> None:
        with transaction.atomic():
            Conversation.objects.select_for_update().get(jobseeker=leaving.jobseeker_id)
            is_held.wait()
            until_somebody_waits()

    def send() -> bool:
        is_held.wait()
        return send_one(leaving.pk)

    def stop() -> int:
        eventually(is_taken)
        return stop_dispatch(actor=dispatch.author, dispatch=dispatch)

    def is_taken() -> bool:
        with transaction.atomic():
            return not DispatchRecipient.objects.select_for_update(skip_locked=True).filter(pk=leaving.pk).exists()

    assert at_once(hold, send, stop) == [None, True, 2]
    assert send_dispatches() == 0
    assert Message.objects.count() == 1


def test_two_stops_at_once_stop_each_message_once() -> None:
    dispatch, _ = dispatch_to(3)

    def stop() -> int:
        return stop_dispatch(actor=dispatch.author, dispatch=dispatch)

    outcomes = at_once(stop, stop)
    assert sorted(str(outcome) for outcome in outcomes if isinstance(outcome, int)) == ["3"]
    assert len([outcome for outcome in outcomes if isinstance(outcome, NotAllowedNowError)]) == 1


def test_a_dispatch_holds_up_no_conversation_of_somebody_else() -> None:
    """While the worker waits for the conversation of one person, the others write as usual."""
    dispatch, people = dispatch_to(2)
    other = pair(dispatch.author.adviser.portfolios.get())
    row = dispatch.recipients.order_by("pk").first()
    assert row is not None
    is_held, is_said = Barrier(3, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def hold() -> None:
        with transaction.atomic():
            Conversation.objects.select_for_update().get(jobseeker=row.jobseeker_id)
            is_held.wait()
            is_said.wait()

    def send() -> int:
        is_held.wait()
        return send_dispatches()

    def live() -> object:
        is_held.wait()
        until_somebody_waits()
        draft = Draft(author_pk=other.person.pk, conversation_pk=other.conversation.pk, client_id=uuid4(), body="Oui")
        (outcome,) = post_messages([draft], waits=False)
        is_said.wait()
        return outcome

    _, count, live_message = at_once(hold, send, live)
    assert count == 2
    assert isinstance(live_message, Message)
    assert Message.objects.count() == 3
    assert Message.objects.filter(conversation__jobseeker__in=people).count() == 2


def test_a_conversation_that_somebody_holds_is_tried_later_and_the_others_get_theirs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sendings, "PATIENCE", "200ms")
    dispatch, people = dispatch_to(3)
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        Conversation.objects.select_for_update().get(jobseeker=people[0])
        assert threads.submit(worked).result() == 2
    assert "is tried again" in caplog.text
    assert dispatch.recipients.waiting().get().jobseeker == people[0]
    with time_machine.travel(timezone.now() + WAITS[0] + timedelta(seconds=1)):
        assert send_dispatches() == 1
    assert each_has_one(people)


def worked() -> int:
    try:
        return send_dispatches()
    finally:
        connection.close()
