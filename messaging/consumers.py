"""The socket of a conversation, and the one of an adviser's page of the day (at the end).

Frames from the browser: `send` (client_id, body), `sync` (after), `read` (number). Frames to it: `messages` (items in
the order of their numbers, `last` stored), `ack` and `refused` (client_id), `read` (staff, number), `error`. Nothing is
shown before the first `sync`, which says what the screen has; from then on numbers arrive without a gap, whatever the
way by which the server heard of them.

Close codes: 4401 not logged in (any more), 4403 the right is gone, 4404 no such conversation, 1013 try again later,
1011 broken.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from asgiref.sync import SyncToAsync
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone

from accompaniment.errors import DomainError
from accompaniment.models import User
from accompaniment.sockets import FAILED, TRY_LATER, CalmSocket, frame_in
from messaging import desks, live
from messaging.models import Conversation
from messaging.services import conversations
from messaging.services.access import ConversationClosedError
from messaging.services.posting import post_message

logger = logging.getLogger(__name__)

NOT_LOGGED_IN = 4401
RIGHT_GONE = 4403
NOT_FOUND = 4404

COMPARE_EVERY = 10.0
"""Seconds between two looks at the database by the sockets of a process, less up to a fifth."""

FRAME_LIMIT = 64 * 1024
"""Characters of one frame; a message of 5,000 characters fits, however it is escaped."""

NOTICES_KEPT = 200
"""Events that wait for a slow screen; past that it reads the database instead."""

UNAVAILABLE = "Le service ne répond pas pour le moment. Votre message n'est pas perdu : il repartira tout seul."
UNREADABLE = "Le serveur n'a pas compris cet envoi. Rechargez la page."
TOO_LONG = "Cet envoi est trop long."
TOO_MANY = "Trop d'envois à la fois. Attendez quelques secondes."

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Sync:
    """The screen has everything up to `after`; None: up to what it was shown."""

    after: int | None = None


class Allowance:
    """How many frames a socket may send: `burst` at once, then `per_second`."""

    def __init__(self, burst: int, per_second: float) -> None:
        self.burst = burst
        self.per_second = per_second
        self.left = float(burst)
        self.at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class ConversationConsumer(CalmSocket, AsyncJsonWebsocketConsumer):
    """One screen on one conversation."""

    # No channel of its own: the hub of the process listens for all its sockets, and does without Redis.
    channel_layer_alias = "none"

    burst = 40
    frames_per_second = 10.0

    user: User
    conversation: Conversation
    session_key: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.joined = False
        self.shown: int | None = None
        self.read_by = (0, 0)
        self._notices: deque[live.Event | Sync] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._allowance = Allowance(self.burst, self.frames_per_second)
        self._closing = False

    async def connect(self) -> None:
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_LOGGED_IN)
            return
        self.user = user
        session = self.scope.get("session")
        self.session_key = session.session_key if session is not None else None
        try:
            self.conversation = await in_thread(
                conversations.enter, actor=user, conversation_id=self.scope["url_route"]["kwargs"]["pk"]
            )
        except ConversationClosedError:
            await self.close(code=NOT_FOUND)
            return
        except DatabaseError:
            await self.close(code=TRY_LATER)
            return
        await live.hub().join(self.conversation.pk, self, beside=follow_database)
        self.joined = True
        await self.accept()

    async def disconnect(self, code: int) -> None:
        self._closing = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if self.joined:
            self.joined = False
            await live.hub().leave(self.conversation.pk, self)

    # --- From the browser --------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        if not self._allowance.take():
            await self.send_json({"type": "error", "sentence": TOO_MANY, "retry": True})
            return
        if text_data is not None and len(text_data) > FRAME_LIMIT:
            await self.send_json({"type": "error", "sentence": TOO_LONG})
            return
        match frame_in(text_data, largest=FRAME_LIMIT):
            case {"type": "send", "client_id": str(client_id), "body": str(body)}:
                await self._send_message(client_id, body)
            case {"type": "sync", "after": int(after)} if 0 <= after < 2**31:
                self._note(Sync(after=after))
            case {"type": "read", "number": int(number)} if 0 <= number < 2**31:
                await self._mark_read(number)
            case _:
                await self.send_json({"type": "error", "sentence": UNREADABLE})

    async def _send_message(self, client_id: str, body: str) -> None:
        try:
            identifier = UUID(client_id)
        except ValueError:
            await self.send_json({"type": "error", "sentence": UNREADABLE})
            return
        try:
            message = await in_thread(
                post_message, actor=self.user, conversation=self.conversation, client_id=identifier, body=body
            )
        except DomainError as error:
            await self._refuse(client_id, error.sentence)
            if isinstance(error, ConversationClosedError):
                await self._close(RIGHT_GONE)
        except DatabaseError:
            logger.warning("A message could not be stored; its screen sends it again.", exc_info=False)
            await self._refuse(client_id, UNAVAILABLE, retry=True)
        else:
            await self.send_json(
                {
                    "type": "ack",
                    "client_id": client_id,
                    "number": message.number,
                    "at": message.created_at.isoformat(),
                }
            )

    async def _refuse(self, client_id: str, sentence: str, *, retry: bool = False) -> None:
        await self.send_json({"type": "refused", "client_id": client_id, "sentence": sentence, "retry": retry})

    async def _mark_read(self, number: int) -> None:
        try:
            await in_thread(conversations.mark_read, actor=self.user, conversation=self.conversation, number=number)
        except ConversationClosedError:
            await self._close(RIGHT_GONE)
        except DatabaseError:
            await self.send_json({"type": "error", "sentence": UNAVAILABLE, "retry": True})

    # --- To the browser ----------------------------------------------------------------------------

    def notice(self, event: live.Event) -> None:
        """Take down what the hub tells; see `live.Listener`."""
        if self.shown is not None or isinstance(event, live.RightsChanged):
            self._note(event)

    def compare(self, state: conversations.LiveState | None, *, logged_in: bool) -> None:
        """Compare this screen with the database: close it when the right is gone, catch up when it is behind."""
        if not logged_in:
            self._note_close(NOT_LOGGED_IN)
        elif state is None or self.user.pk not in state.readers:
            self._note_close(RIGHT_GONE)
        elif self.shown is not None and (
            state.last > self.shown or (state.read_by_person, state.read_by_staff) != self.read_by
        ):
            self._note(Sync())

    def _note(self, notice: "live.Event | Sync") -> None:
        if len(self._notices) >= NOTICES_KEPT:
            self._notices.clear()
            notice = Sync()
        self._notices.append(notice)
        if not self._closing and (self._pump is None or self._pump.done()):
            self._pump = asyncio.create_task(self._show_what_waits())

    def _note_close(self, code: int) -> None:
        if self._pump is not None:
            self._pump.cancel()
        self._pump = asyncio.create_task(self._close(code))

    async def _show_what_waits(self) -> None:
        """Send what was taken down, one after the other: only here does `shown` move."""
        try:
            while self._notices and not self._closing:
                await self._show(self._notices.popleft())
        except ConversationClosedError:
            await self._close(RIGHT_GONE)
        except DatabaseError:
            logger.warning("The database does not answer a socket; its screen connects again.")
            await self._close(TRY_LATER)
        except Exception as error:  # noqa: BLE001  (nobody awaits this task: it must not end in silence)
            self.log_failure(error)
            await self._close(FAILED)

    async def _show(self, notice: "live.Event | Sync") -> None:
        if isinstance(notice, Sync):
            if notice.after is not None:
                self.shown = notice.after
            await self._catch_up()
        elif isinstance(notice, live.RightsChanged) or self.user.pk not in notice.readers:
            await self._catch_up()
        elif isinstance(notice, live.ReadUpTo):
            await self._show_read(staff=notice.staff, number=notice.number)
        elif self.shown is not None and notice.number == self.shown + 1:
            self.shown = notice.number
            await self.send_json({"type": "messages", "items": [notice.item], "last": notice.number})
        elif self.shown is not None and notice.number > self.shown:
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Read on in the database, where the right is looked up too."""
        more = True
        while more:
            page = await in_thread(
                conversations.read_on,
                actor=self.user,
                conversation_id=self.conversation.pk,
                after=self.shown or 0,
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
            self.read_by = (page.read_by_person, page.read_by_staff)

    async def _show_read(self, *, staff: bool, number: int) -> None:
        by_person, by_staff = self.read_by
        self.read_by = (by_person, max(by_staff, number)) if staff else (max(by_person, number), by_staff)
        await self.send_json({"type": "read", "staff": staff, "number": number})

    async def _close(self, code: int) -> None:
        if not self._closing:
            self._closing = True
            await self.close(code=code)


class DeskConsumer(CalmSocket, AsyncJsonWebsocketConsumer):
    """An adviser's open page of the day. It hears the names of the panels that have changed, and nothing else.

    Frame to it: `changed` (panels). What the browser sends is not read. Without Redis the socket closes with 1013 and
    the page asks by itself every minute.
    """

    group = ""

    async def connect(self) -> None:
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_LOGGED_IN)
            return
        if not user.is_adviser:
            await self.close(code=NOT_FOUND)
            return
        group = desks.group_of(user.pk)
        await asyncio.wait_for(self.channel_layer.group_add(group, self.channel_name), live.LAYER_TIMEOUT)
        self.group = group
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if self.group:
            await live.calmly(self.channel_layer.group_discard(self.group, self.channel_name))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Leave aside what the browser says: a page of the day has nothing to say."""

    async def desk_changed(self, event: dict[str, Any]) -> None:
        await self.send_json({"type": "changed", "panels": event["panels"]})

    async def desk_closed(self, event: dict[str, Any]) -> None:
        """The account is closed."""
        await self.close(code=NOT_LOGGED_IN)


async def follow_database(hub: live.Hub) -> None:
    """Compare the sockets of this process with the database again and again: no message depends on Redis."""
    while True:
        await asyncio.sleep(COMPARE_EVERY * random.uniform(0.8, 1.0))  # noqa: S311  (spreads the processes)
        try:
            await compare_with_database(hub)
        except DatabaseError:
            logger.warning("The database does not answer; the sockets are compared with it later.")
        await hub.resubscribe()


async def compare_with_database(hub: live.Hub) -> None:
    """Compare all sockets once, with a fixed number of queries."""
    sockets = [socket for room in hub.rooms.values() for socket in room if isinstance(socket, ConversationConsumer)]
    states = await in_thread(conversations.live_states, conversation_ids=tuple(hub.rooms))
    sessions = await in_thread(
        _sessions_alive, keys=[socket.session_key for socket in sockets if socket.session_key is not None]
    )
    for socket in sockets:
        socket.compare(
            states.get(socket.conversation.pk),
            logged_in=socket.session_key is None or socket.session_key in sessions,
        )


def _sessions_alive(*, keys: Iterable[str]) -> frozenset[str]:
    return frozenset(
        Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    )


async def in_thread(act: Callable[..., T], **facts: Any) -> T:
    """Run one act of the database in a thread of its own; sockets do not wait for each other's."""
    run: SyncToAsync[..., T] = database_sync_to_async(act, thread_sensitive=False)
    return await run(**facts)
