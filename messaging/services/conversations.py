"""Opening a conversation, reading on in it, and marking what was read."""

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
"""Messages that one answer carries at most; the client asks again for the rest."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A stretch of a conversation, in its order. `last` is the number of the newest message that is stored."""

    items: list[live.MessageItem]
    last: int
    read_by_person: int
    read_by_staff: int

    @property
    def more(self) -> bool:
        return bool(self.items) and self.items[-1]["number"] != self.last


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """What the open sockets of a conversation are checked against."""

    last: int
    readers: frozenset[int]
    read_by_person: int
    read_by_staff: int


def open_conversation(*, actor: User, jobseeker: Jobseeker) -> Conversation:
    """Return the person's one conversation, begun now if there is none, however many open it at once."""
    conversation, _ = Conversation.objects.get_or_create(jobseeker=jobseeker)
    participants(conversation, now=timezone.now()).check_reads(actor)
    return conversation


def enter(*, actor: User, conversation_id: int) -> Conversation:
    """Return the conversation for a screen that stays on it; reading by a covering colleague is audited.

    Raises ConversationClosedError for whoever may not read it, and for a conversation that does not exist.
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
    """Return what follows message `after`, at most `PAGE` messages.

    Raises ConversationClosedError when the right is gone.
    """
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
    """Record that the actor has read up to `number`, and show it to the others; return the mark that stands.

    A mark never goes back nor past the last message. Raises ConversationClosedError when the right is gone.
    """
    with transaction.atomic():
        conversation = Conversation.objects.select_related("jobseeker").get(pk=conversation.pk)
        who = participants(conversation, now=timezone.now())
        who.check_reads(actor)
        number = min(number, conversation.last_number)
        if actor.pk not in who.writers:
            # Who only reads along leaves no mark: the person would take it for the adviser's.
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
    """Return the state of several conversations with three queries; one that is missing does not exist any more."""
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
    """Leave an audit row when somebody else than the person and their adviser reads the conversation."""
    # `who` knows both already: the two people of the conversation cost no look-up.
    if actor.pk not in {who.person, who.follower}:
        audit.record_reading(actor=actor, jobseeker=conversation.jobseeker, part=FilePart.CONVERSATION, within=within)


def record_excerpts(*, actor: User, lines: Iterable[ListLine]) -> None:
    """Leave the rows of who reads the beginning of somebody's last message in a list."""
    audit.record_readings(
        actor=actor, people=[line.conversation.jobseeker_id for line in lines], part=FilePart.LAST_MESSAGE
    )
