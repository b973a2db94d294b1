"""The transaction in which a file is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction
from psycopg.errors import DeadlockDetected, UniqueViolation

from accompaniment.rules.errors import DomainError

MANY_ROWS = 1000
"""From this number of written rows on, a table's statistics are refreshed at once."""
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('accompaniment.rules.imports'))"


@contextmanager
def import_transaction(*, dry_run: bool) -> Iterator[None]:
    """Load one file at a time, completely or not at all; with `dry_run` everything is rolled back.

    Raises DomainError, with nothing written, if somebody has changed the same people meanwhile.
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
                "Des fiches ont changé pendant le chargement. Rien n'a été écrit\u00a0: chargez le fichier de nouveau."
            ) from error
        raise


def refresh_statistics(*, written: int, tables: tuple[str, ...]) -> None:
    """Refresh the planner's statistics of tables into which the load has written many rows.

    PostgreSQL would do this by itself, but minutes later. Until then the load's next statements and checks, and then
    the pages that join these tables, would be planned for the former size.
    """
    if written >= MANY_ROWS:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(tables)}")
