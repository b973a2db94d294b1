"""Opens a conversation, reads on in it, and marks what was read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import FilePart
from accompaniment.models import Jobseeker, User
from accompaniment.services import audit
from messaging.models import Conversation, Message, ReadMark
from messaging.reads.attachments import attached_to, with_left
from messaging.reads.changes import changes_after, with_changes
from messaging.reads.participants import NOBODY, ConversationClosedError, Participants, participants, participants_of
from messaging.reads.threads import ListLine, messages_after, read_numbers
from messaging.services import live
from messaging.services.posting import message_item

PAGE = 200
"""The most messages in one answer; the client asks again for the rest."""

PAGE_BACK = 50
"""The most older messages in one answer."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a conversation, in order. `last` is the number of the newest stored message."""

    items: list[live.MessageItem]
    last: int
    read_by_person: int
    read_by_staff: int
    others: frozenset[int]
    """The accounts of the other side."""
    changes: list[live.MessageItem] = field(default_factory=list)
    """Messages that were changed, each as it was after one change, in the order of the changes."""
    changed: int = 0
    """The number of the last of these changes; without one that from which was asked."""
    last_change: int = 0

    @property
    def more(self) -> bool:
        more_messages = bool(self.items) and self.items[-1]["number"] != self.last
        return more_messages or (bool(self.changes) and self.changed != self.last_change)


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """The state with which open sockets of a conversation are compared."""

    last: int
    readers: frozenset[int]
    read_by_person: int
    read_by_staff: int
    last_change: int


def open_conversation(*, actor: User, jobseeker: Jobseeker) -> Conversation:
    """Return the person's only conversation, and create it if there is none, even if several ask at once."""
    conversation, _ = Conversation.objects.get_or_create(jobseeker=jobseeker)
    participants(conversation, now=timezone.now()).check_reads(actor)
    return conversation


@dataclass(frozen=True, kw_only=True)
class Asking:
    """An account on a conversation; it has all messages up to number `after`, and all changes up to `changed`.

    Without `changed` it does not follow changes.
    """

    user_pk: int
    conversation_pk: int
    after: int = 0
    changed: int | None = None


def enter(*, actor: User, conversation_id: int) -> None:
    """Let a screen in that stays on a conversation; see `enter_all`. Raises ConversationClosedError."""
    (refused,) = enter_all([Asking(user_pk=actor.pk, conversation_pk=conversation_id)])
    if refused is not None:
        raise refused


def enter_all(askings: Sequence[Asking]) -> list[ConversationClosedError | None]:
    """Let screens in that stay on their conversations, with two queries for all of them.

    The answer for each is None, or ConversationClosedError if the account may not read the conversation, or if it does
    not exist. The reading of anybody but the person and their adviser is audited.
    """
    with transaction.atomic():
        found = _looked_up(askings)
        return [_entered(asking, found) for asking in askings]


def _entered(asking: Asking, found: "_LookedUp") -> ConversationClosedError | None:
    conversation, who = found.of(asking)
    if conversation is None or asking.user_pk not in who.readers:
        return ConversationClosedError()
    if asking.user_pk not in {who.person, who.follower}:
        actor = User.objects.get(pk=asking.user_pk)
        record_reading(actor=actor, conversation=conversation, who=who)
    return None


@dataclass(frozen=True)
class _LookedUp:
    conversations: dict[int, Conversation]
    who: dict[int, Participants]

    def of(self, asking: Asking) -> tuple[Conversation | None, Participants]:
        pk = asking.conversation_pk
        return self.conversations.get(pk), self.who.get(pk, NOBODY)

    def last_change(self, asking: Asking) -> int:
        conversation = self.conversations.get(asking.conversation_pk)
        return 0 if conversation is None else conversation.last_change


def _looked_up(askings: Sequence[Asking]) -> _LookedUp:
    """Read the conversations and who may read them now, with two queries."""
    conversations = Conversation.objects.select_related("jobseeker").in_bulk(
        {asking.conversation_pk for asking in askings}
    )
    return _LookedUp(conversations, participants_of(conversations.values(), now=timezone.now()))


def read_on(*, actor: User, conversation_id: int, after: int, changed: int | None = None) -> Page:
    """Return the messages after number `after`, at most `PAGE`. Raises ConversationClosedError if the right is gone."""
    (page,) = read_on_all([Asking(user_pk=actor.pk, conversation_pk=conversation_id, after=after, changed=changed)])
    if isinstance(page, Exception):
        raise page
    return page


