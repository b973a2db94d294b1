"""Keeps a database as the migrations leave it, which the next run copies in a second and need not migrate again."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.db import connection

PREFIX = "migrated_"
ONE_AT_A_TIME = 8117
"""Key of the lock under which a copy is made or thrown away."""


def name_of_the_copy() -> str:
    """Return the name of the copy, which changes with the migrations and with the locked dependencies."""
    base = Path(settings.BASE_DIR)
    files = [base / "uv.lock", *sorted(base.glob("*/migrations/*.py"))]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return f"{PREFIX}{digest.hexdigest()[:16]}"


def is_kept(name: str) -> bool:
    """Tell whether an earlier run has kept the copy."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def keep(name: str) -> None:
    """Copy the database of this run, which was just migrated, and throw away the copies of other migrations."""
    source = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        kept = {found for (found,) in cursor.fetchall()}
        for old in kept - {name}:
            cursor.execute(f'DROP DATABASE "{old}"')
        if name not in kept:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
