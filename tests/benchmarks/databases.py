"""Databases for benchmarks, beside those of the demonstration and of the tests: made from one migrated template."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

PREFIX = f"bench_{os.getpid()}"
TEMPLATE = f"{PREFIX}_template"


@contextmanager
def migrated_template() -> Iterator[None]:
    """Make the template of this run's databases; drop it, and whatever was made from it, at the end."""
    before = connection.settings_dict["NAME"]
    _execute(f"CREATE DATABASE {TEMPLATE}")
    try:
        use(TEMPLATE)
        call_command("migrate", verbosity=0)
        _leave()
        yield
    finally:
        use(before)
        for name in _of_this_run():
            _execute(f"DROP DATABASE {name} WITH (FORCE)")


def fresh(topic: str) -> str:
    """Make an empty, migrated database, turn this process to it, and return its name for `use`.

    Each benchmark names its own: `fresh("import")`. It may be dropped by `drop` before the end of the run.
    """
    name = f"{PREFIX}_{topic}"
    _leave()
    _execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    use(name)
    return name


def copy_of(origin: str, topic: str) -> str:
    """Make a copy of a database that `fresh` made, turn this process to it, and return its name."""
    name = f"{PREFIX}_{topic}"
    _leave()
    _execute(f"CREATE DATABASE {name} TEMPLATE {origin}")
    use(name)
    return name


def use(name: str) -> None:
    """Turn this process, its other threads included, to the database `name`."""
    _leave()
    connection.settings_dict["NAME"] = name


def drop(name: str) -> None:
    """Drop a database that `fresh` made, and turn this process back to the template."""
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
