"""The base of all our sockets: it ends with the session that opened it, and limits frames and sockets.

A socket checks that its session still belongs to its account when it connects, with each frame, when the end of a
session is announced, and at intervals, so that it also works without Redis.

Close codes: 4401 the session is over, 4429 too many sockets of one account or too many frames.
"""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar
from uuid import uuid4
from weakref import WeakValueDictionary

from asgiref.sync import SyncToAsync
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import parse_cookie

from accompaniment.consumers import FAILED, TRY_LATER, CalmSocket
from accompaniment.models import User
from accompaniment.services.sessions import Held, still_belonging, whose
from messaging.consumers.folds import Fold
from messaging.consumers.socket_count import SocketCount, Ticket
from messaging.rules import Bucket
from messaging.services import live

logger = logging.getLogger(__name__)
open_sockets = SocketCount()

NOT_LOGGED_IN = 4401
TOO_MANY = 4429

LOOK_EVERY = 4.0
"""Seconds between two comparisons of a process's sockets with the database, less up to a fifth. The end of a session or
of a right closes its sockets within 5 s, announced or not.
"""

RENEW_EVERY = 10.0
"""Seconds between two renewals of the count of sockets, less up to a fifth."""

threads = ThreadPoolExecutor(settings.SOCKET_THREADS, thread_name_prefix="sockets")
"""The threads in which this process's sockets ask the database. Pages and Redis have threads of their own."""

T = TypeVar("T")


class AccountSocket(CalmSocket):
    """A socket of somebody who is logged in. A subclass connects in `take_in` and receives frames in `hear`."""

    burst = 40
    frames_per_second = 10.0

    user: User
    held: Held
    _bucket: Bucket

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_over = False
        self.ended_with: int | None = None
        self.ticket: Ticket | None = None
        self._topics: list[str] = []
        self._works: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket, and stop listening in every case."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.let_go()

    async def hear(self, text: str | None) -> None:
        """Take one frame of the browser; None for bytes."""
        raise NotImplementedError

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle one message without waiting for the thread that Channels shares between all sockets of a process."""
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """End with the connection, also without that thread."""
        await self.disconnect(message["code"])
        raise StopConsumer

    async def take_in(self) -> bool:
        """Listen for the end of the session, then check it. Close the socket and return False if it is over."""
        user, session = self.scope.get("user"), self.scope.get("session")
        if user is None or not user.is_authenticated or session is None or session.session_key is None:
            await self.refuse(NOT_LOGGED_IN)
            return False
        self.user = user
        self._bucket = _bucket_of(user.pk, type(self))
        self.held = Held(session_key=session.session_key, user_pk=user.pk)
        topic = live.account_topic(user.pk)
        if not await self._finds_room(topic):
            await self.refuse(TOO_MANY)
            return False
        # Listen first and check afterwards, so that no end in between is missed.
        await self.listen(topic, follow_sessions, renew_tickets)
        if await self.is_of_its_session():
            return True
        await self.let_go()
        return False

    async def _finds_room(self, topic: str) -> bool:
        """Return whether the account may open one more socket, over all processes."""
        most = settings.SOCKETS_PER_ACCOUNT
        if len(live.hub().rooms.get(topic, ())) >= most:
            return False
        ticket = Ticket(self.user.pk, uuid4().hex)
        if not await open_sockets.enter(ticket, most=most):
            return False
        self.ticket = ticket
        return True

    async def listen(self, topic: str, *beside: live.Beside) -> None:
        """Receive a topic until the socket ends."""
        self._topics.append(topic)
        await live.hub().join(topic, self, *beside)

    async def refuse(self, code: int) -> None:
        """Refuse the connection."""
        await self.end(code)
        await self.let_go()

    async def let_go(self) -> None:
        """Stop listening; called when the connection ends."""
        self.is_over = True
        while self._topics:
            await live.hub().leave(self._topics.pop(), self)
        for work in self._works:
            work.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)
        if (ticket := self.ticket) is not None:
            self.ticket = None
            await open_sockets.leave(ticket)

    async def is_of_its_session(self) -> bool:
        """Return whether the session still belongs to the account; if not, close the socket."""
        try:
            belongs = await sessions_going_on.ask(self.held)
        except DatabaseError:
            logger.warning("The database does not answer a socket; its screen connects again.")
            await self.end(TRY_LATER)
            return False
        if not belongs:
            await self.end(NOT_LOGGED_IN)
        return belongs

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        if self.is_over:
            return
        if not self._bucket.take(time.monotonic()):
            await self.end(TOO_MANY)
        else:
            await self.take(text_data)

    async def take(self, text: str | None) -> None:
        """Hear a frame, once its session is known to go on."""
        if await self.is_of_its_session():
            await self.hear(text)

    def notice(self, event: live.Event) -> None:
        """Store an event of the hub; see `live.Listener`."""
        if isinstance(event, live.SessionsEnded):
            self.work(self._look_again())

    async def _look_again(self) -> None:
        await self.is_of_its_session()

    def work(self, what: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task until the socket ends, beside the browser's frames. An exception in it closes the socket."""
        task = asyncio.create_task(self._calmly(what))
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return task

    async def _calmly(self, what: Coroutine[Any, Any, None]) -> None:
        try:
            await what
        except DatabaseError:
            logger.warning("The database does not answer a socket; its screen connects again.")
            await self.end(TRY_LATER)
        except Exception as error:  # noqa: BLE001  (nobody awaits this task: it must not end in silence)
            self.log_failure(error)
            await self.end(FAILED)

    async def accept(self, *args: Any, **kwargs: Any) -> None:
        """Accept the connection, unless the session has ended meanwhile."""
        if not self.is_over:
            await super().accept(*args, **kwargs)

    async def send(self, *args: Any, **kwargs: Any) -> None:
        """Send a frame, unless the socket was closed or the browser has disappeared."""
        if not self.is_over:
            with suppress(OSError):  # raised by ASGI for a send after the browser has gone
                await super().send(*args, **kwargs)

    async def send_json(self, frame: dict[str, Any]) -> None:
        """Send one frame, as `send` does."""
        await self.send(text_data=json.dumps(frame))

    async def end(self, code: int) -> None:
        """Close the socket, once."""
        if not self.is_over:
            self.is_over = True
            self.ended_with = code
            with suppress(OSError):
                await self.close(code=code)


