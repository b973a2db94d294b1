"""Database work of the rooms runs in parallel, keeps the order within each room, and leaves no connection open.

Kind: work of many rooms that waits in one queue. Each act here waits for a lock that the test holds on its interview.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.db import connection, transaction

from config.asgi import application
from messaging.consumers import sessions as sockets
from messaging.consumers.sessions import in_thread
from tests.sessions import client_of
from tests.visio.factories import InterviewFactory
from tests.visio.tabs import PATIENCE, Tab
from visio.models import Interview

pytestmark = pytest.mark.django_db(transaction=True)

ROOMS = 6


@asynccontextmanager
async def held(interviews: list[Interview]) -> AsyncIterator[Callable[[], None]]:
    """Lock the interviews' rows, so that nobody can arrive in the rooms, until the end or until the yielded call."""
    locked, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(Interview.objects.select_for_update(of=("self",)).filter(pk__in=[one.pk for one in interviews]))
                locked.set()
                let_go.wait(4 * PATIENCE)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        try:
            assert await asyncio.to_thread(locked.wait, PATIENCE)
            yield let_go.set
        finally:
            let_go.set()
        holding.result()


@database_sync_to_async
def waiting() -> int:
    """Return the number of acts that wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        (count,) = cursor.fetchone()
    return int(count)


async def until_waiting(acts: int) -> bool:
    """Return whether this number of acts comes to wait for a lock."""
    until = time.monotonic() + PATIENCE
    while await waiting() < acts:
        if time.monotonic() > until:
            return False
    return True


async def arriving(rooms: int) -> list[Tab]:
    """Return one person's tab in each of several rooms, accepted by the server."""
    tabs = []
    for _ in range(rooms):
        interview = await database_sync_to_async(InterviewFactory)()
        tab = Tab(interview.jobseeker.user, interview)
        tab.interview = interview
        assert await tab.open()
        tabs.append(tab)
    return tabs


async def test_acts_of_six_rooms_run_side_by_side() -> None:
    tabs = await arriving(ROOMS)
    async with held([tab.interview for tab in tabs]):
        for tab in tabs:
            await tab.say(type="join", tab=tab.id)
        assert await until_waiting(ROOMS)
    for tab in tabs:
        await tab.hear("joined")
        await tab.leave()


async def test_control_in_one_thread_the_second_room_waits_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(1) as one:
        monkeypatch.setattr(sockets, "threads", one)
        slow, quick = await arriving(2)
        async with held([slow.interview]):
            await slow.say(type="join", tab=slow.id)
            assert await until_waiting(1)
            await quick.say(type="join", tab=quick.id)
            assert await quick.hears_nothing()
        for tab in (slow, quick):
            await tab.hear("joined")
            await tab.leave()


async def test_while_one_room_waits_another_is_served_and_people_come_in() -> None:
    slow, quick = await arriving(2)
    async with held([slow.interview]):
        await slow.say(type="join", tab=slow.id)
        assert await until_waiting(1)
        await quick.say(type="join", tab=quick.id)
        await quick.hear("joined")
        await quick.leave()
        (third,) = await arriving(1)
        await third.leave()
    await slow.hear("joined")
    await slow.leave()


async def test_the_acts_of_one_room_keep_their_order() -> None:
    (tab,) = await arriving(1)
    async with held([tab.interview]):
        await tab.say(type="join", tab=tab.id)
        assert await until_waiting(1)
        for _ in range(3):
            await tab.say(type="ping")
        await tab.say(type="admit")
        assert await tab.hears_nothing()
    for kind in ("joined", "pong", "pong", "pong", "error"):
        await tab.hear(kind)
    await tab.leave()


def breaks() -> None:
    list(Interview.objects.all())
    raise ValueError


async def test_no_connection_is_left_with_a_thread_of_the_sockets() -> None:
    """After success and after an error. The pool counts the connections that it has lent."""
    tabs = await arriving(ROOMS)
    for tab in tabs:
        await tab.say(type="join", tab=tab.id)
    for tab in tabs:
        await tab.hear("joined")
        await tab.leave()
    for outcome in await asyncio.gather(*[in_thread(breaks) for _ in range(ROOMS)], return_exceptions=True):
        assert isinstance(outcome, ValueError)
    everywhere = threading.Barrier(django_settings.SOCKET_THREADS, timeout=PATIENCE)

    def holds() -> bool:
        everywhere.wait()
        return connection.connection is not None

    for left in [sockets.threads.submit(holds) for _ in range(django_settings.SOCKET_THREADS)]:
        assert not left.result()


async def test_a_handshake_waits_for_no_thread_that_others_share() -> None:
    """Channels does its own work for a whole process in one thread; in this test that thread is busy."""
    interview = await database_sync_to_async(InterviewFactory)()
    user = interview.jobseeker.user
    browser = await database_sync_to_async(client_of)(user)
    name = django_settings.SESSION_COOKIE_NAME
    path = f"/ws/visio/{interview.token}/"
    scope: dict[str, Any] = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"origin", b"http://localhost"),
            (b"cookie", f"{name}={browser.cookies[name].value}".encode()),
        ],
        "subprotocols": [],
    }
    socket = ApplicationCommunicator(application, scope)
    over = threading.Event()
    busy = asyncio.create_task(sync_to_async(over.wait)(4 * PATIENCE))
    try:
        await socket.send_input({"type": "websocket.connect"})
        assert (await socket.receive_output(PATIENCE))["type"] == "websocket.accept"
    finally:
        over.set()
        await busy
    await socket.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wait(PATIENCE)
