"""One account has a limited number of open sockets, however many processes serve it.

Kind: a bound that holds only for each process. Two counters simulate two processes: they share nothing but Redis.
"""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from pytest_django import Settings

from messaging.consumers.socket_count import SocketCount, Ticket

MOST = 3
ACCOUNT = 987_654_321


@pytest.fixture(autouse=True)
def server() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(django_settings.CACHES["default"]["LOCATION"])
    client.delete(ticket().key, ticket(ACCOUNT + 1).key)
    yield client
    client.delete(ticket().key, ticket(ACCOUNT + 1).key)
    client.close()


@pytest.fixture
def away(settings: Settings) -> None:
    settings.CACHES = {"default": {"LOCATION": "unix:///nowhere?db=0"}}


def ticket(account: int = ACCOUNT) -> Ticket:
    return Ticket(account, uuid4().hex)


async def entered(*counts: SocketCount, account: int = ACCOUNT) -> list[bool]:
    return [await count.enter(ticket(account), most=MOST) for count in counts]


async def test_two_processes_count_one_account_together() -> None:
    here, there = SocketCount(), SocketCount()
    assert await entered(here, there, here, there, here) == [True] * 3 + [False] * 2
    assert await entered(there, account=ACCOUNT + 1) == [True]


async def test_who_leaves_makes_room_in_every_process() -> None:
    here, there = SocketCount(), SocketCount()
    first = ticket()
    assert await here.enter(first, most=MOST)
    assert await entered(here, there, there) == [True, True, False]
    await here.leave(first)
    assert await entered(there, here) == [True, False]


async def test_all_at_once_get_as_many_places_as_there_are() -> None:
    processes = [SocketCount() for _ in range(8)]
    admitted = await asyncio.gather(*(one.enter(ticket(), most=MOST) for one in processes))
    assert admitted.count(True) == MOST


def test_without_one_step_two_processes_both_take_the_last_place(server: redis.Redis) -> None:
    """The control: checking first and writing then lets both in."""
    key = ticket().key
    seen = [server.zcard(key) < 1 for _ in ("here", "there")]
    for process in ("here", "there"):
        server.zadd(key, {process: 1})
    assert (seen, server.zcard(key)) == ([True, True], 2)


async def test_the_sockets_of_a_process_that_died_are_forgotten_and_those_that_stay_are_not(
    server: redis.Redis,
) -> None:
    here, dead = SocketCount(), SocketCount()
    stays = ticket()
    assert await here.enter(stays, most=MOST)
    assert await entered(dead, dead, here) == [True, True, False]
    # Their time is over, by the clock of Redis.
    for name in server.zrange(stays.key, 0, -1):
        server.zadd(stays.key, {name: 1})
    await here.stay([stays])
    assert await entered(here, here, here) == [True, True, False]


async def test_nothing_is_kept_for_ever(server: redis.Redis) -> None:
    count = SocketCount(lasts=40)
    await count.stay([one := ticket()])
    assert 0 < server.ttl(one.key) <= 40


@pytest.mark.usefixtures("away")
async def test_without_redis_nobody_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    count = SocketCount()
    one = ticket()
    assert await entered(*[count] * (MOST + 2)) == [True] * (MOST + 2)
    await count.stay([one])
    await count.leave(one)
    # Redis is asked once, not by each waiting socket.
    assert [record.message for record in caplog.records] == [
        "Redis does not answer: the sockets of an account are counted in each process alone."
    ]


async def test_those_that_open_at_once_do_not_wait_for_a_frozen_redis_one_after_the_other(settings: Settings) -> None:
    """Kind: a check before a queue, so that each one in the queue waits for its full length."""
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        url = f"redis://127.0.0.1:{frozen.getsockname()[1]}/0"
        settings.CACHES = {"default": {"LOCATION": url, "OPTIONS": {"socket_timeout": 0.2}}}
        count = SocketCount()
        with ThreadPoolExecutor(max_workers=2) as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            before = time.monotonic()
            admitted = await asyncio.gather(*(count.enter(ticket(), most=MOST) for _ in range(60)))
            took = time.monotonic() - before
    assert admitted == [True] * 60
    assert took < 3, "two at a time would take six seconds"


async def test_what_was_opened_without_redis_is_counted_once_it_is_back(settings: Settings) -> None:
    count, location = SocketCount(), settings.CACHES
    settings.CACHES = {"default": {"LOCATION": "unix:///nowhere?db=0"}}
    early = [ticket() for _ in range(MOST)]
    assert [await count.enter(one, most=MOST) for one in early] == [True] * MOST
    settings.CACHES = location
    there = SocketCount()
    await there.stay(early)
    assert await entered(there) == [False]