_buckets: WeakValueDictionary[tuple[int, type[AccountSocket]], Bucket] = WeakValueDictionary()


def _bucket_of(user_pk: int, kind: type[AccountSocket]) -> Bucket:
    """Return the limit of frames that an account's open sockets of a kind share in this process."""
    bucket = _buckets.get((user_pk, kind))
    if bucket is None:
        bucket = _buckets[user_pk, kind] = Bucket(kind.burst, kind.frames_per_second, at=time.monotonic())
    return bucket


async def follow_sessions(hub: live.Hub) -> None:
    """Check at intervals whether the sessions of this process's sockets are over, announced or not."""
    while True:
        await pause(LOOK_EVERY)
        try:
            await compare_with_sessions(hub)
        except DatabaseError:
            logger.warning("The database does not answer; the sessions of the sockets are looked up later.")


async def renew_tickets(hub: live.Hub) -> None:
    """Renew the count of this process's sockets. Separate from the session checks, which never wait for Redis."""
    while True:
        await pause(RENEW_EVERY)
        await open_sockets.stay(socket.ticket for socket in _sockets_of(hub) if socket.ticket is not None)


async def pause(seconds: float) -> None:
    """Wait this many seconds less up to a fifth, so that processes do not all ask at once."""
    await asyncio.sleep(seconds * random.uniform(0.8, 1.0))  # noqa: S311


async def compare_with_sessions(hub: live.Hub) -> None:
    """Close the sockets whose session is over; a fixed number of queries for all of them."""
    sockets = _sockets_of(hub)
    belonging = await in_thread(still_belonging, held=[socket.held for socket in sockets])
    for socket in sockets:
        if socket.held not in belonging:
            await socket.end(NOT_LOGGED_IN)


def _sockets_of(hub: live.Hub) -> set[AccountSocket]:
    return {socket for room in hub.rooms.values() for socket in room if isinstance(socket, AccountSocket)}


async def in_thread(act: Callable[..., T], **facts: Any) -> T:
    """Run one database act in a thread of the sockets, so that none waits for another."""
    run: SyncToAsync[..., T] = database_sync_to_async(act, thread_sensitive=False, executor=threads)
    return await run(**facts)


def _going_on(held: Sequence[Held]) -> list[bool]:
    belonging = still_belonging(held=held)
    return [one in belonging for one in held]


def _accounts(keys: Sequence[str]) -> list[User | None]:
    found = whose(keys=keys)
    return [found.get(key) for key in keys]


sessions_going_on: Fold[Held, bool] = Fold(_going_on, threads=threads)
accounts_of_sessions: Fold[str, User | None] = Fold(_accounts, threads=threads)


_store = import_module(settings.SESSION_ENGINE)


class KnownAccount:
    """Authenticate handshakes, those that wait together with two queries.

    The middleware of Channels takes one handshake after the other, with two queries each, and then looks at the
    session with each frame that is sent.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        key = _session_key_in(scope)
        try:
            user = await accounts_of_sessions.ask(key) if key else None
        except DatabaseError:
            logger.warning("The database does not answer a handshake; its screen connects again.")
            await receive()
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        known = {"session": _store.SessionStore(key), "user": user or AnonymousUser()}
        await self.application({**scope, **known}, receive, send)


def _session_key_in(scope: Any) -> str | None:
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME) or None
