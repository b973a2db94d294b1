"""Keeps a freshly migrated database. The next run copies it in a second and need not migrate again."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

PREFIX = "migrated_"
ONE_AT_A_TIME = 8117
"""The key of the advisory lock under which a copy is looked for, made or dropped."""


@contextmanager
def alone() -> Iterator[None]:
    """Let the other workers of the run wait, so that one migrates and they copy."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")  # a migration takes longer than any lock of a test
        cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        yield


def name_of_the_copy() -> str:
    """Return the name of the copy, which depends on the migrations and the locked dependencies."""
    base = Path(settings.BASE_DIR)
    files = [base / "uv.lock", *sorted(base.glob("*/migrations/*.py"))]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return f"{PREFIX}{digest.hexdigest()[:16]}"


def is_kept(name: str) -> bool:
    """Return whether an earlier run has kept the copy."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def keep(name: str) -> None:
    """Copy the freshly migrated database of this run, and drop copies with other migrations. The caller is `alone`."""
    source = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        kept = {found for (found,) in cursor.fetchall()}
        for old in kept - {name}:
            cursor.execute(f'DROP DATABASE "{old}"')
        if name not in kept:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
