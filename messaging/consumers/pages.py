"""The socket of a conversation, and at the end the one of an adviser's page of the day.

Frames from the browser: `send` (client_id, body, attachments or later), `edit` (client_id, number, body, change),
`delete` (client_id, number), `sync` (after, changed), `read` (number), `typing`. Frames to the browser: `messages`
(items in order of their numbers, `last` stored), `changes` (items in order of the changes, `changed`), `ack`, `planned`
and `refused` (client_id), `read` (staff, number), `typing` (name), `presence` (present), `error`.
`docs/chat-protocol.md` describes them. The server sends nothing before the first `sync`, which says what the screen
already shows. From then on the screen gets every number in order, however the server learned of it.

Close codes: 4403 the right is gone, 4404 no such conversation, 1013 try again later, 1011 broken, and those of
`sessions`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DatabaseError

from accompaniment.consumers import TRY_LATER, frame_in
from accompaniment.rules.errors import DomainError
from accompaniment.rules.parsing import LARGEST_NUMBER
from messaging.consumers.folds import Fold
from messaging.consumers.sessions import (
    LOOK_EVERY,
    NOT_LOGGED_IN,
    AccountSocket,
    in_thread,
    open_sockets,
    pause,
    threads,
)
from messaging.consumers.writer import post
from messaging.models import Message
from messaging.reads.participants import ConversationClosedError
from messaging.rules import ATTACHMENTS_AT_MOST
from messaging.services import changes, conversations, live
from messaging.services.conversations import Asking
from messaging.services.planned import plan_in
from messaging.services.posting import Draft, SessionOverError

logger = logging.getLogger(__name__)

RIGHT_GONE = 4403
NOT_FOUND = 4404

FRAME_LIMIT = 64 * 1024
"""Characters of one frame; a message of 5,000 characters fits, however it is escaped."""

PING_LIMIT = 100
"""Characters of a frame from a page of the day."""

COMPARED_AT_ONCE = 500
"""Conversations that are compared with the database by one round of queries; pages are served between two rounds."""

NOTICES_KEPT = 200
"""Events kept for a slow screen. Beyond that the screen reads the database instead."""

entering: Fold[Asking, None] = Fold(conversations.enter_all, threads=threads)
typing: Fold[conversations.Writing, None] = Fold(conversations.tell_typing, threads=threads)
presence: Fold[frozenset[int], bool | None] = Fold(open_sockets.any_open, threads=threads)
reading_on: Fold[Asking, conversations.Page] = Fold(conversations.read_on_all, threads=threads)

UNAVAILABLE = "Le service ne répond pas pour le moment. Votre message n'est pas perdu\u00a0: il repartira de lui-même."
COUNTED = range(2**31)
"""The numbers that a row can have."""

UNCHANGED = "Le service ne répond pas pour le moment. Votre message n'est pas modifié\u00a0: réessayez."
UNREADABLE = "Votre message n'est pas parti. Actualisez la page, puis renvoyez-le."
TOO_LONG = "Votre message est trop long\u00a0: il n'est pas parti."


@dataclass(frozen=True, kw_only=True)
class Sync:
    """The screen has everything up to `after`; None: up to the last number that it was sent.

    `changed` is the same for changes of messages. A screen that does not give it follows none.
    """

    after: int | None = None
    changed: int | None = None


class ConversationConsumer(AccountSocket):
    """One screen on one conversation."""

    # It needs no channel of its own: the hub of the process serves all its sockets, and works without Redis.
    channel_layer_alias = "none"

    conversation_pk: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.joined = False
        self.shown: int | None = None
        self.changed: int | None = None
        self.read_by = (0, 0)
        self.others: frozenset[int] = frozenset()
        self._notices: deque[live.ConversationEvent | Sync] = deque()
        self._sending: dict[str, str] = {}
        """The keys of messages that this screen waits for, and how it spells them."""
        self._pump: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        if not await self.take_in():
            return
        try:
            self.conversation_pk = self.scope["url_route"]["kwargs"]["pk"]
            await entering.ask(Asking(user_pk=self.user.pk, conversation_pk=self.conversation_pk))
        except ConversationClosedError:
            await self.refuse(NOT_FOUND)
            return
        except DatabaseError:
            await self.refuse(TRY_LATER)
            return
        await self.listen(live.conversation_topic(self.conversation_pk), follow_database)
        self.joined = True
        await self.accept()

    # --- From the browser --------------------------------------------------------------------------

    async def take(self, text: str | None) -> None:
        """Take one frame. The session of a message is looked up with its right to be written, by the batch."""
        frame = frame_in(text, largest=FRAME_LIMIT)
        match frame:
            case {"type": "send", "client_id": str(client_id), "body": str(body), **rest} if (
                rest.get("later") is not True
            ):
                await self._send_message(client_id, body, rest.get("attachments", []))
            case _ if await self.is_of_its_session():
                await self._hear(frame, too_long=text is not None and len(text) > FRAME_LIMIT)

    async def _hear(self, frame: dict[str, Any] | None, *, too_long: bool) -> None:
        match frame:
            case {"type": "sync", "after": int(after), "changed": int(changed)} if (
                after in COUNTED and changed in COUNTED
            ):
                self._note(Sync(after=after, changed=changed))
            case {"type": "sync", "after": int(after)} if after in COUNTED:
                self._note(Sync(after=after))
            case {"type": "send", "client_id": str(client_id), "body": str(body), "later": True}:
                await self._plan(client_id, body)
            case {
                "type": "edit",
                "client_id": str(client_id),
                "number": int(number),
                "body": str(body),
                "change": int(change),
            } if number in COUNTED:
                seen = {"change": str(change)}
                await self._change(client_id, number, changes.change_message, body=body, seen=seen)
            case {"type": "delete", "client_id": str(client_id), "number": int(number)} if number in COUNTED:
                await self._change(client_id, number, changes.delete_message)
            case {"type": "read", "number": int(number)} if 0 <= number < 2**31:
                await self._mark_read(number)
            case {"type": "typing"}:
                await self._tell_typing()
            case _:
                await self.send_json({"type": "error", "sentence": TOO_LONG if too_long else UNREADABLE})

    async def _send_message(self, client_id: str, body: str, attachments: Any) -> None:
        try:
            identifier = UUID(client_id)
            files = _keys(attachments)
        except ValueError:
            await self.send_json({"type": "error", "sentence": UNREADABLE})
            return
        draft = Draft(
            author_pk=self.user.pk,
            conversation_pk=self.conversation_pk,
            client_id=identifier,
            body=body,
            attachments=files,
            held=self.held,
        )
        self._sending[str(identifier)] = client_id
        try:
            await self._post(draft, client_id)
        finally:
            self._sending.pop(str(identifier), None)

    async def _post(self, draft: Draft, client_id: str) -> None:
        """Store the message, and answer its author, unless the acknowledgement has shown it already."""
        try:
            message = await post(draft)
        except SessionOverError:
            await self.end(NOT_LOGGED_IN)
        except DomainError as error:
            await self._refuse(client_id, error.sentence)
            if isinstance(error, ConversationClosedError):
                await self.end(RIGHT_GONE)
        except DatabaseError:
            logger.warning("A message could not be stored; its screen sends it again.", exc_info=False)
            await self._refuse(client_id, UNAVAILABLE, retry=True)
        else:
            if self._pump is not None:
                await asyncio.wait((self._pump,))
            if str(draft.client_id) in self._sending:
                at = message.created_at.isoformat()
                await self.send_json({"type": "ack", "client_id": client_id, "number": message.number, "at": at})

    async def _plan(self, client_id: str, body: str) -> None:
        """Let a message wait until the agency opens. If it is open meanwhile, the message is stored at once."""
        try:
            stored = await in_thread(
                plan_in, actor=self.user, conversation_id=self.conversation_pk, client_id=UUID(client_id), body=body
            )
        except ValueError:
            await self.send_json({"type": "error", "sentence": UNREADABLE})
        except DomainError as error:
            await self._refuse(client_id, error.sentence)
            if isinstance(error, ConversationClosedError):
                await self.end(RIGHT_GONE)
        except DatabaseError:
            await self._refuse(client_id, UNAVAILABLE, retry=True)
        else:
            if isinstance(stored, Message):
                at = stored.created_at.isoformat()
                await self.send_json({"type": "ack", "client_id": client_id, "number": stored.number, "at": at})
            else:
                await self.send_json({"type": "planned", "client_id": client_id, "at": stored.due_at.isoformat()})

    async def _change(self, client_id: str, number: int, act: Callable[..., Message], **facts: Any) -> None:
        """Change or delete a message. The change itself comes as a frame `changes`, as on all screens."""
        try:
            await in_thread(act, actor=self.user, conversation_id=self.conversation_pk, number=number, **facts)
        except DomainError as error:
            await self._refuse(client_id, error.sentence)
            if isinstance(error, ConversationClosedError):
                await self.end(RIGHT_GONE)
        except DatabaseError:
            await self._refuse(client_id, UNCHANGED, retry=True)
        else:
            await self.send_json({"type": "ack", "client_id": client_id, "number": number})

    async def _refuse(self, client_id: str, sentence: str, *, retry: bool = False) -> None:
        await self.send_json({"type": "refused", "client_id": client_id, "sentence": sentence, "retry": retry})

    async def _mark_read(self, number: int) -> None:
        try:
            await in_thread(
                conversations.mark_read, actor=self.user, conversation_id=self.conversation_pk, number=number
            )
        except ConversationClosedError:
            await self.end(RIGHT_GONE)
        except DatabaseError:
            await self.send_json({"type": "error", "sentence": UNAVAILABLE, "retry": True})

    async def _tell_typing(self) -> None:
        asking = Asking(user_pk=self.user.pk, conversation_pk=self.conversation_pk)
        try:
            await typing.ask(conversations.Writing(asking=asking, name=self.user.full_name))
        except ConversationClosedError:
            await self.end(RIGHT_GONE)
        except DatabaseError:
            return  # nobody misses it

    # --- To the browser ----------------------------------------------------------------------------

    def notice(self, event: live.Event) -> None:
        """Store an event of the hub; see `live.Listener`."""
        if not isinstance(event, live.ConversationEvent):
            super().notice(event)
        elif self.shown is not None or isinstance(event, live.RightsChanged):
            self._note(event)

    def compare(self, state: conversations.LiveState | None) -> None:
        """Compare this screen with the database: close it if the right is gone, send what it misses if it is behind."""
        if state is None or self.user.pk not in state.readers:
            self._note_end()
        elif self.shown is not None and (
            state.last > self.shown
            or (self.changed is not None and state.last_change > self.changed)
            or (state.read_by_person, state.read_by_staff) != self.read_by
        ):
            self._note(Sync())

    def _note(self, notice: live.ConversationEvent | Sync) -> None:
        if len(self._notices) >= NOTICES_KEPT:
            self._notices.clear()
            notice = Sync()
        self._notices.append(notice)
        if not self.is_over and (self._pump is None or self._pump.done()):
            self._pump = self.work(self._show_what_waits())

    def _note_end(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
        self._pump = self.work(self._end_without_right())

    async def _end_without_right(self) -> None:
        """Close the socket: a closed account has lost its session, too, and hears of that."""
        if await self.is_of_its_session():
            await self.end(RIGHT_GONE)

    async def _show_what_waits(self) -> None:
        """Send the stored events one after the other. Only this task changes `shown`."""
        try:
            while self._notices and not self.is_over:
                await self._show(self._notices.popleft())
        except ConversationClosedError:
            await self.end(RIGHT_GONE)

    async def _show(self, notice: live.ConversationEvent | Sync) -> None:
        if isinstance(notice, Sync):
            if notice.after is not None:
                self.shown, self.changed = notice.after, notice.changed
            await self._catch_up()
            if notice.after is not None:
                await self._tell_presence()
        elif isinstance(notice, live.RightsChanged) or self.user.pk not in notice.readers:
            await self._catch_up()
        elif isinstance(notice, live.Typing):
            if notice.user_pk != self.user.pk:
                await self.send_json({"type": "typing", "name": notice.name})
        elif isinstance(notice, live.ReadUpTo):
            await self._show_read(staff=notice.staff, number=notice.number)
        elif isinstance(notice, live.MessageChanged):
            await self._show_change(notice)
        elif self.shown is not None and notice.number == self.shown + 1:
            self.shown = notice.number
            await self._show_message(notice)
        elif self.shown is not None and notice.number > self.shown:
            await self._catch_up()

    async def _show_message(self, notice: live.MessageStored) -> None:
        """Show the next message. The screen that has sent it gets it with the acknowledgement, in one frame."""
        item = notice.item
        client_id = self._sending.pop(item["client_id"], None) if item["author"] == self.user.pk else None
        if client_id is None:
            await self.send(text_data=notice.frame)
        else:
            facts = {"client_id": client_id, "number": item["number"], "at": item["at"], "item": item}
            await self.send_json({"type": "ack", **facts})

    async def _catch_up(self) -> None:
        """Read further messages in the database, which also checks the right again."""
        more = True
        while more:
            page = await reading_on.ask(
                Asking(
                    user_pk=self.user.pk,
                    conversation_pk=self.conversation_pk,
                    after=self.shown or 0,
                    changed=self.changed,
                )
            )
            if self.shown is None:
                return
            more = page.more
            if page.items:
                self.shown = page.items[-1]["number"]
            await self.send_json(
                {
                    "type": "messages",
                    "items": page.items,
                    "last": page.last,
                    "read_by_person": page.read_by_person,
                    "read_by_staff": page.read_by_staff,
                }
            )
            if page.changes:
                self.changed = page.changed
                await self.send_json({"type": "changes", "items": page.changes, "changed": page.changed})
            self.read_by = (page.read_by_person, page.read_by_staff)
            self.others = page.others

    async def _show_change(self, notice: live.MessageChanged) -> None:
        """Show a change if it is the next one of a message that is shown; otherwise look what the screen misses."""
        if self.changed is None or self.shown is None or notice.change <= self.changed:
            return
        if notice.change == self.changed + 1 and notice.number <= self.shown:
            self.changed = notice.change
            await self.send(text_data=notice.frame)
        else:
            await self._catch_up()

    async def _tell_presence(self) -> None:
        """Tell whether somebody of the other side has a page open, if that is known."""
        present = await presence.ask(self.others)
        if present is not None:
            await self.send_json({"type": "presence", "present": present})

    async def _show_read(self, *, staff: bool, number: int) -> None:
        by_person, by_staff = self.read_by
        self.read_by = (by_person, max(by_staff, number)) if staff else (max(by_person, number), by_staff)
        await self.send_json({"type": "read", "staff": staff, "number": number})


def _keys(values: Any) -> tuple[int, ...]:
    """Return the keys of files in a frame. Raises ValueError for anything else."""
    if not isinstance(values, list) or any(type(one) is not int or not 0 < one <= LARGEST_NUMBER for one in values):
        raise ValueError("no list of keys")
    return tuple(values[: ATTACHMENTS_AT_MOST + 1])


class DeskConsumer(AccountSocket):
    """An adviser's open page of the day. It receives the names of the panels that changed, and nothing else.

    Frames to it: `changed` (panels), and `pong` as the answer to the only frame that it sends, `ping`. Without Redis it
    learns only of acts in its own process; each panel also reloads by itself every minute.
    """

    channel_layer_alias = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changed: set[str] = set()

    async def connect(self) -> None:
        if not await self.take_in():
            return
        if not self.user.is_adviser:
            await self.refuse(NOT_FOUND)
            return
        await self.listen(live.desk_topic(self.user.pk))
        await self.accept()

    async def hear(self, text: str | None) -> None:
        """Answer a `ping`. A page of the day sends nothing else."""
        match frame_in(text, largest=PING_LIMIT):
            case {"type": "ping"}:
                await self.send_json({"type": "pong"})

    def notice(self, event: live.Event) -> None:
        """Store an event of the hub; see `live.Listener`."""
        if not isinstance(event, live.PanelsChanged):
            super().notice(event)
            return
        if not self._changed:
            self.work(self._tell())
        self._changed.update(event.panels)

    async def _tell(self) -> None:
        panels, self._changed = sorted(self._changed), set()
        await self.send_json({"type": "changed", "panels": panels})


async def follow_database(hub: live.Hub) -> None:
    """Compare the sockets of this process with the database at intervals, so that no message depends on Redis."""
    while True:
        await pause(LOOK_EVERY)
        try:
            await compare_with_database(hub)
        except DatabaseError:
            logger.warning("The database does not answer; the sockets are compared with it later.")


async def compare_with_database(hub: live.Hub) -> None:
    """Compare all screens on conversations once, many with a fixed number of queries."""
    screens = {screen for room in hub.rooms.values() for screen in room if isinstance(screen, ConversationConsumer)}
    joined = {screen for screen in screens if screen.joined}
    by_conversation: dict[int, list[ConversationConsumer]] = {}
    for screen in joined:
        by_conversation.setdefault(screen.conversation_pk, []).append(screen)
    pks = list(by_conversation)
    for begin in range(0, len(pks), COMPARED_AT_ONCE):
        some = pks[begin : begin + COMPARED_AT_ONCE]
        states = await in_thread(conversations.live_states, conversation_ids=some)
        for pk in some:
            for screen in by_conversation[pk]:
                screen.compare(states.get(pk))
