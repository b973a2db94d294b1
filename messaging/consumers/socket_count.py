"""Count how many sockets each account has open, in Redis, where all processes see it.

An entry expires unless its process renews it, so sockets of a dead process are forgotten. If Redis does not answer,
each process counts only its own sockets.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

LASTS = 40
"""Seconds until an entry expires; `sessions.RENEW_EVERY` renews it three times in that time."""
AWAY_FOR = 10.0
"""Seconds for which a Redis that did not answer is not asked again, so that no socket waits for it twice."""

# One script, by the clock of Redis: two processes that ask at once never both get the last place.
ENTER = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
STAY = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""

T = TypeVar("T")


class Ticket(NamedTuple):
    """One open socket: its account, and a unique name."""

    user_pk: int
    name: str

    @property
    def key(self) -> str:
        return _key(self.user_pk)


def _key(user_pk: int) -> str:
    return f"sockets.{user_pk}"


class SocketCount:
    """One process's view of the count. Its methods run on the event loop and wait in a thread."""

    def __init__(self, *, lasts: int = LASTS) -> None:
        self._lasts = lasts
        self._away_until = 0.0

    async def enter(self, ticket: Ticket, *, most: int) -> bool:
        """Count a socket and return True, unless `most` sockets of its account are open already."""
        admitted = await self._ask(lambda client: client.eval(ENTER, 1, ticket.key, most, self._lasts, ticket.name))
        return admitted is None or bool(admitted)

    async def stay(self, tickets: Iterable[Ticket]) -> None:
        """Renew the entries of open sockets, and add those that Redis does not know yet."""
        tickets = list(tickets)

        def renew(client: "redis.Redis") -> None:
            with client.pipeline(transaction=False) as pipe:
                for ticket in tickets:
                    pipe.eval(STAY, 1, ticket.key, self._lasts, ticket.name)
                pipe.execute()

        if tickets:
            await self._ask(renew)

    async def leave(self, ticket: Ticket) -> None:
        """Remove a socket from the count."""
        await self._ask(lambda client: client.zrem(ticket.key, ticket.name))

    def any_open(self, accounts: Sequence[frozenset[int]]) -> list[bool | None]:
        """Return for each set of accounts whether one of them has a socket open; None if Redis does not answer.

        Called in a thread.
        """

        def count(client: "redis.Redis") -> list[int]:
            with client.pipeline(transaction=False) as pipe:
                for pk in asked:
                    pipe.zcount(_key(pk), time.time(), "+inf")
                return pipe.execute()

        asked = sorted(frozenset().union(*accounts))
        counts = self._answer(count) if asked else []
        if counts is None:
            return [None] * len(accounts)
        opened = {pk for pk, number in zip(asked, counts, strict=True) if number}
        return [not opened.isdisjoint(some) for some in accounts]

    async def _ask(self, act: Callable[[Any], T]) -> T | None:
        """Return what Redis answers, or None if it does not."""
        return await asyncio.to_thread(self._answer, act)

    def _answer(self, act: Callable[[Any], T]) -> T | None:
        # Checked inside the thread, so that sockets that waited behind the first do not wait as long again.
        if time.monotonic() < self._away_until:
            return None
        try:
            return act(_client(settings.CACHES["default"]["LOCATION"]))
        except (redis.RedisError, OSError):
            if time.monotonic() >= self._away_until:
                logger.warning("Redis does not answer: the sockets of an account are counted in each process alone.")
            self._away_until = time.monotonic() + AWAY_FOR
            return None


@cache
def _client(location: str) -> "redis.Redis":
    """Return this process's connections. They belong to the cache's Redis; what is lost there is counted again."""
    return redis.Redis.from_url(location, retry=None, **settings.CACHES["default"].get("OPTIONS", {}))
