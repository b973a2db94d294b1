"""Whether the process lives, and whether it can serve: for the machines that watch it."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import redis
from django.conf import settings
from django.db import connection

LIMIT = 2  # seconds for each server to answer; libpq knows no shorter one


@dataclass(frozen=True)
class Report:
    """What a probe gets: an HTTP status and a text with one line a fact."""

    status: int
    text: str


def alive() -> Report:
    """Say that the process answers; asks nobody else, so that a lost database restarts nothing."""
    return Report(200, "ok")


def ready() -> Report:
    """Say whether PostgreSQL and Redis answer: 200, or 503 with the ones that do not."""
    down = [name for name, answers in (("database", _database_answers), ("redis", _redis_answers)) if not answers()]
    if down:
        return Report(503, "\n".join(f"{name}: no answer" for name in down))
    return Report(200, "ok")


def _database_answers() -> bool:
    """Ask over a connection of its own: one from the pool would wait for its turn, or for the pool's patience."""
    parameters = connection.get_connection_params()
    try:
        with psycopg.connect(**{**parameters, "connect_timeout": LIMIT}) as fresh:
            fresh.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def _redis_answers() -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=LIMIT, socket_connect_timeout=LIMIT, retry=None)
    try:
        with client:
            return bool(client.ping())
    except redis.RedisError:
        return False


PROBES: dict[str, Callable[[], Report]] = {"/healthz": alive, "/readyz": ready}
