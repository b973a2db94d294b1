"""One side of a conversation that writes without a pause, and behaves as the script of a page does.

It connects again after a wait that doubles and is spread, says what it has, fills gaps, and sends a message again until
it is acknowledged or refused for good.
"""

import asyncio
import contextlib
import json
import random
import time
from typing import Any
from uuid import UUID, uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from tests.benchmarks.chat_rig import Server, open_line

FIRST_WAIT, LONGEST_WAIT = 0.25, 4.0  # seconds
SENT_AGAIN_AFTER = 3.0  # seconds
ASKED_EVERY = 2.0  # seconds
PAUSE = 0.2
"""Seconds between two messages of one side, so that the faults are the test and not the load."""


class Talker:
    """The screen of one person. `shown` is what it shows, in order; `acknowledged` the number of each message."""

    def __init__(self, server: Server, conversation: int, cookie: str) -> None:
        self.server = server
        self.conversation = conversation
        self.cookie = cookie
        self.line: ClientConnection | None = None
        self.shown: list[tuple[int, str]] = []
        self.acknowledged: dict[UUID, int] = {}
        self.contradictions: list[str] = []
        self.sent_again = 0
        self.connections = 0
        self.last_ack = time.monotonic()
        self.writes = True
        self.pending: UUID | None = None
        self._told = asyncio.Event()

    @property
    def have(self) -> int:
        """The number up to which everything is shown."""
        return self.shown[-1][0] if self.shown else 0

    def has_ended_with(self, both: "tuple[Talker, Talker]") -> bool:
        """Return whether this side waits for nothing, and shows all that either side was told is stored."""
        last = max((number for talker in both for number in talker.acknowledged.values()), default=0)
        return self.pending is None and self.have >= last

    async def run(self) -> None:
        """Stay connected and write, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stay_connected())
            tasks.create_task(self._write_on())
            tasks.create_task(self._ask_on())

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            try:
                self.line = await open_line(self.server.port, self.conversation, self.cookie, bare=False)
                self.connections += 1
                await self.line.send(json.dumps({"type": "sync", "after": self.have}))
                async for text in self.line:
                    failures = 0
                    self._hear(json.loads(text))
            except (OSError, WebSocketException, TimeoutError):
                pass
            self.line = None
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**failures) * random.uniform(0.5, 1.0)
            failures += 1
            await asyncio.sleep(wait)

    async def _write_on(self) -> None:
        while True:
            if self.writes:
                self.pending = uuid4()
                await self._send_until_acknowledged(self.pending)
                self.pending = None
            await asyncio.sleep(PAUSE)

    async def _send_until_acknowledged(self, client_id: UUID) -> None:
        first = True
        while client_id not in self.acknowledged:
            self.sent_again += not first
            first = False
            self._told.clear()
            await self.tell({"type": "send", "client_id": str(client_id), "body": f"Bonjour {client_id}"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SENT_AGAIN_AFTER):
                    await self._told.wait()

    async def _ask_on(self) -> None:
        while True:
            await asyncio.sleep(ASKED_EVERY)
            await self.tell({"type": "sync", "after": self.have})

    async def tell(self, frame: dict[str, Any]) -> None:
        """Send a frame if there is a connection."""
        if self.line is not None:
            with contextlib.suppress(WebSocketException, OSError):
                await self.line.send(json.dumps(frame))

    async def send_all_again(self) -> None:
        """Send every message again that was ever acknowledged."""
        for client_id in list(self.acknowledged):
            self.sent_again += 1
            await self.tell({"type": "send", "client_id": str(client_id), "body": "Un autre texte"})

    def cut(self) -> None:
        """Lose the connection in the middle of a frame."""
        if self.line is not None:
            self.line.transport.write(b"\x81\xfe\x01\x00half a fr")
            self.line.transport.abort()

    def _hear(self, frame: dict[str, Any]) -> None:
        shown = [frame["item"]] if "item" in frame else frame.get("items", [])
        for item in shown:
            if item["number"] == self.have + 1:
                self.shown.append((item["number"], item["client_id"]))
        if frame["type"] == "ack":
            client_id = UUID(frame["client_id"])
            number = self.acknowledged.setdefault(client_id, frame["number"])
            if number != frame["number"]:
                self.contradictions.append(f"{client_id} was acknowledged as {number} and as {frame['number']}")
            self.last_ack = time.monotonic()
            self._told.set()
        elif frame["type"] == "refused" and not frame["retry"]:
            self.contradictions.append(f"refused: {frame['sentence']}")
