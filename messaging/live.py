"""Showing what was committed on the open screens.

Each event loop that serves sockets has one `Hub`. Sockets of the same process are served by it directly; other
processes hear of an event through the channel layer, on one channel per process. The layer may be gone or lose
an event: nothing here is the truth, the sockets also compare themselves with the database (`consumers.py`).
"""

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Protocol, TypedDict

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

ORIGIN = uuid.uuid4().hex
"""Names this process, so that it skips its own events when they come back."""

LAYER_TIMEOUT = 2.0
"""Seconds that anything waits for the channel layer."""

RETRY_AFTER = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds between attempts to reach the layer again."""

WAITING_FOR_LAYER = 2000
"""Events that wait for a slow layer; the oldest are dropped, other processes then find them in the database."""


class MessageItem(TypedDict):
    """A message as screens get it; `staff` tells the side of the bubble."""

    number: int
    author: int
    name: str
    staff: bool
    client_id: str
    at: str
    body: str


@dataclass(frozen=True, kw_only=True)
class MessageStored:
    """A message was committed; `readers` are the accounts that had the right when it was stored."""

    conversation_id: int
    number: int
    readers: tuple[int, ...]
    item: MessageItem

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)


@dataclass(frozen=True, kw_only=True)
class ReadUpTo:
    """The person (or somebody of the staff) has read up to a number."""

    conversation_id: int
    number: int
    staff: bool
    readers: tuple[int, ...]

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)


@dataclass(frozen=True, kw_only=True)
class RightsChanged:
    """Who may read has changed: each socket looks its right up again."""

    conversation_id: int

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)


@dataclass(frozen=True, kw_only=True)
class SessionsEnded:
    """Sessions of an account may be over: each of its sockets looks its own up again."""

    user_pk: int

    @property
    def topic(self) -> str:
        return account_topic(self.user_pk)


ConversationEvent = MessageStored | ReadUpTo | RightsChanged
Event = ConversationEvent | SessionsEnded

_EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (MessageStored, ReadUpTo, RightsChanged, SessionsEnded)
}


def conversation_topic(conversation_id: int) -> str:
    """Return the topic, and so the group of the layer, of one conversation."""
    return f"conversation.{conversation_id}"


def account_topic(user_pk: int) -> str:
    """Return the topic of the open sockets of one account."""
    return f"account.{user_pk}"


class Listener(Protocol):
    """A socket as the hub sees it. `notice` never waits: it takes the event down and returns."""

    def notice(self, event: Event) -> None: ...


Beside = Callable[["Hub"], Coroutine[Any, Any, None]]
"""What runs beside the line to the other processes, once for each hub that has sockets."""


class Hub:
    """The open sockets of one event loop, and its one line to the other processes."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[Listener]] = {}
        self._subscribed: set[str] = set()
        self._channel: str | None = None
        self._line: asyncio.Task[None] | None = None
        self._beside: dict[Beside, asyncio.Task[None]] = {}
        self._outgoing: deque[Event] = deque(maxlen=WAITING_FOR_LAYER)
        self._sender: asyncio.Task[None] | None = None

    async def join(self, topic: str, listener: Listener, *, beside: Beside) -> None:
        """Let a socket hear of a topic: from now on, if the layer answers."""
        self.rooms.setdefault(topic, set()).add(listener)
        if beside not in self._beside:
            self._beside[beside] = asyncio.create_task(beside(self))
        if self._line is not None:
            await self._subscribe(topic)
            return
        ready = asyncio.Event()
        self._line = asyncio.create_task(self._bring_in(ready))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ready.wait(), LAYER_TIMEOUT)

    async def leave(self, topic: str, listener: Listener) -> None:
        """Forget a socket; with the last one of the loop everything stops."""
        room = self.rooms.get(topic, set())
        room.discard(listener)
        if not room:
            self.rooms.pop(topic, None)
            await self._unsubscribe(topic)
        if not self.rooms:
            await self._stop()

    async def resubscribe(self) -> None:
        """Ask again for the topics whose subscription failed."""
        for topic in set(self.rooms) - self._subscribed:
            await self._subscribe(topic)

    def publish(self, event: Event) -> None:
        """Show an event on this loop's sockets at once, and hand it to the other processes in good order."""
        self._show(event)
        self._outgoing.append(event)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_out())

    def _show(self, event: Event) -> None:
        for listener in tuple(self.rooms.get(event.topic, ())):
            listener.notice(event)

    async def _send_out(self) -> None:
        while self._outgoing:
            await _send(self._outgoing.popleft())

    async def _bring_in(self, ready: asyncio.Event) -> None:
        """Hear of the other processes' events for as long as there are sockets; try again when the layer is gone."""
        attempt = 0
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                layer = get_channel_layer()
                self._channel = await asyncio.wait_for(layer.new_channel("hub."), LAYER_TIMEOUT)
                await self.resubscribe()
                ready.set()
                attempt = 0
                while True:
                    self._take(await layer.receive(self._channel))
            self._channel = None
            self._subscribed.clear()
            ready.set()
            _silence.begins()
            await asyncio.sleep(RETRY_AFTER[min(attempt, len(RETRY_AFTER) - 1)])
            attempt += 1

    def _take(self, envelope: dict[str, Any]) -> None:
        """Show another process's event. One of another version of the program is left to the database to tell."""
        if envelope["origin"] == ORIGIN:
            return
        try:
            event = _EVENTS[envelope["kind"]](**envelope["facts"])
        except (KeyError, TypeError):
            logger.warning("An event of another version of the program was left out: %s", envelope["kind"])
            return
        self._show(event)

    async def _subscribe(self, topic: str) -> None:
        if self._channel is None or topic in self._subscribed:
            return
        if await calmly(get_channel_layer().group_add(topic, self._channel)):
            self._subscribed.add(topic)

    async def _unsubscribe(self, topic: str) -> None:
        if self._channel is None or topic not in self._subscribed:
            return
        self._subscribed.discard(topic)
        await calmly(get_channel_layer().group_discard(topic, self._channel))

    async def _stop(self) -> None:
        """End what runs beside the sockets; the next socket of this loop gets a new hub."""
        _hubs.pop(asyncio.get_running_loop(), None)
        tasks = [*self._beside.values(), *([self._line] if self._line else [])]
        self._beside, self._line = {}, None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._sender is not None:
            await self._sender


