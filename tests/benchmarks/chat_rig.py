"""Server processes and clients for the chat benchmarks."""

import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect

from accompaniment.enums import BoundedAct
from accompaniment.models import User
from accompaniment.services.bounds import set_bound
from tests.messaging.factories import Pair, pair
from tests.sessions import session_of

PROJECT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0  # seconds
STATEMENTS = "/bench/statements/"
"""Where a server process says how many statements it has sent to PostgreSQL."""


@dataclass(frozen=True)
class Talk:
    """A conversation, and the session cookies of its two people."""

    pk: int
    person: str
    adviser: str


def talks(count: int) -> list[Talk]:
    """Make conversations in the present database, whose people may write as much as they like."""
    set_bound(actor=None, act=BoundedAct.MESSAGES, most=1_000_000, starts_on=timezone.localdate(), within_minutes=1)
    return [_talk(pair()) for _ in range(count)]


def _talk(two: Pair) -> Talk:
    return Talk(two.conversation.pk, cookie(two.person), cookie(two.adviser))


def cookie(user: User) -> str:
    """Return the cookie of a new session."""
    return f"{settings.SESSION_COOKIE_NAME}={session_of(user).session_key}"


@dataclass
class Server:
    """One server process on a loopback port."""

    port: int
    process: "subprocess.Popen[bytes]"

    def memory(self) -> int:
        """Return the bytes of its resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("the server is gone")


@contextmanager
def servers(count: int) -> Iterator[list[Server]]:
    """Run server processes on the present database."""
    running = [begin() for _ in range(count)]
    try:
        for server in running:
            until_ready(server)
        yield running
    finally:
        for server in running:
            end(server)


def begin(port: int = 0) -> Server:
    """Start a server process on a port; 0 chooses a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    listener.set_inheritable(True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.chat_server", str(listener.fileno())],
        cwd=PROJECT,
        env={**os.environ, "BENCH_DATABASE": str(connection.settings_dict["NAME"])},
        pass_fds=[listener.fileno()],
    )
    chosen = listener.getsockname()[1]
    listener.close()
    return Server(chosen, process)


def end(server: Server) -> None:
    """Stop a server process."""
    server.process.terminate()
    server.process.wait(PATIENCE)


def until_ready(server: Server) -> None:
    """Return when the process serves."""
    # The kernel accepts at once; the answer comes when the application is loaded.
    ask(server, STATEMENTS)


def ask(server: Server, path: str) -> bytes:
    """Return what the server answers to a GET."""
    line = HTTPConnection("localhost", server.port, timeout=PATIENCE)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path} answered {answer.status}")
        return answer.read()
    finally:
        line.close()


@dataclass
class Told:
    """What a measurement brought: seconds from each send to the other person's screen."""

    seconds: list[float] = field(default_factory=list)
    lasted: float = 0.0

    @property
    def a_second(self) -> float:
        return len(self.seconds) / self.lasted


class Screen:
    """One socket of the client. It notes each text that is shown on it."""

    def __init__(self, line: ClientConnection, *, bare: bool) -> None:
        self.line = line
        self.bare = bare
        self.shown: asyncio.Queue[str] = asyncio.Queue()

    async def hear(self) -> None:
        """Take frames until the line is closed."""
        async for text in self.line:
            if self.bare:
                self.shown.put_nowait(json.loads(text)["client_id"])
                continue
            frame = json.loads(text)
            if frame["type"] == "ack":
                self.shown.put_nowait(frame["client_id"])
            elif frame["type"] == "messages":
                for item in frame["items"]:
                    self.shown.put_nowait(item["client_id"])
            elif frame["type"] != "presence":
                raise RuntimeError(text)


async def open_line(port: int, conversation: int, cookie: str, *, bare: bool) -> ClientConnection:
    """Open a socket on a conversation, as a page of the service does."""
    path = "bare" if bare else "ws/messagerie"
    return await connect(
        f"ws://localhost:{port}/{path}/{conversation}/",
        origin=f"http://localhost:{port}",  # type: ignore[arg-type]
        additional_headers={"Cookie": cookie},
        compression=None,
        ping_interval=None,
        open_timeout=PATIENCE,
    )


async def open_screen(server: Server, talk: Talk, cookie: str, *, bare: bool) -> Screen:
    """Open one socket on a conversation."""
    line = await open_line(server.port, talk.pk, cookie, bare=bare)
    if not bare:
        await line.send('{"type": "sync", "after": 0}')
        await line.recv()
    return Screen(line, bare=bare)


def measure(servers: Sequence[Server], talks: Sequence[Talk], *, bare: bool, seconds: float) -> Told:
    """Send one message after the other in each conversation, the next when the other person sees it.

    The person is on the first server, the adviser on the last.
    """
    return asyncio.run(_measure(servers, talks, bare=bare, seconds=seconds))


async def _measure(servers: Sequence[Server], talks: Sequence[Talk], *, bare: bool, seconds: float) -> Told:
    told = Told()
    pairs = [
        (
            await open_screen(servers[0], talk, talk.person, bare=bare),
            await open_screen(servers[-1], talk, talk.adviser, bare=bare),
        )
        for talk in talks
    ]
    hearing = [asyncio.create_task(screen.hear()) for two in pairs for screen in two]
    try:
        began = time.perf_counter()
        until = began + seconds
        await asyncio.gather(*[_talk_on(*two, number, until, told) for number, two in enumerate(pairs)])
        told.lasted = time.perf_counter() - began
    finally:
        for two in pairs:
            for screen in two:
                await screen.line.close()
        await asyncio.gather(*hearing)
    return told


_runs = itertools.count(1)


async def _talk_on(author: Screen, other: Screen, number: int, until: float, told: Told) -> None:
    run = next(_runs)
    for count in itertools.count():
        sent = time.perf_counter()
        if sent > until:
            return
        client_id = str(UUID(int=(time.time_ns() << 48) + (run << 32) + count))
        await author.line.send(json.dumps({"type": "send", "client_id": client_id, "body": f"Bonjour {number}"}))
        async with asyncio.timeout(PATIENCE):
            while await other.shown.get() != client_id:
                pass
        told.seconds.append(time.perf_counter() - sent)
