"""Statements that PostgreSQL plans once for each connection, sent several at a time.

Django builds the text of a query anew each time, and PostgreSQL plans it anew. That is right for pages. Where a busy
process asks the same questions a thousand times a second, both cost more than the answer. A `Statement` is built once,
from a query of the ORM or from SQL, and prepared. Inside `in_one_trip`, statements are sent without waiting for the
answers of those before; each still sees what was committed when it begins.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import DateTimeField, QuerySet
from django.db.models.expressions import RawSQL

NEVER_OF_ITSELF = 1_000_000_000
"""Runs of one statement after which psycopg prepares it unasked."""


@dataclass(frozen=True)
class Blank:
    """A parameter of a statement, by its name."""

    name: str


def each(name: str, kind: str = "bigint") -> RawSQL:
    """Stand for a list in a query of the ORM: `filter(pk__in=each("people"))`. `kind` is the type of its members."""
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [Blank(name)])  # noqa: S611  (`kind` is ours)


def instant(name: str) -> RawSQL:
    """Stand for an instant in a query of the ORM."""
    return RawSQL("%s::timestamptz", [Blank(name)], output_field=DateTimeField())


class Statement:
    """A prepared statement. Its text is SQL with `%(name)s`, or a query that has `each` and `instant` for blanks."""

    def __init__(self, source: str | Callable[[], "QuerySet[Any]"]) -> None:
        self._source = source
        self._built: tuple[str, Sequence[Any]] | None = None

    def send(self, **values: Any) -> "psycopg.Cursor[Any]":
        """Send the statement; the cursor has its rows once the trip is over."""
        ours = _connection()
        written = {name: array(value) if isinstance(value, list) else value for name, value in values.items()}
        with ours.wrap_database_errors:
            cursor = psycopg.Cursor(ours.connection)
            if isinstance(self._source, str):
                return cursor.execute(self._source, written, prepare=True)
            if self._built is None:
                self._built = self._source().query.sql_with_params()
            text, blanks = self._built
            filled = [written[blank.name] if isinstance(blank, Blank) else blank for blank in blanks]
            return cursor.execute(text, filled, prepare=True)


def array(values: list[Any]) -> str:
    """Return a list as PostgreSQL reads an array. psycopg looks at each member many times before it writes it."""
    return "{" + ",".join([_member(value) for value in values]) + "}"


def _member(value: Any) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    if isinstance(value, (int, UUID)):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _connection() -> Any:
    """Return this thread's connection, open. Django forbids prepared statements; this allows those that ask for it."""
    ours = connections[DEFAULT_DB_ALIAS]
    if ours.connection is None:
        ours.connect()
    ours.connection.prepare_threshold = NEVER_OF_ITSELF
    return ours


@contextmanager
def in_one_trip() -> Iterator[None]:
    """Send the statements of this block together. The first error of any of them is raised at its end."""
    ours = _connection()
    with ours.wrap_database_errors, ours.connection.pipeline():
        yield
