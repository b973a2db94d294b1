"""Takes a guard of the database away for a control, and puts it back."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def dropped(table: str, name: str) -> Iterator[None]:
    """Do without a constraint or a unique index of a table; what was written meanwhile goes before it comes back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || conname || ' ' "
            "|| pg_get_constraintdef(oid), 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname "
            "FROM pg_constraint WHERE conrelid = %(table)s::regclass AND conname = %(name)s UNION ALL "
            "SELECT indexdef, 'DROP INDEX ' || indexname FROM pg_indexes WHERE tablename = %(table)s "
            "AND indexname = %(name)s AND indexname NOT IN (SELECT conname FROM pg_constraint)",
            {"table": table, "name": name},
        )
        [(back, away)] = cursor.fetchall()
        cursor.execute(away)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(back)


@contextmanager
def without_triggers(*tables: str) -> Iterator[None]:
    """Do without the triggers of tables that are ours; PostgreSQL's own, of the foreign keys, stay."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
