"""Thousands of sockets that come back at once: a few are let in at a time, too many are told to try later.

Kind: work that anybody can begin without end.
"""

import asyncio
from typing import Any

from config.turnstile import Turnstile

PATIENCE = 15.0  # seconds
TRY_LATER = 1013


class House:
    """An application that accepts each socket once it is told to, and keeps it open."""

    def __init__(self) -> None:
        self.handshakes = 0
        self.most = 0
        self.open = 0
        self.accepts, self.ends = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.handshakes += 1
        self.most = max(self.most, self.handshakes)
        await self.accepts.wait()
        self.handshakes -= 1
        if scope.get("breaks"):
            raise ConnectionError
        self.open += 1
        await send({"type": "websocket.accept"})
        await self.ends.wait()


class Visitor:
    """A socket that knocks."""

    def __init__(self, turnstile: Turnstile, **scope: Any) -> None:
        self.heard: list[dict[str, Any]] = []
        self.visit = asyncio.create_task(turnstile({"type": "websocket", **scope}, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.heard.append(message)


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_few_are_let_in_at_a_time_and_all_get_in() -> None:
    house = House()
    turnstile = Turnstile(house, at_once=3, waiting=100)
    visitors = [Visitor(turnstile) for _ in range(20)]
    await settled()
    assert house.handshakes == 3
    house.accepts.set()
    await settled()
    assert house.open == 20
    assert house.most == 3
    house.ends.set()
    await asyncio.gather(*[visitor.visit for visitor in visitors])


async def test_control_without_the_turnstile_all_come_at_once() -> None:
    house = House()
    visitors = [Visitor(house) for _ in range(20)]  # type: ignore[arg-type]
    await settled()
    assert house.most == 20
    house.accepts.set()
    house.ends.set()
    await asyncio.gather(*[visitor.visit for visitor in visitors])


async def test_one_too_many_is_told_to_try_later_and_the_others_go_on() -> None:
    house = House()
    turnstile = Turnstile(house, at_once=1, waiting=2)
    inside, first, second = (Visitor(turnstile) for _ in range(3))
    await settled()
    refused = Visitor(turnstile)
    await settled()
    assert refused.heard == [{"type": "websocket.close", "code": TRY_LATER}]
    house.accepts.set()
    house.ends.set()
    await asyncio.gather(*[visitor.visit for visitor in (inside, first, second, refused)])
    assert house.open == 3


async def test_who_breaks_or_leaves_during_the_handshake_frees_the_place() -> None:
    house = House()
    turnstile = Turnstile(house, at_once=1, waiting=10)
    breaking = Visitor(turnstile, breaks=True)
    await settled()
    leaving, waiting = Visitor(turnstile), Visitor(turnstile)
    await settled()
    leaving.visit.cancel()
    house.accepts.set()
    house.ends.set()
    async with asyncio.timeout(PATIENCE):
        outcomes = await asyncio.gather(breaking.visit, leaving.visit, waiting.visit, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, asyncio.CancelledError, type(None)]
    assert house.open == 1
