"""Removes a guard of the database for a control, and restores it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def dropped(table: str, name: str) -> Iterator[None]:
    """Drop a constraint or a unique index of a table. Rows written meanwhile are deleted before it is restored."""
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
    """Disable our own triggers of these tables. PostgreSQL's triggers for foreign keys stay."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextmanager
def cap_dropped() -> Iterator[None]:
    """Drop the last guard of the cap. Placements written above the cap are removed at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'portfolio_within_capacity'"
        )
        (definition,) = cursor.fetchone()
        cursor.execute("ALTER TABLE caseload_portfolio DROP CONSTRAINT portfolio_within_capacity")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM caseload_placement")
            cursor.execute(f"ALTER TABLE caseload_portfolio ADD CONSTRAINT portfolio_within_capacity {definition}")


@contextmanager
def without(table: str, constraint: str, *, emptied: str) -> Iterator[None]:
    """Drop a constraint; restore it when the tables `emptied`, and what refers to them, are empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f"TRUNCATE {emptied} CASCADE")
            cursor.execute("RESET session_replication_role")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")
