"""Settings and fixtures for every test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client, TransactionTestCase

from config.memory import look_rarely
from tests.migrated import alone, is_kept, keep, name_of_the_copy
from tests.order import by_path, first_collected, in_order, pytest_xdist_make_scheduler
from tests.sessions import force_login
from tests.strict_templates import _templates_are_strict, strict_templates
from tests.tables import MIGRATED, bring_back, emptied_tables, may_pass_triggers, set_aside, truncated_by_django

__all__ = (
    "_templates_are_strict",
    "django_db_setup",
    "migrated",
    "pytest_xdist_make_scheduler",
    "strict_templates",
)

# A failure must be reproducible: no random seed, no stored examples, and no deadline on a busy machine.
hypothesis.settings.register_profile("accompagnement", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("accompagnement")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Begin each test with an empty cache; each worker has its own."""
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _quick_log_in() -> Iterator[None]:
    """Let `force_login` write a session and nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", force_login)
        yield


@pytest.fixture(scope="session")
def migrated(django_db_modify_db_settings: None, django_db_blocker: Any) -> Iterator[Callable[[], None]]:
    """Use the migrated database that an earlier run or another worker has kept, if any.

    Yield what to do after the migration: keep it, if none was kept. Until then the other workers wait.
    """
    test = connection.settings_dict["TEST"]
    name = name_of_the_copy()
    with ExitStack() as waiting:
        with django_db_blocker.unblock():
            waiting.enter_context(alone())
            if is_kept(name):
                test["TEMPLATE"] = name
                waiting.close()

        def after() -> None:
            if test.get("TEMPLATE") is None:
                keep(name)
            waiting.close()

        yield after
    test["TEMPLATE"] = None


@pytest.fixture(scope="session")
def django_db_setup(migrated: Callable[[], None], django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Restore the tables after a test with real transactions, and drop the database at the end.

    Histories refuse TRUNCATE in every database, this one included. Django's own method takes fifteen times as long,
    because it gives every table and index a new file and checks all permissions again. It is used only if the role may
    not bypass triggers.
    """
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        # No test of this run has used the database, so none was made. Leave the demonstration's alone.
        yield
        return
    with django_db_blocker.unblock():
        migrated()
        in_our_way = may_pass_triggers()
        tables = emptied_tables()
        set_aside(tables, MIGRATED)
    with pytest.MonkeyPatch.context() as patch:
        empty = (lambda _case: bring_back(tables, MIGRATED)) if in_our_way else truncated_by_django
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()
        # A thread of the browser tests' server may hold its connection a moment longer, and a database in use cannot be
        # dropped.
        with connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )


def pytest_configure(config: pytest.Config) -> None:
    """Let each worker of a whole run collect another part first."""
    config.args = first_collected(config)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Give all workers one order, and run the slow modules first, after pytest-django has sorted the tests."""
    items.sort(key=by_path)
    yield
    items.sort(key=in_order)


def pytest_collection_finish() -> None:
    """Spare the tests most looks for objects that only refer to each other, as a process that serves does."""
    look_rarely()
