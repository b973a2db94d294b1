"""The demonstration, for tests that look at all of its pages."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from tests.e2e.server import LiveServer
from tests.tables import bring_back, emptied_tables, may_pass_triggers, set_aside

COPY = "demonstration"
GOOD_FOR = timedelta(minutes=5)
"""How long a copy can be used: its interviews begin about now, also by the clock of the browser."""


@pytest.fixture(scope="session")
def load_demonstration() -> Callable[[], None]:
    """Load the demonstration into empty tables, from a copy that an earlier test made not long ago, if there is one."""
    made_at: datetime | None = None

    def load() -> None:
        nonlocal made_at
        now = timezone.now()
        if made_at is not None and now - made_at < GOOD_FOR:
            bring_back(emptied_tables(), COPY)
            return
        call_command("seed_demo", verbosity=0)
        if may_pass_triggers():
            with connection.cursor() as cursor:
                cursor.execute(f"DROP SCHEMA IF EXISTS {COPY} CASCADE")
            set_aside(emptied_tables(), COPY)
            made_at = now

    return load


@pytest.fixture
def demonstration(server: LiveServer, load_demonstration: Callable[[], None]) -> None:
    """Load the demonstration."""
    load_demonstration()
