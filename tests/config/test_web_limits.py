"""Pages give up on a statement that takes too long; jobs and commands do not."""

import psycopg
import pytest
from django.conf import settings

from config.settings.connections import WEB_LIMITS, databases


def limits(*, serves_pages: bool) -> dict[str, str]:
    options = databases("postgres:///unused", serves_pages=serves_pages)["default"]["OPTIONS"].get("options", "")
    with (
        psycopg.connect(settings.DATABASE_URL, options=options) as connection,
        connection.cursor() as cursor,
    ):
        return {name: str(cursor.execute(f"SHOW {name}").fetchone()[0]) for name in WEB_LIMITS}  # type: ignore[index]


@pytest.mark.parametrize(("serves_pages", "statement_timeout"), [(True, "30s"), (False, "0")])
def test_only_a_process_that_serves_pages_has_limits(*, serves_pages: bool, statement_timeout: str) -> None:
    found = limits(serves_pages=serves_pages)
    assert found["statement_timeout"] == statement_timeout
    assert ("0" in found.values()) is not serves_pages


def test_what_the_address_says_stays_beside_the_limits() -> None:
    url = "postgres:///unused?options=-c%20work_mem%3D8MB"
    options = databases(url, serves_pages=True)["default"]["OPTIONS"]["options"]
    assert options.startswith("-c work_mem=8MB -c statement_timeout=30s")
