"""Restores the tables of the test database from a copy."""

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

LARGE = 1024 * 1024
"""From this size in bytes on, a table gets a new file. Its dead rows would slow down later tests."""

MIGRATED = "migrated"
"""The copy of what the migrations wrote. Each test with real transactions begins with it."""


def emptied_tables() -> list[str]:
    """Return the tables that a test may write to."""
    kept = {ContentType._meta.db_table, Permission._meta.db_table}
    return sorted(set(connection.introspection.django_table_names(only_existing=True)) - kept)


def may_pass_triggers() -> bool:
    """Tell whether tables can be brought back: only a superuser writes to them without their triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')::boolean")
        (may,) = cursor.fetchone()
    return bool(may)


def set_aside(tables: list[str], copy: str) -> None:
    """Copy the present content of the tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {copy}")
        for name in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
            if cursor.fetchone() == (True,):
                cursor.execute(f"CREATE TABLE {copy}.{name} AS TABLE public.{name}")


def bring_back(tables: list[str], copy: str) -> None:
    """Restore the tables from a copy, once nobody else is writing to them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_table_size(name::regclass) > %s", [tables, LARGE]
        )
        large = [name for (name,) in cursor.fetchall()]
        # No test is running, so foreign keys and guards of histories do not matter.
        cursor.execute("SET LOCAL session_replication_role = replica")
        if large:
            cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        cursor.execute("; ".join(f"DELETE FROM {name}" for name in tables))
        # PostgreSQL makes the generated columns again itself.
        cursor.execute(
            "SELECT tablename, string_agg(quote_ident(attname), ', ') FROM pg_tables"
            " JOIN pg_attribute ON attrelid = format('public.%%I', tablename)::regclass"
            " WHERE schemaname = %s AND attnum > 0 AND NOT attisdropped AND attgenerated = '' GROUP BY tablename",
            [copy],
        )
        for name, columns in cursor.fetchall():
            cursor.execute(f"INSERT INTO public.{name} ({columns}) SELECT {columns} FROM {copy}.{name}")


_by_django = TransactionTestCase._fixture_teardown


def truncated_by_django(case: TransactionTestCase) -> None:
    """Empty the tables as Django does, with the guards of the histories disabled."""
    guarded = [model._meta.db_table for model in apps.get_models() if "never_truncated" in getattr(model, "guards", {})]
    for act in ("DISABLE", "ENABLE"):
        with connection.cursor() as cursor:
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} {act} TRIGGER never_truncated")
        if act == "DISABLE":
            _by_django(case)