class _Silence:
    """Says once that the layer does not answer, and once that it does again."""

    def __init__(self) -> None:
        self.lasts = False

    def begins(self) -> None:
        if not self.lasts:
            self.lasts = True
            logger.warning("The channel layer does not answer: screens of other processes follow within seconds.")

    def ends(self) -> None:
        if self.lasts:
            self.lasts = False
            logger.warning("The channel layer answers again.")


_silence = _Silence()
_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
"""One per loop that has sockets; gone with its last socket."""


def hub() -> Hub:
    """Return the hub of the running event loop, made if it has none."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def publish(event: Event) -> None:
    """Show a committed event on the open screens; called on commit, from a thread.

    Under a server it runs on the server's own loop, and so on the hub that holds its sockets. Never raises for a
    layer that is gone.
    """
    from_here(partial(async_to_sync(_publish), event))


def tell_sessions_ended(user_pk: int) -> None:
    """Let the open sockets of an account look whether their session is over; called on commit."""
    publish(SessionsEnded(user_pk=user_pk))


def from_here(send: Callable[[], None]) -> None:
    """Send something on the server's own loop.

    Never raises where the thread itself has a running loop: what is sent then leaves from a thread of its own.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        send()
    else:
        with ThreadPoolExecutor(1) as aside:
            aside.submit(send).result()


async def _publish(event: Event) -> None:
    serving = _hubs.get(asyncio.get_running_loop())
    if serving is None:
        await _send(event)
    else:
        serving.publish(event)


async def _send(event: Event) -> None:
    """Hand an event to the other processes. What the layer does not take is dropped."""
    await calmly(
        get_channel_layer().group_send(
            event.topic,
            {"origin": ORIGIN, "kind": type(event).__name__, "facts": asdict(event)},
        )
    )


async def calmly(call: Coroutine[Any, Any, None]) -> bool:
    """Wait for the layer a little; tell whether it answered."""
    try:
        await asyncio.wait_for(call, LAYER_TIMEOUT)
    except (RedisError, OSError, TimeoutError):
        _silence.begins()
        return False
    _silence.ends()
    return True
