"""The last socket of a process leaves in any moment, and its hub ends.

Kind: a cancellation that is lost because it comes together with the answer. `asyncio.wait_for` of Python 3.11 loses it,
also inside redis-py, and whoever waits for the end of the task then waits for ever.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from messaging.services import live

PATIENCE = 15.0  # seconds
TOPIC = live.desk_topic(1)


class Page:
    """A socket that does nothing."""

    def notice(self, event: live.Event) -> None:
        pass


class Layer:
    """A channel layer that answers at once, and lets a test act in the same moment."""

    def __init__(self) -> None:
        self.with_new_channel: Callable[[], Any] = str
        self.with_group: Callable[[], Any] = str

    async def new_channel(self, prefix: str) -> str:
        self.with_new_channel()
        return f"{prefix}1"

    async def group_add(self, group: str, channel: str) -> None:
        self.with_group()

    async def group_discard(self, group: str, channel: str) -> None:
        pass

    async def receive(self, channel: str) -> dict[str, Any]:
        await asyncio.get_running_loop().create_future()
        raise AssertionError


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    monkeypatch.setattr(live, "get_channel_layer", lambda: layer)
    return layer


@pytest.mark.parametrize("moment", ["with_new_channel", "with_group"])
async def test_a_hub_ends_though_the_layer_answers_in_the_same_moment(layer: Layer, moment: str) -> None:
    hub, page = live.hub(), Page()
    leaving: asyncio.Queue[asyncio.Task[None]] = asyncio.Queue()
    setattr(layer, moment, lambda: leaving.put_nowait(asyncio.create_task(hub.leave(TOPIC, page))))
    await hub.join(TOPIC, page)
    async with asyncio.timeout(PATIENCE):
        await (await leaving.get())
    assert live.hub() is not hub
    live._hubs.pop(asyncio.get_running_loop())


async def test_what_runs_beside_the_sockets_ends_though_the_layer_answers_in_the_same_moment(layer: Layer) -> None:
    hub, page = live.hub(), Page()
    leaving: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()

    def leave_once() -> None:
        if not leaving.done():
            leaving.set_result(asyncio.create_task(hub.leave(TOPIC, page)))

    async def beside(_: live.Hub) -> None:
        while True:
            await live.calmly(layer.group_add(TOPIC, "hub.1"))
            await asyncio.sleep(0)

    await hub.join(TOPIC, page, beside)
    layer.with_group = leave_once
    async with asyncio.timeout(PATIENCE):
        await (await leaving)


async def test_a_cancellation_reaches_the_caller_though_the_call_loses_it() -> None:
    begun = asyncio.Event()

    async def loses_it() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.get_running_loop().create_future()

    caller = asyncio.create_task(live.calmly(loses_it()))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(PATIENCE):
            await caller
