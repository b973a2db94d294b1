"""The transaction that a file is loaded in."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction
from psycopg.errors import DeadlockDetected, UniqueViolation

from accompaniment.errors import DomainError

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('accompaniment.imports'))"


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
