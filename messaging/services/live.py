"""Show committed events on open screens.

Each event loop with sockets has one `Hub`, which serves the sockets of its process directly. Other processes receive
the event through the channel layer. All of them receive all events, in one group: a country's chat is some hundred
events a second at its busiest, and a group for each conversation would cost one subscription for each socket. The
`Broadcaster` sends what waits in one message, and no commit waits for that. The layer may be down or lose an event:
the truth is in the database, and sockets compare themselves with it.
"""

import asyncio
import atexit
import contextlib
import json
import logging
import os
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NotRequired, Protocol, TypedDict, TypeVar

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from messaging.reads.attachments import AttachmentItem

logger = logging.getLogger(__name__)

T = TypeVar("T")

ORIGIN = uuid.uuid4().hex
"""Identifies this process, so that it ignores its own events when they come back."""

PATIENCE = 1.0
"""Seconds that anything waits for the channel layer."""

RETRY_AFTER = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds between attempts to reach the layer again."""

WAITING_FOR_LAYER = 2000
"""Messages kept for a slow layer. Older ones are dropped; other processes find them in the database."""

GROUP = "screens"
"""The group of the layer in which all processes with sockets are."""


class MessageItem(TypedDict):
    """A message as screens get it; `staff` tells the side of the bubble.

    `change` is the number of its last change and `deleted` what that was, if there was one.
    """

    number: int
    author: int
    name: str
    staff: bool
    client_id: str
    at: str
    body: str
    email: NotRequired[str]
    """What is said of a message that came by e-mail."""
    card: NotRequired[bool]
    """It offers slots, and `slot_card` shows them to choose from."""
    change: NotRequired[int]
    deleted: NotRequired[bool]
    attachments: list[AttachmentItem]


@dataclass(frozen=True, kw_only=True)
class MessageStored:
    """A message was committed. `readers` are the accounts that had the right when it was stored."""

    conversation_id: int
    number: int
    readers: tuple[int, ...]
    item: MessageItem

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)

    @cached_property
    def frame(self) -> str:
        """The frame that shows the message, rendered once for all screens of a process."""
        return json.dumps({"type": "messages", "items": [self.item], "last": self.number})


@dataclass(frozen=True, kw_only=True)
class MessageChanged:
    """The author has changed or deleted message `number`. It is change number `change` of the conversation."""

    conversation_id: int
    change: int
    number: int
    readers: tuple[int, ...]
    item: MessageItem

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)

    @cached_property
    def frame(self) -> str:
        """The frame that shows the change."""
        return json.dumps({"type": "changes", "items": [self.item], "changed": self.change})


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
class Typing:
    """Somebody is writing a message. `readers` are the accounts that had the right when it was told."""

    conversation_id: int
    user_pk: int
    name: str
    readers: tuple[int, ...]

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)


@dataclass(frozen=True, kw_only=True)
class RightsChanged:
    """The readers have changed: each socket checks its right again."""

    conversation_id: int

    @property
    def topic(self) -> str:
        return conversation_topic(self.conversation_id)


@dataclass(frozen=True, kw_only=True)
class SessionsEnded:
    """Sessions of an account may be over: each of its sockets checks its own."""

    user_pk: int

    @property
    def topic(self) -> str:
        return account_topic(self.user_pk)


@dataclass(frozen=True, kw_only=True)
class PanelsChanged:
    """Panels of an adviser's page of the day have changed: the page reloads them."""

    user_pk: int
    panels: tuple[str, ...]

    @property
    def topic(self) -> str:
        return desk_topic(self.user_pk)


ConversationEvent = MessageStored | MessageChanged | ReadUpTo | Typing | RightsChanged
Event = ConversationEvent | SessionsEnded | PanelsChanged

_EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (MessageStored, MessageChanged, ReadUpTo, Typing, RightsChanged, SessionsEnded, PanelsChanged)
}


def conversation_topic(conversation_id: int) -> str:
    """Return the topic of a conversation."""
    return f"conversation.{conversation_id}"


def account_topic(user_pk: int) -> str:
    """Return the topic of the open sockets of one account."""
    return f"account.{user_pk}"


def desk_topic(user_pk: int) -> str:
    """Return the topic of the open pages of one adviser's day."""
    return f"desk.{user_pk}"


class Listener(Protocol):
    """A socket, seen from the hub. `notice` must not wait: it stores the event and returns."""

    def notice(self, event: Event) -> None: ...


Beside = Callable[["Hub"], Coroutine[Any, Any, None]]
"""A task that each hub with sockets runs beside its connection to other processes."""


