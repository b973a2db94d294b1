"""What a prepared statement is given arrives in PostgreSQL as it was."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from accompaniment.models.statements import Statement

LISTS: dict[str, list[Any]] = {
    "bigint": [1, -(2**63), 2**63 - 1, None],
    "boolean": [True, False, None],
    "uuid": [UUID(int=0), UUID(int=2**128 - 1), None],
    "timestamptz": [datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC), None],
    "text": ["", "NULL", None, "{a,b}", 'dit "oui"', "\\", '\\"', "a\nb\t", " , ", "l'été \N{GRINNING FACE}"],
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_arrives_as_it_was(kind: str) -> None:
    back = Statement(f"SELECT %(values)s::{kind}[]")
    assert back.send(values=LISTS[kind]).fetchone() == (LISTS[kind],)
    assert back.send(values=[]).fetchone() == ([],)
