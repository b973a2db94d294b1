"""Pauses an import in the middle, so that a test can look at it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from caseload.services.steering.imports import load_waiting_files


@contextmanager
def writing_held_up() -> Iterator[None]:
    """Let a load read its whole file and then wait, because nobody may write people."""
    holder = connection.copy()
    holder.set_autocommit(False)
    try:
        with holder.cursor() as cursor:
            cursor.execute("LOCK TABLE accompaniment_jobseeker IN SHARE ROW EXCLUSIVE MODE")
        yield
    finally:
        holder.rollback()
        holder.close()


def somebody_waits_for_the_people() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            # The databases of the other workers are copies of one, and their tables have the same numbers.
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'accompaniment_jobseeker'::regclass"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        return bool(cursor.fetchone()[0])


def work() -> int:
    try:
        return load_waiting_files()
    finally:
        connection.close()
