"""Thousands of open, authenticated sockets on one process, killed and started anew; and what each costs in memory.

Each socket is a jobseeker's own conversation. While the process is away, the adviser writes in each conversation. The
sockets connect again as a page does: after a wait that doubles and is spread, and later if they are told so. The other
side is a bare consumer of the same server, which stores nothing.
"""

import asyncio
import contextlib
import json
import random
import resource
import time
from dataclasses import dataclass
from statistics import median
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from caseload.models import Placement
from messaging.consumers.writer import BATCH
from messaging.models import Conversation
from messaging.services.posting import Draft, post_messages
from tests.benchmarks import databases
from tests.benchmarks.chat_rig import STATEMENTS, Server, ask, begin, cookie, end, open_line, until_ready
from tests.benchmarks.crowd import crowd
from tests.benchmarks.rows import Row, Size, Target

SOCKETS = {Size.FULL: 5000, Size.SMALL: 10}
RUNS = {Size.FULL: 3, Size.SMALL: 1}
PEOPLE_PER_SOCKET = 4
IN_PORTFOLIO = {Size.FULL: 250, Size.SMALL: 20}

MOST_QUERIES = 2
LOG_IN = "/connexion/"
ALL_BACK_WITHIN = 20.0  # seconds
PATIENCE = 120.0
PAGE_WITHIN = 5.0

FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds, as in `static/frame/socket.js`."""
AT_A_TIME = 200
"""Handshakes that the client begins together when it connects for the first time."""


@dataclass
class Person:
    """A jobseeker with a conversation, and how many of its messages their screen has."""

    conversation: int
    jobseeker: int
    cookie: str
    have: int


class Line:
    """One socket that comes back, as that of a page does."""

    def __init__(self, person: Person, port: int, *, bare: bool) -> None:
        self.person = person
        self.port = port
        self.bare = bare
        self.have = person.have
        self.line: ClientConnection | None = None

    async def open(self) -> None:
        """Connect until it succeeds, and take what was missed."""
        failures = 0
        while True:
            try:
                self.line = await self._connect()
                return
            except (OSError, WebSocketException, TimeoutError):
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2**failures)
                failures += 1
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    async def _connect(self) -> ClientConnection:
        line = await open_line(self.port, self.person.conversation, self.person.cookie, bare=self.bare)
        await line.send(json.dumps({"type": "sync", "after": self.have}))
        while True:
            frame = json.loads(await line.recv())
            if self.bare:
                return line
            if frame["type"] != "messages":
                raise RuntimeError(frame)
            for item in frame["items"]:
                if item["number"] != self.have + 1:
                    raise RuntimeError("a message is missing, or came twice")
                self.have = item["number"]
            if self.have == frame["last"]:
                return line

    async def close(self) -> None:
        if self.line is not None:
            await self.line.close()

    async def lost(self) -> None:
        """Return when the server is gone."""
        if self.line is None:
            raise RuntimeError("the line was not open")
        try:
            while True:
                await self.line.recv()
        except ConnectionClosed:
            return


def run(size: Size) -> list[Row]:
    """Return the time until all sockets are back, and the memory of one."""
    count = SOCKETS[size]
    _allow_files(2 * count + 200)
    databases.fresh("sockets")
    crowd(count * PEOPLE_PER_SOCKET, in_portfolio=IN_PORTFOLIO[size])
    people = _people(count)
    runs = [(_fall(people, bare=False), _fall(people, bare=True)) for _ in range(RUNS[size])]
    ours, theirs = (list(side) for side in zip(*runs, strict=True))
    back, other = (median(fall.back for fall in side) for side in (ours, theirs))
    memory, others = (median(fall.memory for fall in side) / 1000 for side in (ours, theirs))
    queries = max(fall.statements for fall in ours) / count
    page = max(fall.page for fall in ours)
    return [
        Row(
            f"sockets, {count} on one process that is killed",
            back,
            other,
            "s",
            Target.AT_MOST,
            2.0,
            [
                (f"all are back within {ALL_BACK_WITHIN:g} s", back <= ALL_BACK_WITHIN),
                (f"{queries:.2f} queries for each, at most 2", queries <= MOST_QUERIES),
                (f"the log-in page answers meanwhile, at the latest after {page:.2g} s", page <= PAGE_WITHIN),
            ],
            ["no message was lost, and none came twice"],
        ),
        Row(f"idle sockets, memory of one of {count}", memory, others, "kB", Target.AT_MOST, 1.5),
    ]


@dataclass
class Fall:
    """What a fall of the server cost: seconds until all sockets were back, bytes of one, statements, slowest page."""

    back: float
    memory: float
    statements: int
    page: float


def _allow_files(count: int) -> None:
    """Let this process and the servers that it starts open as many sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, most), most))


def _people(count: int) -> list[Person]:
    conversations = Conversation.objects.select_related("jobseeker__user").order_by("pk")[:count]
    found = [Person(row.pk, row.jobseeker_id, cookie(row.jobseeker.user), row.last_number) for row in conversations]
    if len(found) != count:
        raise RuntimeError(f"only {len(found)} conversations")
    return found


def _fall(people: list[Person], *, bare: bool) -> Fall:
    return asyncio.run(_fall_and_rise(people, bare=bare))


async def _fall_and_rise(people: list[Person], *, bare: bool) -> Fall:
    server = begin()
    try:
        until_ready(server)
        before = server.memory()
        lines = [Line(person, server.port, bare=bare) for person in people]
        door = asyncio.Semaphore(AT_A_TIME)
        await asyncio.gather(*[_first(line, door) for line in lines])
        memory = (server.memory() - before) / len(lines)
        server.process.kill()
        server.process.wait()
        await asyncio.gather(*[line.lost() for line in lines])
        if not bare:
            await asyncio.to_thread(_write_to_all, people)
        began = time.perf_counter()
        server = begin(server.port)
        pages = asyncio.create_task(_slowest_page(server))
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*[line.open() for line in lines])
        back = time.perf_counter() - began
        pages.cancel()
        statements = int(await asyncio.to_thread(ask, server, STATEMENTS))
        for line in lines:
            line.person.have = line.have
            await line.close()
        return Fall(back, memory, statements, await pages)
    finally:
        end(server)


async def _first(line: Line, door: asyncio.Semaphore) -> None:
    async with door:
        await line.open()


async def _slowest_page(server: Server) -> float:
    """Ask for the log-in page again and again until cancelled; return the longest wait since the first answer."""
    slowest = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.to_thread(ask, server, STATEMENTS)
        while True:
            began = time.perf_counter()
            with contextlib.suppress(TimeoutError):
                await asyncio.to_thread(ask, server, LOG_IN)
            slowest = max(slowest, time.perf_counter() - began)
    return slowest


def _write_to_all(people: list[Person]) -> None:
    """Let each person's adviser write a message."""
    advisers = dict(Placement.objects.open().values_list("jobseeker", "portfolio__adviser__user"))
    drafts = [
        Draft(author_pk=advisers[one.jobseeker], conversation_pk=one.conversation, client_id=uuid4(), body="Bonjour")
        for one in people
    ]
    for begin_at in range(0, len(drafts), BATCH):
        for outcome in post_messages(drafts[begin_at : begin_at + BATCH]):
            if isinstance(outcome, Exception):
                raise outcome
