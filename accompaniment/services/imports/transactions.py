"""The transaction that a file is loaded in."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction
from psycopg.errors import DeadlockDetected, UniqueViolation

from accompaniment.rules.errors import DomainError

MANY_ROWS = 1000
"""From how many written rows on the planner's statistics of a table are made anew at once."""
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('accompaniment.rules.imports'))"


@contextmanager
def import_transaction(*, dry_run: bool) -> Iterator[None]:
    """Load one file at a time, all of it or nothing; with `dry_run` everything is done and taken back.

    Raises DomainError when somebody changed the same people meanwhile; nothing was written then.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(ONE_AT_A_TIME)
            yield
            if dry_run:
                transaction.set_rollback(True)
    except DatabaseError as error:
        if isinstance(error.__cause__, UniqueViolation | DeadlockDetected):
            raise DomainError(
                "Des fiches ont changé pendant le chargement. Rien n'a été écrit\u00a0: chargez le fichier à nouveau."
            ) from error
        raise


def refresh_statistics(*, written: int, tables: tuple[str, ...]) -> None:
    """Tell the planner how large the tables are now, when the load has written many rows into them.

    PostgreSQL would find out by itself, minutes later. Until then the statements and checks that follow in the load,
    and after it the pages that join these tables, would be planned as if they were as small as before.
    """
    if written >= MANY_ROWS:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(tables)}")
