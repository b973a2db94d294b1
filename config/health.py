"""Health checks for monitoring: whether the process lives, and whether it can serve."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from accompaniment.services.database_roles import weaknesses_by

logger = logging.getLogger(__name__)
_looked: list[bool] = []
"""Filled once the process has looked at its database role."""

AWAY = ("08", "53", "57P")
"""The first characters of PostgreSQL's error states for a refused connection (08, 53) or a shutdown (57P)."""
LIMIT = 2  # seconds for each server to answer; libpq knows no shorter one


@dataclass(frozen=True)
class Report:
    """The answer to a probe: an HTTP status, and a text with one line per fact."""

    status: int
    text: str


def alive() -> Report:
    """Return that the process answers. It asks no other server, so that a lost database restarts nothing."""
    return Report(200, "ok")


def ready() -> Report:
    """Return whether PostgreSQL and Redis answer: 200, or 503 with the ones that do not."""
    down = [name for name, answers in PROBED.items() if not answers()]
    if down:
        return Report(503, "\n".join(f"{name}: no answer" for name in down))
    return Report(200, "ok")


def is_away(error: BaseException | None) -> bool:
    """Return whether a database error means that the server is away: no connection, or a shutdown.

    A statement or lock that takes too long is also an `OperationalError`, but it is a fault of ours.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(AWAY)


def _database_answers() -> bool:
    """Ask over a new connection: one from the pool might have to wait."""
    parameters = connection.get_connection_params()
    try:
        with psycopg.connect(**{**parameters, "connect_timeout": LIMIT}) as fresh:
            fresh.execute("SELECT 1")
            _look_at_the_role(fresh)
    except psycopg.Error:
        return False
    return True


def _look_at_the_role(fresh: "psycopg.Connection[Any]") -> None:
    """Warn once in the log if the database role could change history. The answer to the probe does not say it."""
    if settings.DEMONSTRATION or _looked:
        return
    _looked.append(True)
    with fresh.cursor() as cursor:
        for sentence in weaknesses_by(cursor):
            logger.warning("%s Run `manage.py restrict_database_role ROLE` as the owner.", sentence)


def _redis_answers() -> bool:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=LIMIT, socket_connect_timeout=LIMIT, retry=None)
    try:
        with client:
            return bool(client.ping())
    except redis.RedisError:
        return False


PROBED: dict[str, Callable[[], bool]] = {"database": _database_answers, "redis": _redis_answers}
PROBES: dict[str, Callable[[], Report]] = {"/healthz": alive, "/readyz": ready}
