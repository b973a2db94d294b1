"""Sends one text to several people in the background, as a message in each person's own conversation.

The act writes a dispatch with one row per person. A worker sends them one by one, each in a transaction that locks the
row, stores the message and notes it in the row. So a message is stored with its row or not at all: a worker that is
killed leaves nobody out, and nobody gets the text twice. The messages answer nobody and are no contacts.
"""

import logging
from collections.abc import Collection, Sequence
from time import perf_counter
from uuid import UUID, uuid5

from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from accompaniment.models import User
from accompaniment.models.statements import Statement
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from caseload.services.desk.selections import SOMEBODY_AT_IT, followed_among
from messaging.enums import NotSentFor
from messaging.locks import lock_waiting_recipient, lock_waiting_recipients, take_recipients
from messaging.models import Dispatch, DispatchRecipient
from messaging.services.channels import TRIES
from messaging.services.claims import claimed, give_back
from messaging.services.conversations import open_conversation
from messaging.services.posting import Draft, check_filled_in, checked_text, post_messages

logger = logging.getLogger(__name__)

JOB = "messaging.jobs.send_dispatches"
ROUND = 5.0
"""Seconds after which a worker is free for other jobs; the next round begins as often."""
BATCH = 20
"""The messages of one claim. If the worker dies, they wait for two minutes; the others do not."""

PATIENCE = "5s"
"""How long a message may stand behind the lock of somebody else. Then it is tried later, and the others go on."""

NO_ACCOUNT = "Cette personne n'a pas encore de compte\u00a0: elle ne lirait pas ce message. Appelez-la."
NOT_FOLLOWED = "Vous ne suivez plus cette personne."
NOBODY = "Aucune de ces personnes n'est dans vos portefeuilles. Choisissez-en d'autres."
NOTHING_LEFT = "Il n'y a plus rien à arrêter\u00a0: tous les messages ont été traités."
NOT_YOURS = "Seule la personne qui a écrit ce message peut l'arrêter."


WAIT_AT_MOST = Statement("SELECT set_config('lock_timeout', %(patience)s, true)")


def start_dispatch(*, actor: User, people: Collection[int], token: UUID, body: str) -> Dispatch:
    """Write a dispatch to those of the people whom the actor follows or covers, and ask a worker to send it.

    The same text with the same `token` is the same dispatch: people who are not in it yet are added, and nobody is in
    it twice. Raises DomainError for an empty, too long or unfinished text, or if the actor follows none of the people.
    """
    text = checked_text(body)
    check_filled_in(actor, text)
    with transaction.atomic():
        followed = followed_among(actor=actor, people=people)
        if not followed:
            raise DomainError(NOBODY)
        now = timezone.now()
        dispatch, _ = Dispatch.objects.get_or_create(
            author=actor, token=uuid5(token, text), defaults={"body": text, "created_at": now}
        )
        DispatchRecipient.objects.bulk_create(
            [DispatchRecipient(dispatch=dispatch, jobseeker=each, next_try_at=now) for each in followed],
            ignore_conflicts=True,
        )
        transaction.on_commit(call_a_worker)
    return dispatch


def stop_dispatch(*, actor: User, dispatch: Dispatch) -> int:
    """Give up what has not left yet; return how many messages.

    Raises NoRightError unless the actor wrote it, NotAllowedNowError if nothing is left.
    """
    if dispatch.author_id != actor.pk:
        raise NoRightError(NOT_YOURS)
    with transaction.atomic():
        rows = lock_waiting_recipients(dispatch)
        if not rows:
            raise NotAllowedNowError(NOTHING_LEFT)
        of_them = DispatchRecipient.objects.filter(pk__in=[row.pk for row in rows])
        of_them.update(given_up_at=timezone.now(), given_up_for=NotSentFor.STOPPED)
    return len(rows)


def call_a_worker() -> None:
    """Ask a worker to send what waits. If no broker answers, the next scheduled round does it."""
    try:
        current_app.tasks[JOB].apply_async(retry=False)
    except BrokerError as error:
        logger.warning("no broker to send messages: %s", error)


def send_dispatches() -> int:
    """Send what waits, for `ROUND` seconds at most; return how many messages have left.

    One person at a time, so no other conversation waits for it. A message that fails is tried again later, and delays
    nobody else.
    """
    over, sent = perf_counter() + ROUND, 0
    while perf_counter() < over and (rows := claim()):
        untried = list(reversed(rows))
        try:
            while untried and perf_counter() < over:
                sent += send_one(untried.pop().pk)
        finally:
            give_back(untried, now=timezone.now())
    return sent


def claim(*, most: int = BATCH) -> list[DispatchRecipient]:
    """Claim messages that no other worker is claiming. What has failed too often is given up, and says so."""
    now = timezone.now()
    return claimed(lambda: take_recipients(now, most=most), _put_aside_among, now=now)


def _put_aside_among(rows: Sequence[DispatchRecipient]) -> list[DispatchRecipient]:
    failed = [row for row in rows if row.attempts >= TRIES]
    for row in failed:
        _refuse(row, SOMEBODY_AT_IT)
    return failed


def send_one(pk: int) -> bool:
    """Send one message, or note why it is refused; return whether it has left. What has left or was stopped stays."""
    try:
        with transaction.atomic():
            WAIT_AT_MOST.send(patience=PATIENCE)
            row = lock_waiting_recipient(pk)
            if row is None:
                return False
            try:
                _store(row)
            except DomainError as refusal:
                _refuse(row, refusal.sentence)
    except Exception:
        logger.exception("message %s of a dispatch was not sent; it is tried again", pk)
        return False
    return row.sent_at is not None


def _store(row: DispatchRecipient) -> None:
    """Store the message of a locked row, and note it. The right is looked up under the lock of the conversation."""
    author, person = row.dispatch.author, row.jobseeker
    if not followed_among(actor=author, people=[person.pk]):
        raise NoRightError(NOT_FOLLOWED)
    if person.user_id is None:
        raise DomainError(NO_ACCOUNT)
    draft = Draft(
        author_pk=author.pk,
        conversation_pk=open_conversation(actor=author, jobseeker=person).pk,
        client_id=row.client_id,
        body=row.dispatch.body,
        collective=True,
    )
    (outcome,) = post_messages([draft])
    if isinstance(outcome, Exception):
        raise outcome
    row.message, row.sent_at = outcome, timezone.now()
    row.save(update_fields=["message", "sent_at"])


def _refuse(row: DispatchRecipient, why: str) -> None:
    row.given_up_at, row.given_up_for, row.why = timezone.now(), NotSentFor.REFUSED, why
    row.save(update_fields=["given_up_at", "given_up_for", "why"])
