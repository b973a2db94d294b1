"""Sends one text to several people in the background, as a message in each person's own conversation.

The act writes a dispatch with one row per person, and a worker sends them one by one (`services.sendings`). The
messages answer nobody and are no contacts.
"""

from collections.abc import Collection
from functools import partial
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from accompaniment.models import User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from caseload.services.desk.selections import followed_among
from messaging.enums import NotSentFor
from messaging.locks import lock_waiting_recipient, lock_waiting_recipients, take_recipients
from messaging.models import Dispatch, DispatchRecipient, Message
from messaging.services import sendings
from messaging.services.conversations import open_conversation
from messaging.services.posting import Draft, check_filled_in, checked_text

JOB = "messaging.jobs.send_dispatches"

NO_ACCOUNT = "Cette personne n'a pas encore de compte\u00a0: elle ne lirait pas ce message. Appelez-la."
NOT_FOLLOWED = "Vous ne suivez plus cette personne."
NOBODY = "Aucune de ces personnes n'est dans vos portefeuilles. Choisissez-en d'autres."
NOTHING_LEFT = "Il n'y a plus rien à arrêter\u00a0: tous les messages ont été traités."
NOT_YOURS = "Seule la personne qui a écrit ce message peut l'arrêter."


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
        transaction.on_commit(partial(sendings.call_a_worker, JOB))
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


def send_dispatches() -> int:
    """Send what waits; return how many messages have left. One person at a time, so no conversation waits for it."""
    return sendings.send_due(take_recipients, send_one)


def send_one(pk: int) -> bool:
    """Send one message, or note why it is refused; return whether it has left. What has left or was stopped stays."""
    return sendings.send_one(pk, lock_waiting_recipient, _store)


def _store(row: DispatchRecipient) -> Message:
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
    return sendings.store_message(row, draft)
