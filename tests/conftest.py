"""What every test stands on."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase
from xdist.scheduler import LoadScopeScheduling

from tests.migrated import is_kept, keep, name_of_the_copy
from tests.strict_templates import _templates_are_strict, strict_templates

__all__ = ("_templates_are_strict", "django_db_setup", "migrated", "strict_templates")

# A failure must be one that can be had again: no random seed, no store of earlier examples, and no deadline on a
# machine that is shared.
hypothesis.settings.register_profile("accompagnement", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("accompagnement")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Begin each test with an empty cache; each worker has one of its own."""
    cache.clear()


@pytest.fixture(scope="session")
def migrated(django_db_modify_db_settings: None, django_db_blocker: Any) -> Iterator[str]:
    """Name the database to begin with, if an earlier run has kept one."""
    test = connection.settings_dict["TEST"]
    name = name_of_the_copy()
    with django_db_blocker.unblock():
        if is_kept(name):
            test["TEMPLATE"] = name
    yield name
    test["TEMPLATE"] = None


@pytest.fixture(scope="session")
def django_db_setup(migrated: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let the test database be emptied after a test with real transactions, and be dropped at the end.

    Histories refuse TRUNCATE in every database of ours, and in this one too. Django's own way to empty takes fifteen
    times as long: it gives every table and index a new file, and asks all models again for their permissions. It is
    left to a role that may not pass by triggers.
    """
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        # No test of this run asked for the database, so none was made: leave the demonstration's alone.
        yield
        return
    with django_db_blocker.unblock():
        if connection.settings_dict["TEST"].get("TEMPLATE") is None:
            keep(migrated)
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser')::boolean")
        (may_pass_triggers,) = cursor.fetchone()
        kept = {ContentType._meta.db_table, Permission._meta.db_table}
        tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - kept)
        set_aside(tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            TransactionTestCase,
            "_fixture_teardown",
            (lambda _case: empty(tables)) if may_pass_triggers else truncated_by_django,
        )
        yield
    with django_db_blocker.unblock():
        connection.close()
        connection.close_pool()


LARGE = 1024 * 1024
"""Bytes from which on a table is given a new file: its dead rows would slow down the tests that follow."""


def set_aside(tables: list[str]) -> None:
    """Keep a copy of what the migrations wrote, for the tests that come after the tables were emptied."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA aside")
        for name in tables:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
            if cursor.fetchone() == (True,):
                cursor.execute(f"CREATE TABLE aside.{name} AS TABLE public.{name}")


def empty(tables: list[str]) -> None:
    """Bring the tables back to what the migrations left in them; wait for whoever still writes to one of them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_table_size(name::regclass) > %s", [tables, LARGE]
        )
        large = [name for (name,) in cursor.fetchall()]
        # Nobody is left whom a reference or a history could matter to.
        cursor.execute("SET LOCAL session_replication_role = replica")
        if large:
            cursor.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        cursor.execute("; ".join(f"DELETE FROM {name}" for name in tables))
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'aside'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"INSERT INTO public.{name} SELECT * FROM aside.{name}")


_by_django = TransactionTestCase._fixture_teardown


def truncated_by_django(case: TransactionTestCase) -> None:
    """Empty the tables as Django does, with the guards of the histories out of the way."""
    guarded = [model._meta.db_table for model in apps.get_models() if "never_truncated" in getattr(model, "guards", {})]
    for act in ("DISABLE", "ENABLE"):
        with connection.cursor() as cursor:
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} {act} TRIGGER never_truncated")
        if act == "DISABLE":
            _by_django(case)


FIRST = ("tests/e2e/", "tests/test_access.py", "tests/test_hostile_requests.py", "tests/test_hours.py")
"""What takes long in one piece goes first, so that no worker is left alone with it at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, after pytest-django has put the tests in its own order."""

    def rank(item: pytest.Item) -> int:
        return next((rank for rank, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST))

    items.sort(key=rank)


class OneBrowser(LoadScopeScheduling):
    """Give one worker all that drives a browser, and the others everything else, module by module.

    Two browsers at once, with the servers that they talk to, are more than two cores can carry in time.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "browser" if module.startswith("tests/e2e/") else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrowser:
    """Schedule the tests of a parallel run; marks of groups are not read by this release of pytest-xdist."""
    return OneBrowser(config, log)
