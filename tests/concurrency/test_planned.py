"""Messages that wait until an agency opens, while workers die or run beside each other, and their authors act."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accompaniment.models import OpeningHours
from accompaniment.rules.errors import NotAllowedNowError
from messaging.models import Conversation, Message, PlannedMessage
from messaging.reads.invariants import planned_messages_were_sent_once, summaries_say_what_is_planned
from messaging.services.channels import WAITS
from messaging.services.planned import plan_message, send_now, send_one, send_planned, withdraw
from messaging.services.posting import post_message
from tests.caseload.factories import PortfolioFactory
from tests.concurrency.threads import (
    LONG,
    PATIENCE,
    at_once,
    nobody_else_works,
    until_somebody_waits,
    waiting_for_locks,
)
from tests.config.embedded_clients import PROJECT, eventually
from tests.messaging.factories import Pair, pair

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 6
BEFORE = timedelta(days=20)
"""They are written so long ago that every agency has opened since, whatever the hour of the test."""
WORKER = """
import sys, django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from messaging.services.planned import send_planned
send_planned()
"""


def planned(count: int = PEOPLE) -> list[Pair]:
    """Return people for each of whom a message is due now."""
    portfolio = PortfolioFactory()
    pairs = [pair(portfolio) for _ in range(count)]
    written = timezone.now() - BEFORE
    for one in pairs:
        PlannedMessage.objects.create(
            conversation=one.conversation,
            author=one.adviser,
            client_id=uuid4(),
            body="Voici ma réponse.",
            written_at=written,
            due_at=written + timedelta(days=1),
            next_try_at=written + timedelta(days=1),
            after_number=0,
        )
    return pairs


def each_has_one(pairs: list[Pair]) -> bool:
    got = Message.objects.values_list("conversation", flat=True)
    return sorted(got) == sorted(one.conversation.pk for one in pairs)


def test_a_worker_is_killed_in_the_middle_and_another_one_finishes() -> None:
    pairs = planned()
    held = PlannedMessage.objects.order_by("pk")[PEOPLE // 2]
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=held.conversation_id)
        worker = subprocess.Popen([sys.executable, "-c", WORKER, str(connection.settings_dict["NAME"])], cwd=PROJECT)
        try:
            eventually(lambda: waiting_for_locks() > 0, LONG)
        finally:
            worker.kill()
            assert worker.wait(PATIENCE) == -9
    eventually(nobody_else_works)
    assert Message.objects.count() == PEOPLE // 2
    with time_machine.travel(timezone.now() + WAITS[0] + timedelta(seconds=1)):
        assert [send_planned() for _ in range(2)] == [PEOPLE - PEOPLE // 2, 0]
    assert each_has_one(pairs)
    assert not list(planned_messages_were_sent_once())


def test_without_the_guard_a_killed_worker_sends_twice() -> None:
    """The control: the message is stored with a new client id, and noted in another transaction."""
    (one,) = planned(1)
    post_message(actor=one.adviser, conversation=one.conversation, client_id=uuid4(), body="Voici ma réponse.")
    assert send_planned() == 1
    assert Message.objects.count() == 2


def test_two_workers_send_each_message_once() -> None:
    pairs = planned()
    first, second = at_once(send_planned, send_planned)
    assert isinstance(first, int)
    assert isinstance(second, int)
    assert first + second == PEOPLE
    assert each_has_one(pairs)


def test_without_the_claim_and_the_lock_both_workers_send_it() -> None:
    """The control: two workers that only read what is due."""
    (one,) = planned(1)
    both_have_read = Barrier(2, timeout=PATIENCE)

    def unguarded() -> Message:
        row = PlannedMessage.objects.to_send(timezone.now()).get()
        both_have_read.wait()
        return post_message(actor=one.adviser, conversation=one.conversation, client_id=uuid4(), body=row.body)

    assert all(isinstance(outcome, Message) for outcome in at_once(unguarded, unguarded))
    assert Message.objects.count() == 2


@pytest.mark.parametrize("act", [send_now, withdraw])
def test_its_author_acts_while_the_worker_sends_it(act: Callable[..., object]) -> None:
    """The worker has the row in hand. The act waits for it, and then says that the message has left."""
    (one,) = planned(1)
    row = PlannedMessage.objects.get()
    is_held = Barrier(2, timeout=PATIENCE)

    def hold() -> None:
        with transaction.atomic():
            Conversation.objects.select_for_update().get(pk=one.conversation.pk)
            is_held.wait()
            until_somebody_waits()
            eventually(lambda: waiting_for_locks() > 1)

    def send() -> bool:
        is_held.wait()
        return send_one(row.pk)

    def author() -> object:
        eventually(is_taken)
        return act(actor=one.adviser, planned=row)

    def is_taken() -> bool:
        with transaction.atomic():
            return not PlannedMessage.objects.select_for_update(skip_locked=True).filter(pk=row.pk).exists()

    _, has_left, refused = at_once(hold, send, author)
    assert has_left is True
    assert isinstance(refused, NotAllowedNowError)
    assert Message.objects.count() == 1
    assert not list(planned_messages_were_sent_once())


def test_two_screens_plan_the_same_message_once() -> None:
    with time_machine.travel(datetime(2026, 12, 5, 20, tzinfo=UTC), tick=False):
        two, client_id = pair(), uuid4()
        assert OpeningHours.objects.filter(agency=two.jobseeker.agency).exists()

        def plan() -> object:
            return plan_message(
                actor=two.adviser, conversation=two.conversation, client_id=client_id, body="Voici ma réponse."
            )

        first, second = at_once(plan, plan)
        assert isinstance(first, PlannedMessage)
        assert first == second
        assert PlannedMessage.objects.count() == 1
        assert not list(summaries_say_what_is_planned())
