"""Databases for benchmarks, copied from one migrated template; neither the demonstration's nor the tests'."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from tests.migrated import is_kept, name_of_the_copy

PREFIX = f"bench_{os.getpid()}"
TEMPLATE = f"{PREFIX}_template"


@contextmanager
def migrated_template() -> Iterator[None]:
    """Make the template of this run's databases; at the end drop it with all of its copies.

    It is a copy of the migrated database that the tests have kept, if there is one.
    """
    before = connection.settings_dict["NAME"]
    kept = name_of_the_copy()
    migrated = is_kept(kept)
    _execute(f"CREATE DATABASE {TEMPLATE}" + (f" TEMPLATE {kept}" if migrated else ""))
    try:
        use(TEMPLATE)
        if not migrated:
            call_command("migrate", verbosity=0)
        _leave()
        yield
    finally:
        use(before)
        for name in _of_this_run():
            _execute(f"DROP DATABASE {name} WITH (FORCE)")


def fresh(topic: str) -> str:
    """Make an empty, migrated database, use it in this process, and return its name for `use`.

    Each benchmark chooses a name: `fresh("import")`. `drop` can drop it before the end of the run.
    """
    name = f"{PREFIX}_{topic}"
    _leave()
    _execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    use(name)
    return name


def copy_of(origin: str, topic: str) -> str:
    """Copy a database that `fresh` made, use the copy in this process, and return its name."""
    name = f"{PREFIX}_{topic}"
    _leave()
    _execute(f"CREATE DATABASE {name} TEMPLATE {origin}")
    use(name)
    return name


def use(name: str) -> None:
    """Use the database `name` in this process, in its other threads too."""
    _leave()
    connection.settings_dict["NAME"] = name


def drop(name: str) -> None:
    """Drop a database that `fresh` made, and use the template again in this process."""
    use(TEMPLATE)
    _execute(f"DROP DATABASE {name} WITH (FORCE)")


def _leave() -> None:
    connection.close()
    connection.close_pool()


def _of_this_run() -> list[str]:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{PREFIX}_"])
        return [name for (name,) in cursor.fetchall()]


def _execute(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
