"""Stores messages. Every message, from any author and by any way, goes through `post_message`.

This path has to be fast. A version that writes several messages in one statement could replace it without changes for
its callers.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Channel, ContactNature
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import excess_in_words
from accompaniment.rules.parsing import lines_in
from accompaniment.services import audit, journal
from accompaniment.services.bounds import check_bound
from caseload.services.desk.summaries import write_summary
from messaging.enums import Panel
from messaging.locks import lock_conversation
from messaging.models import Conversation, Message
from messaging.reads.participants import Participants, participants
from messaging.rules import BODY_LIMIT
from messaging.services import desks, live


def post_message(
    *, actor: User, conversation: Conversation, client_id: UUID, body: str, collective: bool = False
) -> Message:
    """Store a message and return it with its number; then show it on the open screens.

    A message with the same author and `client_id` is stored once: sending it again returns the stored row, whatever the
    text. A `collective` text, which goes to several people, answers nobody and is no contact. The right to write is
    checked under the conversation's lock, so that a hand-over counts at once. Raises DomainError for an empty or too
    long text, a lost right, or a `client_id` of another conversation, with nothing written.
    """
    text = _checked(body)
    with transaction.atomic():
        locked = lock_conversation(conversation.pk)
        standing = Message.objects.filter(author=actor, client_id=client_id).first()
        if standing is not None:
            if standing.conversation_id != locked.pk:
                raise DomainError("Votre message n'est pas parti. Actualisez la page, puis renvoyez-le.")
            return standing
        now = timezone.now()
        who = participants(locked, now=now)
        who.check_writes(actor)
        if actor.is_jobseeker:
            check_bound(
                BoundedAct.MESSAGES,
                done=lambda since: locked.messages.filter(author=actor, created_at__gt=since).count(),
            )
        waited_since = locked.awaiting_reply_since
        message = _append(locked, author=actor, client_id=client_id, text=text, at=now, collective=collective)
        _tell_the_file(locked, message=message, actor=actor)
        _show_after_commit(message, who)
        if locked.awaiting_reply_since != waited_since:
            transaction.on_commit(partial(desks.tell, who.staff, (Panel.MESSAGES,)))
    return message


def _checked(body: str) -> str:
    text = lines_in(body).strip()
    if not text:
        raise DomainError("Écrivez votre message avant de l'envoyer.", about="body")
    if len(text) > BODY_LIMIT:
        raise DomainError(excess_in_words(len(text), most=BODY_LIMIT), about="body")
    return text


def _append(
    conversation: Conversation, *, author: User, client_id: UUID, text: str, at: datetime, collective: bool
) -> Message:
    """Give the message the next number. The conversation is locked, so nobody else takes it."""
    message = Message.objects.create(
        conversation=conversation,
        number=conversation.last_number + 1,
        author=author,
        client_id=client_id,
        body=text,
        collective=collective,
        created_at=at,
    )
    conversation.last_number = message.number
    if author.is_jobseeker:
        conversation.awaiting_reply_since = conversation.awaiting_reply_since or at
    elif not collective:
        conversation.awaiting_reply_since = None
    conversation.save(update_fields=["last_number", "awaiting_reply_since"])
    return message


def _tell_the_file(conversation: Conversation, *, message: Message, actor: User) -> None:
    """Update the lower floors: portfolio row, journal (one line a day) and audit (never the text)."""
    if not message.collective:
        _tell_of_contact(conversation, message=message, actor=actor)
    audit.record(
        actor=actor,
        jobseeker=conversation.jobseeker,
        action=AuditAction.MESSAGE,
        conversation=conversation.pk,
        number=message.number,
    )


def _tell_of_contact(conversation: Conversation, *, message: Message, actor: User) -> None:
    person = conversation.jobseeker
    day = message.created_at.astimezone(person.agency.zone).date()
    write_summary(
        jobseeker_id=person.pk,
        awaiting_reply_since=conversation.awaiting_reply_since,
        last_contact_at=message.created_at,
        last_contact_channel=Channel.CHAT,
    )
    journal.write_contact(
        jobseeker=person,
        at=message.created_at,
        channel=Channel.CHAT,
        nature=ContactNature.MESSAGE,
        author=actor,
        source=f"chat:{conversation.pk}:{day}",
    )


def _show_after_commit(message: Message, who: Participants) -> None:
    event = live.MessageStored(
        conversation_id=message.conversation_id,
        number=message.number,
        readers=tuple(sorted(who.readers)),
        # As the account is called now: a socket knows its owner from the moment at which it was opened.
        item=message_item(Message.objects.select_related("author").get(pk=message.pk)),
    )
    transaction.on_commit(lambda: live.publish(event))


def message_item(message: Message) -> live.MessageItem:
    """Return a message as sent to screens; load `author` with it."""
    return {
        "number": message.number,
        "author": message.author_id,
        "name": message.author.full_name,
        "staff": not message.author.is_jobseeker,
        "client_id": str(message.client_id),
        "at": message.created_at.isoformat(),
        "body": message.body,
    }
