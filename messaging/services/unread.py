"""Tells people of messages that they have not read, by one notification for all that came within two minutes.

A round looks at the messages after the last one that every earlier round has dealt with, so it reads a few minutes of
messages, however many there are. A message that is read within two minutes is told to nobody.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NoticeChannel, NotificationKind, Topic
from accompaniment.models import NoticeSettings, User
from accompaniment.services import outbox
from accompaniment.services.devices import with_device
from messaging.locks import take_unread_round
from messaging.models import Conversation, Message, ReadMark, ToldMark, UnreadRound
from messaging.reads.participants import participants_of

WAIT = timedelta(minutes=2)
"""How long a message may wait for its reader. It is also longer than any transaction that stores one."""
AT_ONCE = 2000
"""The most messages in one round."""


@dataclass
class Waiting:
    """What one reader has not read and was not told of."""

    messages: list[Message] = field(default_factory=list)

    def is_due(self, now: datetime) -> bool:
        return min(message.created_at for message in self.messages) <= now - WAIT


def tell_unread() -> int:
    """Put one notification for each reader whose oldest new message waits for two minutes into the outbox.

    Returns how many. Another worker that is at it leaves nothing to do.
    """
    now = timezone.now()
    with transaction.atomic():
        first = Message.objects.aggregate(last=Max("pk"))["last"] or 0
        UnreadRound.objects.get_or_create(pk=1, defaults={"message": first})
        done = take_unread_round()
        if done is None:
            return 0
        fresh = list(
            Message.objects.filter(pk__gt=done.message)
            .standing()
            .select_related("author", "conversation__jobseeker__user")
            .order_by("pk")[:AT_ONCE]
        )
        if not fresh:
            return 0
        waiting = _waiting(fresh, now=now)
        due = {reader: one for reader, one in waiting.items() if one.is_due(now)}
        told = [_tell(reader, one.messages, now=now) for reader, one in due.items()]
        later = {message.pk for reader, one in waiting.items() if reader not in due for message in one.messages}
        later |= {message.pk for message in fresh if message.created_at > now - WAIT}
        done.message = min(later) - 1 if later else fresh[-1].pk
        done.save(update_fields=["message"])
        return sum(told)


def _waiting(messages: Iterable[Message], *, now: datetime) -> dict[User, Waiting]:
    """Return what each reader who wants to be told has not read and was not told of."""
    conversations = {message.conversation_id: message.conversation for message in messages}
    participants = participants_of(conversations.values(), now=now)
    readers = {pk for one in participants.values() for pk in one.writers}
    accounts = User.objects.filter(pk__in=readers, is_active=True).select_related("notice_settings").in_bulk()
    devices = with_device(accounts)
    wanting = {pk: user for pk, user in accounts.items() if _wants(user, has_device=pk in devices)}
    seen: defaultdict[tuple[int, int], int] = defaultdict(int)
    tables: tuple[type[ReadMark | ToldMark], ...] = (ReadMark, ToldMark)
    for table in tables:
        marks = table.objects.filter(conversation__in=conversations)
        for conversation, user, number in marks.values_list("conversation", "user", "number"):
            seen[(conversation, user)] = max(seen[(conversation, user)], number)
    found: defaultdict[User, Waiting] = defaultdict(Waiting)
    for message in messages:
        one = participants[message.conversation_id]
        from_person = message.author_id == one.person
        side = one.staff if from_person else one.writers - one.staff
        for pk in side & wanting.keys():
            if message.number > seen[(message.conversation_id, pk)]:
                found[wanting[pk]].messages.append(message)
    return dict(found)


def _wants(user: User, *, has_device: bool) -> bool:
    chosen = getattr(user, "notice_settings", None) or NoticeSettings(user=user)
    channels = (NoticeChannel.EMAIL, NoticeChannel.SMS, *([NoticeChannel.PUSH] if has_device else []))
    return any(chosen.wants(Topic.MESSAGES, channel) for channel in channels)


def _tell(reader: User, messages: list[Message], *, now: datetime) -> bool:
    """Write the notification, and up to where its reader is told."""
    last: dict[Conversation, int] = {}
    for message in messages:
        last[message.conversation] = max(message.number, last.get(message.conversation, 0))
    authors = {message.author for message in messages}
    ToldMark.objects.bulk_create(
        [ToldMark(conversation=one, user=reader, number=number, at=now) for one, number in last.items()],
        update_conflicts=True,
        unique_fields=["conversation", "user"],
        update_fields=["number", "at"],
    )
    own = next(iter(last)).jobseeker if reader.is_jobseeker else None
    return outbox.notify(
        key=f"unread:{reader.pk}:{messages[-1].pk}",
        kind=NotificationKind.UNREAD_MESSAGES,
        email=reader.email,
        user=reader,
        jobseeker=own,
        context={
            "first_name": reader.first_name,
            "count": len(messages),
            "author": authors.pop() if len(authors) == 1 else "",
            "up_to": {str(one.pk): number for one, number in last.items()},
            "path": reverse("home"),
        },
    )