def read_back(*, actor: User, conversation_id: int, before: int) -> list[live.MessageItem]:
    """Return the last messages before a number, at most `PAGE_BACK`, in order.

    Raises ConversationClosedError if the right is gone.
    """
    conversation = Conversation.objects.select_related("jobseeker").get(pk=conversation_id)
    participants(conversation, now=timezone.now()).check_reads(actor)
    earlier = Message.objects.filter(conversation=conversation, number__lt=before).select_related("author")
    messages = with_changes(earlier.order_by("-number")[:PAGE_BACK])
    files = attached_to(messages)
    with_left(messages)
    return [message_item(message, files.get(message.pk, ())) for message in reversed(messages)]


def read_on_all(askings: Sequence[Asking]) -> list[Page | ConversationClosedError]:
    """Return for each the messages that it misses, at most `PAGE`, with four queries for all of them.

    If any of the conversations has changes, they take one or two queries more.
    A fifth reads their files, and a sixth which files of their e-mails they do not carry, if there are any.
    The answer is ConversationClosedError if the account may not read the conversation.
    """
    found = _looked_up(askings)
    marks = read_numbers(found.conversations.values())
    behind = {asking for asking in askings if _last(asking, found) > asking.after}
    messages = messages_after({(asking.conversation_pk, asking.after) for asking in behind}, most=PAGE)
    missing = {
        (asking.conversation_pk, asking.changed)
        for asking in askings
        if asking.changed is not None and _last(asking, found) >= 0 and found.last_change(asking) > asking.changed
    }
    changes = changes_after(missing, most=PAGE)
    if any(found.last_change(asking) for asking in behind):
        with_changes(message for some in messages.values() for message in some)
    files = attached_to(message for page in messages.values() for message in page)
    with_left(message for page in messages.values() for message in page)
    return [
        Page(
            items=[
                message_item(message, files.get(message.pk, ()))
                for message in messages.get((asking.conversation_pk, asking.after), ())
            ],
            last=_last(asking, found),
            read_by_person=marks[asking.conversation_pk][0],
            read_by_staff=marks[asking.conversation_pk][1],
            others=found.of(asking)[1].across(asking.user_pk),
            **_changes_for(asking, found, changes),
        )
        if _last(asking, found) >= 0
        else ConversationClosedError()
        for asking in askings
    ]


def _changes_for(
    asking: Asking, found: _LookedUp, changes: Mapping[tuple[int, int], Sequence[Message]]
) -> dict[str, Any]:
    changed = asking.changed or 0
    messages = changes.get((asking.conversation_pk, changed), ()) if asking.changed is not None else ()
    return {
        "changes": [message_item(message) for message in messages],
        "changed": max((message.change.number for message in messages if message.change), default=changed),
        "last_change": found.last_change(asking),
    }


def _last(asking: Asking, found: _LookedUp) -> int:
    """Return the number of the last message, or -1 if the account may not read the conversation."""
    conversation, who = found.of(asking)
    return -1 if conversation is None or asking.user_pk not in who.readers else conversation.last_number


@dataclass(frozen=True, kw_only=True)
class Writing:
    """An account that is writing a message, and its name."""

    asking: Asking
    name: str


def tell_typing(writings: Sequence[Writing]) -> list[ConversationClosedError | None]:
    """Show on the screens of their conversations that these accounts are writing, with two queries for all of them.

    The answer for each is None, or ConversationClosedError if the account may not write there.
    """
    found = _looked_up([writing.asking for writing in writings])
    answers: list[ConversationClosedError | None] = []
    events = []
    for writing in writings:
        _, who = found.of(writing.asking)
        if writing.asking.user_pk not in who.writers:
            answers.append(ConversationClosedError())
            continue
        answers.append(None)
        events.append(
            live.Typing(
                conversation_id=writing.asking.conversation_pk,
                user_pk=writing.asking.user_pk,
                name=writing.name,
                readers=tuple(sorted(who.readers)),
            )
        )
    live.publish(events)
    return answers


def mark_read(*, actor: User, conversation_id: int, number: int) -> int:
    """Record that the actor has read up to `number`, and show it to the others; return the present mark.

    A mark never goes back or past the last message. Raises ConversationClosedError if the right is gone.
    """
    with transaction.atomic():
        conversation = Conversation.objects.select_related("jobseeker").get(pk=conversation_id)
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
        transaction.on_commit(lambda: live.publish([event]))
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
            last_change=conversation.last_change,
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
