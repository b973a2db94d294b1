"""Conversations: short and long ones, and some in which the person waits for an answer."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from accompaniment.enums import AuditAction, Channel, ContactNature
from accompaniment.models import User
from config.demonstration.logins import ADVISER
from config.demonstration.people import Fate, Story
from config.demonstration.texts import CLOSINGS, EXCHANGES, FOLLOW_UPS, OPENINGS, P, S
from config.demonstration.world import World
from messaging.models import Conversation, Message, ReadMark
from messaging.reads.participants import times_of

BATCH = 2000
LONG = 200
"""Messages of the longest conversations."""
LONG_ONES = 4
MESSAGES_OF_AN_EXCHANGE = 4
WAITING_HOURS = (
    *(4.2, 0.3, 1.1, 2.6, 3.4, 5, 6.5, 7.2, 8, 9.5, 11, 13, 15, 17, 19, 21, 22, 23, 24, 26, 28, 30, 31, 33, 36),
    *(39, 42, 45, 48, 52, 56, 60, 65, 69, 71, 71.6, 74, 79, 86, 98),
)
"""Hours since the oldest unanswered message of each of the forty people who wait for the adviser's answer."""


def write_conversations(world: World, stories: list[Story]) -> None:
    """Write the conversations of the people on the track, with their lines of the journal."""
    talking = [story for story in stories if story.fate is Fate.ACTIVE]
    waits = _waiting(world, talking)
    oldest = sorted(talking, key=lambda story: _since(world, story))[-LONG_ONES:]
    longest = {id(story) for story in oldest}
    rows: list[tuple[Story, Conversation, list[Message]]] = []
    for story in talking:
        conversation = Conversation(jobseeker=story.person)
        number = LONG if id(story) in longest else _length(world, story)
        since = waits.get(id(story))
        messages = list(_talk(world, story, conversation, number, since))
        if messages:
            conversation.last_number = len(messages)
            if since is not None:
                times = times_of(story.person, since)
                conversation.awaiting_reply_since = since
                conversation.reply_desk_at, conversation.reply_team_at = times.desk_at, times.team_at
                conversation.reply_due_at = times.due_at
            rows.append((story, conversation, messages))
    Conversation.objects.bulk_create([conversation for _, conversation, _ in rows], batch_size=BATCH)
    # In the order in which they were written, as a search of messages expects of their keys.
    written = sorted((message for *_, messages in rows for message in messages), key=lambda one: one.created_at)
    Message.objects.bulk_create(written, batch_size=BATCH)
    ReadMark.objects.bulk_create((mark for row in rows for mark in _marks(world, *row)), batch_size=BATCH)
    for story, conversation, messages in rows:
        _leave_papers(world, story, conversation, messages)


def _since(world: World, story: Story) -> timedelta:
    return world.now - (story.accepted_at or world.now)


def _length(world: World, story: Story) -> int:
    if story.is_login:
        return 24
    draw = world.rng.random()
    if draw < 0.25:
        return 0
    return world.rng.randrange(30, 60) if draw > 0.96 else world.rng.randrange(2, 16)


def _waiting(world: World, talking: list[Story]) -> dict[int, datetime]:
    """Return since when people wait for an answer: forty of the log-in adviser's, a few of every other adviser's."""
    mine = [story for story in talking if story.adviser.user.email == ADVISER.email and not story.is_login]
    waits = {
        id(story): world.now - timedelta(hours=hours)
        for story, hours in zip(world.rng.sample(mine, len(WAITING_HOURS)), WAITING_HOURS, strict=True)
    }
    for story in talking:
        if story.adviser.user.email != ADVISER.email and world.rng.random() < 0.06:
            waits[id(story)] = world.now - timedelta(hours=world.rng.uniform(0.5, 76))
    return waits


def _talk(
    world: World, story: Story, conversation: Conversation, number: int, since: datetime | None
) -> Iterator[Message]:
    """Yield about `number` messages in order. With `since` the last ones wait for an answer."""
    if story.accepted_at is None:
        return
    sides: dict[bool, User | None] = {True: story.person.user, False: story.adviser.user}
    written = 0

    def message(by_person: bool, body: str, at: datetime) -> Message:
        nonlocal written
        written += 1
        return Message(
            conversation=conversation,
            number=written,
            author=sides[by_person],
            client_id=uuid.UUID(int=world.rng.getrandbits(128), version=4),
            body=body,
            created_at=at,
        )

    calendar = world.calendar(story.agency)
    until = (since or world.now) - timedelta(hours=10)
    days = calendar.days(calendar.day(story.accepted_at) + timedelta(days=1), calendar.day(until) - timedelta(days=1))
    exchanges = -(-number // MESSAGES_OF_AN_EXCHANGE)
    side = S
    for day in sorted(world.rng.sample(days, min(exchanges, len(days)))):
        minutes = timedelta(minutes=world.rng.randrange(8 * 60, 12 * 60))
        at = calendar.at(day, datetime.min.time()) + minutes
        for side, body in world.rng.choice(EXCHANGES):
            yield message(side == P, body, at)
            at += timedelta(minutes=world.rng.randrange(2, 70))
        if side == P:
            yield message(False, world.rng.choice(CLOSINGS), at)
    if since is not None:
        yield message(True, world.rng.choice(OPENINGS), since)
        if world.rng.random() < 0.3:
            yield message(True, world.rng.choice(FOLLOW_UPS), since + (world.now - since) * 0.1)


def _marks(world: World, story: Story, conversation: Conversation, messages: list[Message]) -> Iterator[ReadMark]:
    """The adviser has read everything before the waiting messages, the person almost always everything."""
    since = conversation.awaiting_reply_since
    seen = len([message for message in messages if since is None or message.created_at < since])
    if seen:
        at = messages[seen - 1].created_at + timedelta(minutes=1)
        yield ReadMark(conversation=conversation, user=story.adviser.user, number=seen, at=at)
    last_by_staff = max(
        (message.number for message in messages if message.author_id == story.adviser.user_id), default=0
    )
    read = max(last_by_staff if world.rng.random() < 0.9 else last_by_staff - 1, 0)
    read = max(read, max((m.number for m in messages if m.author_id == story.person.user_id), default=0))
    if read:
        yield ReadMark(conversation=conversation, user=story.person.user, number=read, at=messages[read - 1].created_at)


def _leave_papers(world: World, story: Story, conversation: Conversation, messages: list[Message]) -> None:
    days: set[object] = set()
    for message in messages:
        day = world.calendar(story.agency).day(message.created_at)
        if day not in days:
            days.add(day)
            world.papers.journal(
                at=message.created_at,
                person=story.person,
                channel=Channel.CHAT,
                nature=ContactNature.MESSAGE,
                author=message.author,
                source=f"chat:{conversation.pk}:{day}",
            )
        world.papers.note(
            message.created_at,
            message.author,
            story.person,
            AuditAction.MESSAGE,
            conversation=conversation.pk,
            number=message.number,
        )
