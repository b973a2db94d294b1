"""What every test stands on."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection

from tests.strict_templates import _templates_are_strict, strict_templates

__all__ = ("_templates_are_strict", "django_db_setup", "strict_templates")

# A failure must be one that can be had again: no random seed, no store of earlier examples, and no deadline on a
# machine that is shared.
hypothesis.settings.register_profile("accompagnement", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("accompagnement")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Begin each test with an empty cache; each worker has one of its own."""
    cache.clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let the test database be emptied after a test with real transactions, and be dropped at the end.

    Histories refuse TRUNCATE in every database of ours; here they are allowed it, and nothing else.
    """
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        # No test of this run asked for the database, so none was made: leave the demonstration's alone.
        yield
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'never_truncated'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER never_truncated")
    yield
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()


FIRST = ("tests/test_state_machine.py", "tests/test_access.py", "tests/concurrency/")
"""What takes long in one piece goes first, so that no worker is left alone with it at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give one worker all that drives a browser, and the others everything else, module by module.

    Two browsers at once, with the servers that they talk to, are more than two cores can carry in time.
    """
    ranks = {"tests/e2e/": 0} | {name: rank for rank, name in enumerate(FIRST, start=1)}

    def rank(item: pytest.Item) -> int:
        return next((ranks[name] for name in ranks if item.nodeid.startswith(name)), len(ranks))

    items.sort(key=rank)
    for item in items:
        module = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group("browser" if module.startswith("tests/e2e/") else module))
