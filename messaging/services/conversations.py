"""Opens a conversation, reads on in it, and marks what was read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import FilePart
from accompaniment.models import Jobseeker, User
from accompaniment.services import audit
from messaging.models import Conversation, Message, ReadMark
from messaging.reads.participants import ConversationClosedError, Participants, participants, participants_of
from messaging.reads.threads import ListLine, read_numbers
from messaging.services import live
from messaging.services.posting import message_item

PAGE = 200
"""The most messages in one answer; the client asks again for the rest."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a conversation, in order. `last` is the number of the newest stored message."""

    items: list[live.MessageItem]
    last: int
    read_by_person: int
    read_by_staff: int

    @property
    def more(self) -> bool:
        return bool(self.items) and self.items[-1]["number"] != self.last


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """The state with which open sockets of a conversation are compared."""

    last: int
    readers: frozenset[int]
    read_by_person: int
    read_by_staff: int


def open_conversation(*, actor: User, jobseeker: Jobseeker) -> Conversation:
    """Return the person's only conversation, and create it if there is none, even if several ask at once."""
    conversation, _ = Conversation.objects.get_or_create(jobseeker=jobseeker)
    participants(conversation, now=timezone.now()).check_reads(actor)
    return conversation


def enter(*, actor: User, conversation_id: int) -> Conversation:
    """Return the conversation for a screen that stays on it. A covering colleague's reading is audited.

    Raises ConversationClosedError if the actor may not read it, or if it does not exist.
    """
    with transaction.atomic():
        conversation: Conversation | None = (
            Conversation.objects.select_related("jobseeker").filter(pk=conversation_id).first()
        )
        if conversation is None:
            raise ConversationClosedError
        who = participants(conversation, now=timezone.now())
        who.check_reads(actor)
        record_reading(actor=actor, conversation=conversation, who=who)
        return conversation


def read_on(*, actor: User, conversation_id: int, after: int) -> Page:
    """Return the messages after number `after`, at most `PAGE`. Raises ConversationClosedError if the right is gone."""
    conversation = Conversation.objects.select_related("jobseeker").get(pk=conversation_id)
    participants(conversation, now=timezone.now()).check_reads(actor)
    messages = Message.objects.filter(conversation=conversation).after(after).select_related("author")[:PAGE]
    marks = read_numbers([conversation])[conversation.pk]
    return Page(
        items=[message_item(message) for message in messages],
        last=conversation.last_number,
        read_by_person=marks[0],
        read_by_staff=marks[1],
    )


def mark_read(*, actor: User, conversation: Conversation, number: int) -> int:
    """Record that the actor has read up to `number`, and show it to the others; return the present mark.

    A mark never goes back or past the last message. Raises ConversationClosedError if the right is gone.
    """
    with transaction.atomic():
        conversation = Conversation.objects.select_related("jobseeker").get(pk=conversation.pk)
        who = participants(conversation, now=timezone.now())
        who.check_reads(actor)
        number = min(number, conversation.last_number)
        if actor.pk not in who.writers:
            # A former adviser, who may only read, leaves no mark. The person would take it for the adviser's.
            return number
        mark, _ = ReadMark.objects.get_or_create(
            conversation=conversation, user=actor, defaults={"number": 0, "at": timezone.now()}
        )
        moved = ReadMark.objects.filter(pk=mark.pk, number__lt=number).update(number=number, at=timezone.now())
        if not moved:
            return mark.number
        event = live.ReadUpTo(
            conversation_id=conversation.pk,
            number=number,
            staff=not actor.is_jobseeker,
            readers=tuple(sorted(who.readers)),
        )
        transaction.on_commit(lambda: live.publish(event))
    return number


def live_states(conversation_ids: Collection[int]) -> dict[int, LiveState]:
    """Return the state of several conversations with three queries. A missing one no longer exists."""
    conversations = list(Conversation.objects.select_related("jobseeker").filter(pk__in=conversation_ids))
    who: dict[int, Participants] = participants_of(conversations, now=timezone.now())
    marks = read_numbers(conversations)
    return {
        conversation.pk: LiveState(
            last=conversation.last_number,
            readers=who[conversation.pk].readers,
            read_by_person=marks[conversation.pk][0],
            read_by_staff=marks[conversation.pk][1],
        )
        for conversation in conversations
    }


def record_reading(
    *, actor: User, conversation: Conversation, who: Participants, within: timedelta = audit.ONE_READING
) -> None:
    """Leave an audit row if anybody but the person and their adviser reads the conversation."""
    # `who` already has the two people of the conversation, so they need no query.
    if actor.pk not in {who.person, who.follower}:
        audit.record_reading(actor=actor, jobseeker=conversation.jobseeker, part=FilePart.CONVERSATION, within=within)


def record_excerpts(*, actor: User, lines: Iterable[ListLine]) -> None:
    """Record the reading of everybody whose last message a list shows in part."""
    audit.record_readings(
        actor=actor, people=[line.conversation.jobseeker_id for line in lines], part=FilePart.LAST_MESSAGE
    )
