"""Runs acts at the same moment, each in its own thread and on its own connection."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from time import monotonic
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet

T = TypeVar("T")


PATIENCE = 20  # seconds

SOON = 10
"""Seconds within which a transaction must be waiting for a lock."""


def at_once(*acts: Callable[[], T]) -> list[T | Exception]:
    """Run each act in its own thread and connection; return the result of each, or the error that it raised.

    No act begins before all are ready; one after the other, they would succeed without any guard. No thread holds a
    connection while it waits for the others, because there are fewer connections than acts.
    """
    start = Barrier(len(acts), timeout=PATIENCE)

    def run(act: Callable[[], T]) -> T | Exception:
        start.wait()
        try:
            return act()
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


class InHand:
    """Holds rows in a transaction of its own, until they are let go."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows
        self.taken, self.let_go = Event(), Event()

    def hold(self) -> None:
        with transaction.atomic():
            list(self.rows.select_for_update())
            self.taken.set()
            assert self.let_go.wait(PATIENCE)


def until_somebody_waits() -> None:
    """Return when another transaction waits for a lock."""
    deadline = monotonic() + SOON
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            # Within a transaction the statistics views repeat their first answer until the snapshot is cleared.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("no transaction waits for a lock")


LONG = 90.0
"""Seconds within which a process of its own has started, on a slow machine where other tests run."""


def waiting_for_locks() -> int:
    """Return how many other transactions wait for a lock now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def nobody_else_works() -> bool:
    """Whether PostgreSQL has ended the transaction of the killed worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL)"
        )
        return bool(cursor.fetchone()[0])
