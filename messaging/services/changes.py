"""Changes and deletes one's own messages, for a quarter of an hour after they were stored.

The message itself stays as it is. Each change is a row of its own, numbered in the conversation as messages are, so
that a screen that has missed one asks for it.
"""

from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import User
from accompaniment.models.statements import in_one_trip
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.services import audit
from messaging.enums import MessageChangeKind, Panel
from messaging.locks import ConversationLocks, LockedConversation
from messaging.models import Conversation, Message, MessageChange
from messaging.reads.changes import unanswered_since, with_changes
from messaging.reads.participants import ConversationClosedError, Participants, participants
from messaging.rules import CHANGE_WITHIN, CHANGES_AT_MOST
from messaging.services import desks, live
from messaging.services.posting import check_filled_in, checked_text, message_item
from messaging.services.reply_clock import write_times
from messaging.services.reply_rises import RISES_OF

NOT_YOURS = "Ce message n'est pas de vous\u00a0: seule la personne qui l'a écrit peut le modifier ou le supprimer."
TOO_LATE = "Un message se modifie ou se supprime pendant 15 minutes. Celui-ci est plus ancien."
IS_DELETED = "Ce message est supprimé\u00a0: il ne peut plus être modifié."
OFFERS_SLOTS = "Ce message propose des créneaux\u00a0: il ne se modifie pas. Vous pouvez le supprimer."
TOO_OFTEN = f"Ce message a déjà été modifié {CHANGES_AT_MOST} fois. Écrivez-en un autre."
MEANWHILE = "Ce message a été modifié entre-temps sur un autre écran. Relisez-le, puis envoyez de nouveau votre texte."


class TooLateError(DomainError):
    """The time within which the author could change the message is over."""

    def __init__(self) -> None:
        super().__init__(TOO_LATE)


def shown_of(message: Message) -> Shown:
    """Return what a page shows of a message; load `change` with it."""
    return Shown("message", message.pk, {"change": str(message.change.number if message.change else 0)})


def change_message(*, actor: User, conversation_id: int, number: int, body: str, seen: State) -> Message:
    """Give one's own message a new text, and show it on the open screens; return the message as it is now.

    `seen` is what the screen showed of the message. The same text again changes nothing, so a change may be sent twice.
    Raises DomainError, with nothing written: for an empty, too long or unfinished text, after `CHANGE_WITHIN`, and for
    a message of somebody else, that is deleted, or that was changed meanwhile. Raises ConversationClosedError without
    the right.
    """
    text = checked_text(body)
    check_filled_in(actor, text)
    with transaction.atomic():
        found = _take(actor, conversation_id, number)
        message = found.message
        if message.is_deleted:
            raise DomainError(IS_DELETED)
        if message.text == text:
            return message
        if message.card:
            raise DomainError(OFFERS_SLOTS)
        check_seen(seen, shown_of(message), MEANWHILE)
        if message.changes.count() >= CHANGES_AT_MOST:
            raise DomainError(TOO_OFTEN)
        return _write(actor, found, MessageChangeKind.EDITED, text)


def delete_message(*, actor: User, conversation_id: int, number: int) -> Message:
    """Delete one's own message for everybody, and show this on the open screens; return the message as it is now.

    What the person asked in it no longer waits for an answer. What it answered waits again, since the person asked it:
    they read no answer any more. Deleting twice deletes once. Raises as `change_message` does.
    """
    with transaction.atomic():
        found = _take(actor, conversation_id, number)
        if found.message.is_deleted:
            return found.message
        return _write(actor, found, MessageChangeKind.DELETED, "")


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """A message of a locked conversation, and who may read this conversation."""

    locked: LockedConversation
    conversation: Conversation
    who: Participants
    message: Message


def _take(actor: User, conversation_id: int, number: int) -> _Taken:
    """Lock the conversation, then look up the right, the message and the time that is left."""
    with in_one_trip():
        locks = ConversationLocks([conversation_id], waits=True)
    locked = locks.read().get(conversation_id)
    if locked is None:
        raise ConversationClosedError
    now = timezone.now()
    conversation = Conversation.objects.select_related("jobseeker__agency__departement__region").get(pk=conversation_id)
    who = participants(conversation, now=now)
    who.check_changes(actor)
    message = Message.objects.filter(conversation=conversation, number=number).select_related("author").first()
    if message is None or message.author_id != actor.pk:
        raise DomainError(NOT_YOURS)
    (message,) = with_changes([message])
    if now > message.created_at + CHANGE_WITHIN:
        raise TooLateError
    return _Taken(locked=locked, conversation=conversation, who=who, message=message)


def _write(actor: User, found: _Taken, kind: MessageChangeKind, text: str) -> Message:
    conversation, message = found.conversation, found.message
    message.change = MessageChange.objects.create(
        conversation=conversation,
        number=found.locked.last_change + 1,
        message=message,
        kind=kind,
        body=text,
        at=timezone.now(),
    )
    conversation.last_change = message.change.number
    conversation.save(update_fields=["last_change"])
    waited = conversation.awaiting_reply_since
    since = unanswered_since(conversation.pk) if kind == MessageChangeKind.DELETED else waited
    if since != waited:
        RISES_OF.send(conversations=[conversation.pk], now=message.change.at)
        write_times(conversation, since)
    person = conversation.jobseeker
    if since or waited:
        transaction.on_commit(partial(desks.tell, found.who.staff, (Panel.MESSAGES,)))
    audit.record(
        actor=actor,
        jobseeker=person,
        action=AuditAction.MESSAGE,
        conversation=conversation.pk,
        number=message.number,
        event=kind.value,
    )
    event = live.MessageChanged(
        conversation_id=conversation.pk,
        change=message.change.number,
        number=message.number,
        readers=tuple(sorted(found.who.readers)),
        item=message_item(message),
    )
    transaction.on_commit(partial(live.publish, [event]))
    return message