class Hub:
    """The open sockets of one event loop, and their one connection to other processes."""

    def __init__(self) -> None:
        self.rooms: dict[str, set[Listener]] = {}
        self._line: asyncio.Task[None] | None = None
        self._beside: dict[Beside, asyncio.Task[None]] = {}

    async def join(self, topic: str, listener: Listener, *beside: Beside) -> None:
        """Subscribe a socket to a topic. The first socket waits until the layer answers, if it does."""
        self.rooms.setdefault(topic, set()).add(listener)
        for work in beside:
            if work not in self._beside:
                self._beside[work] = asyncio.create_task(work(self))
        if self._line is not None:
            return
        ready = asyncio.Event()
        self._line = asyncio.create_task(self._bring_in(ready))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await ready.wait()

    async def leave(self, topic: str, listener: Listener) -> None:
        """Remove a socket. When the last one of the loop is gone, everything stops."""
        room = self.rooms.get(topic, set())
        room.discard(listener)
        if not room:
            self.rooms.pop(topic, None)
        if not self.rooms:
            await self._stop()

    def show(self, events: Sequence[Event]) -> None:
        """Show events on this loop's sockets; called on the loop."""
        for event in events:
            for listener in tuple(self.rooms.get(event.topic, ())):
                listener.notice(event)

    async def _bring_in(self, ready: asyncio.Event) -> None:
        """Receive events of other processes while there are sockets; reconnect when the layer is gone."""
        attempt = 0
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                layer = get_channel_layer()
                channel = await answered(layer.new_channel("hub."))
                await answered(layer.group_add(GROUP, channel))
                _silence.ends()
                ready.set()
                attempt = 0
                while True:
                    self._take(await layer.receive(channel))
            ready.set()
            _silence.begins()
            await asyncio.sleep(RETRY_AFTER[min(attempt, len(RETRY_AFTER) - 1)])
            attempt += 1

    def _take(self, envelope: dict[str, Any]) -> None:
        """Show another process's events. Ignore one of another program version: the database has the message."""
        if envelope["origin"] == ORIGIN:
            return
        for kind, facts in envelope["events"]:
            try:
                event = _EVENTS[kind](**facts)
            except (KeyError, TypeError):
                logger.warning("An event of another version of the program was left out: %s", kind)
            else:
                self.show([event])

    async def _stop(self) -> None:
        """Stop the tasks beside the sockets. The next socket of this loop gets a new hub."""
        _hubs.pop(asyncio.get_running_loop(), None)
        tasks = [*self._beside.values(), *([self._line] if self._line else [])]
        self._beside, self._line = {}, None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Silence:
    """Logs once that the layer does not answer, and once that it answers again."""

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
"""One hub per event loop with sockets; removed with the last socket."""


def hub() -> Hub:
    """Return the hub of the running event loop, made if it has none."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


class Broadcaster:
    """Sends messages to the channel layer in order, in a separate thread.

    A layer that accepts connections and never answers delays only this thread. If a message is not accepted within
    `PATIENCE`, it is dropped together with everything that waits; nothing depends on it.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, str, dict[str, Any]]] = deque(maxlen=WAITING_FOR_LAYER)
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def send(self, group: str, message: dict[str, Any]) -> None:
        """Queue a message for a group of the layer. May be called from any thread; never raises, never waits."""
        self._waiting.append((get_channel_layer(), group, message))
        # Not while the interpreter shuts down, when threads accept nothing more.
        with contextlib.suppress(RuntimeError):
            self._thread.submit(self._send_round)

    def wait(self) -> None:
        """Wait until everything queued so far has been sent or dropped."""
        self._thread.submit(int).result()

    def close(self) -> None:
        """Close the connection when the interpreter shuts down."""
        self._thread.shutdown()
        self._runner.close()

    def _begin_anew(self) -> None:
        """Start afresh in a forked process: it has none of the parent's threads, and must not use its connections."""
        self._waiting.clear()
        self._layer: Any = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="broadcaster")
        # One event loop for all rounds keeps the connection open between them.
        self._runner = asyncio.Runner()

    def _send_round(self) -> None:
        if not self._waiting:
            return
        try:
            self._runner.run(self._send_what_waits())
        except Exception:
            logger.exception("A message for the channel layer was dropped.")

    async def _send_what_waits(self) -> None:
        while self._waiting:
            layer, group, message = self._waiting.popleft()
            if layer is not self._layer:
                await self._change_to(layer)
            if not await calmly(layer.group_send(group, message)):
                self._waiting.clear()

    async def _change_to(self, layer: Any) -> None:
        """Close the connections of the previous layer, which other settings have replaced."""
        before, self._layer = self._layer, layer
        if before is not None:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await answered(before.flush())


broadcaster = Broadcaster()
atexit.register(broadcaster.close)


def publish(events: Sequence[Event]) -> None:
    """Show committed events on open screens of this and other processes; called on commit."""
    for loop, here in tuple(_hubs.items()):
        # A loop that has just ended has no sockets.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(here.show, events)
    named = [[type(event).__name__, _facts(event)] for event in events]
    broadcaster.send(GROUP, {"origin": ORIGIN, "events": named})


def _facts(event: Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event)}


def tell_sessions_ended(user_pk: int) -> None:
    """Make open sockets of an account check whether their session is over; called on commit."""
    publish([SessionsEnded(user_pk=user_pk)])


async def calmly(call: Coroutine[Any, Any, None]) -> bool:
    """Wait for the layer for `PATIENCE` seconds at most; return whether it answered."""
    try:
        await answered(call)
    except (RedisError, OSError, TimeoutError):
        _silence.begins()
        return False
    _silence.ends()
    return True


async def answered(call: Coroutine[Any, Any, T]) -> T:
    """Return what the layer answers; raise TimeoutError after `PATIENCE` seconds.

    The call has a task of its own, so that a cancellation reaches the caller in every case. In Python 3.11
    `asyncio.wait_for`, which redis-py uses too, loses a cancellation that comes together with the answer.
    """
    task = asyncio.create_task(call)
    task.add_done_callback(_look_at_its_end)
    try:
        await asyncio.wait((task,), timeout=PATIENCE)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()


def _look_at_its_end(task: asyncio.Task[Any]) -> None:
    """Retrieve the error of a call whose caller has gone, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()
