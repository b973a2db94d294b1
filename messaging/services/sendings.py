"""How a worker sends messages that wait: claimed a few at a time, each stored in a transaction of its own.

The transaction locks the row, stores the message and notes it in the row. So a message is stored with its row or not
at all: a worker that is killed leaves nothing out and sends nothing twice. A row that was claimed by a dead worker is
tried again by itself.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter
from typing import TypeVar

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accompaniment.models.statements import Statement
from accompaniment.rules.errors import DomainError
from caseload.services.desk.selections import SOMEBODY_AT_IT
from messaging.enums import NotSentFor
from messaging.models import DispatchRecipient, Message, PlannedMessage
from messaging.services.channels import TRIES
from messaging.services.claims import claimed, give_back
from messaging.services.posting import Draft, post_messages

logger = logging.getLogger(__name__)

Row = TypeVar("Row", DispatchRecipient, PlannedMessage)

ROUND = 5.0
"""Seconds after which a worker is free for other jobs; the next round begins as often."""
BATCH = 20
"""The messages of one claim. If the worker dies, these wait for two minutes; the others do not."""
PATIENCE = "5s"
"""How long a message may stand behind the lock of somebody else. Then it is tried later, and the others go on."""

WAIT_AT_MOST = Statement("SELECT set_config('lock_timeout', %(patience)s, true)")


def call_a_worker(job: str) -> None:
    """Ask a worker to send what waits. If no broker answers, the next scheduled round does it."""
    try:
        current_app.tasks[job].apply_async(retry=False)
    except BrokerError as error:
        logger.warning("no broker to send messages: %s", error)


def send_due(take: Callable[[datetime, int], Sequence[Row]], send: Callable[[int], bool]) -> int:
    """Send what is due, for `ROUND` seconds at most; return how many messages have left.

    `take` locks due rows; `send` sends one, by its key. A message that fails is tried again later, and delays no other.
    """
    over, sent = perf_counter() + ROUND, 0
    while perf_counter() < over and (rows := _claim(take)):
        untried = list(reversed(rows))
        try:
            while untried and perf_counter() < over:
                sent += send(untried.pop().pk)
        finally:
            give_back(untried, now=timezone.now())
    return sent


def _claim(take: Callable[[datetime, int], Sequence[Row]]) -> list[Row]:
    """Claim messages that no other worker is claiming. What has failed too often is given up, and says so."""
    now = timezone.now()
    return claimed(lambda: take(now, BATCH), _put_aside_among, now=now)


def _put_aside_among(rows: Sequence[Row]) -> list[Row]:
    failed = [row for row in rows if row.attempts >= TRIES]
    for row in failed:
        refuse(row, SOMEBODY_AT_IT)
    return failed


def send_one(pk: int, lock: Callable[[int], Row | None], store: Callable[[Row], Message]) -> bool:
    """Send one message, or note why it is refused; return whether it has left. What no longer waits stays as it is.

    `lock` locks the row if it still waits. `store` stores the message of the locked row; a DomainError refuses it.
    """
    try:
        with transaction.atomic():
            WAIT_AT_MOST.send(patience=PATIENCE)
            row = lock(pk)
            if row is None:
                return False
            try:
                store(row)
            except DomainError as refusal:
                refuse(row, refusal.sentence)
    except Exception:
        logger.exception("message %s was not sent; it is tried again", pk)
        return False
    return row.sent_at is not None


def store_message(row: DispatchRecipient | PlannedMessage, draft: Draft) -> Message:
    """Store the message of a locked row, and note it in the row; raise DomainError if it is refused.

    The right to write is looked up under the lock of the conversation.
    """
    (outcome,) = post_messages([draft])
    if isinstance(outcome, Exception):
        raise outcome
    row.message, row.sent_at = outcome, timezone.now()
    row.save(update_fields=["message", "sent_at"])
    return outcome


def refuse(row: DispatchRecipient | PlannedMessage, why: str) -> None:
    """Note that a message is not sent, and why."""
    row.given_up_at, row.given_up_for, row.why = timezone.now(), NotSentFor.REFUSED, why
    row.save(update_fields=["given_up_at", "given_up_for", "why"])
