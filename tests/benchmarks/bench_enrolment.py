"""64 clients validate into one portfolio with 10 free places, compared with the same statements in bare psycopg.

The statements and their parameters are recorded from the service itself, in a copy of the same database. The other side
sends them again, each client on its own connection. It rolls back if a look at the portfolio, with the lock or before
it, finds it full. Keys given out during the recording are replaced by the new ones.

The service's clients share the process's connection pool, as they do when it serves pages. The pool starts with one
connection and opens the others while the clock runs. The 64 connections of the other side are open before it starts.
"""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier
from typing import Any

import psycopg
from django.db import connection

from accompaniment.models import Enrolment, RegistrationInterview
from accompaniment.services.enrolments.interview import open_registration_interview
from caseload.models import Placement, Portfolio
from caseload.services.moves.placements import PortfolioFullError
from caseload.services.registration.decisions import validate_at_interview
from tests.accompaniment.factories import reference
from tests.benchmarks import databases
from tests.benchmarks.rows import RUNS, Row, Size, Target, medians
from tests.caseload.factories import PortfolioFactory, fill, findings, plan_defaults, volunteer

CLIENTS = {Size.FULL: 64, Size.SMALL: 16}
PLACES = 10
TAKEN = 5
FIRST_RECORDED_KEY = 1_000_000_000
"""Keys given out during the recording are above this, each table in its own range. No other number is so large."""
KEYS_PER_TABLE = 1_000_000
LOOK_FOR_ROOM = re.compile(r'SELECT "caseload_portfolio"\."id", .* FROM "caseload_portfolio" ', re.DOTALL)


@dataclass
class Statement:
    """One statement as the service sent it, with the key that it returned, if any."""

    sql: str
    parameters: Any
    key: int | None = None


@dataclass
class Candidate:
    """A volunteer whose interview has begun."""

    enrolment: int
    interview: int
    statements: list[Statement] = field(default_factory=list)


def run(size: Size) -> list[Row]:
    """Return how many validations per second each side decides."""
    clients = CLIENTS[size]
    origin = databases.fresh("enrolment")
    portfolio, candidates = _prepare(clients)
    with _copy_of(origin):
        _record(portfolio, candidates)
    placed: list[int] = []
    others: list[int] = []
    ours, theirs = medians(
        partial(_measure, origin, clients, lambda: _by_the_service(portfolio, candidates), placed),
        partial(_measure, origin, clients, lambda: _by_psycopg(portfolio, candidates), others),
        runs=RUNS if size is Size.FULL else 1,
    )
    databases.drop(origin)
    exactly = [
        (f"exactly {PLACES} places taken here ({sorted(set(placed))})", set(placed) == {PLACES}),
        (f"exactly {PLACES} places taken on the other side ({sorted(set(others))})", set(others) == {PLACES}),
    ]
    what = f"{clients} validations into a portfolio that has {PLACES} places left"
    return [Row(what, ours, theirs, "decisions/s", Target.AT_LEAST, 0.7, exactly)]


def _prepare(clients: int) -> tuple[int, list[Candidate]]:
    reference()
    plan_defaults()
    portfolio = PortfolioFactory(capacity=TAKEN + PLACES)
    fill(portfolio, TAKEN)
    candidates = []
    for _ in range(clients):
        enrolment = volunteer(portfolio)
        interview = open_registration_interview(actor=portfolio.adviser.user, jobseeker=enrolment.jobseeker)
        candidates.append(Candidate(enrolment.pk, interview.pk))
    return portfolio.pk, candidates


def _record(portfolio_pk: int, candidates: list[Candidate]) -> None:
    """Validate all volunteers one by one into a portfolio that is large enough, and record the statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename",
        )
        for number, (sequence,) in enumerate(cursor.fetchall()):
            cursor.execute(f"ALTER SEQUENCE {sequence} RESTART {FIRST_RECORDED_KEY + number * KEYS_PER_TABLE}")
        cursor.execute("UPDATE caseload_portfolio SET capacity = capacity + %s", [len(candidates)])
    for candidate in candidates:
        acts = _act(portfolio_pk, candidate)
        with connection.execute_wrapper(partial(_note, candidate.statements)):
            acts()


def _note(into: list[Statement], execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
    result = execute(sql, parameters, many, context)
    statement = Statement(sql, parameters)
    cursor = context["cursor"]
    if sql.startswith("INSERT") and "RETURNING" in sql:
        rows = cursor.fetchall()
        statement.key = rows[0][0]
        context["cursor"].cursor.scroll(0, mode="absolute")
    into.append(statement)
    return result


def _act(portfolio_pk: int, candidate: Candidate) -> Callable[[], Placement]:
    """Return the page's act; its objects are fetched as the view fetches them."""
    portfolio = Portfolio.objects.select_related("adviser__user", "agency__departement").get(pk=portfolio_pk)
    return partial(
        validate_at_interview,
        actor=portfolio.adviser.user,
        enrolment=Enrolment.objects.get(pk=candidate.enrolment),
        interview=RegistrationInterview.objects.get(pk=candidate.interview),
        findings=findings(),
        portfolio=portfolio,
    )


def _measure(origin: str, clients: int, side: Callable[[], float], placed: list[int]) -> float:
    with _copy_of(origin):
        seconds = side()
        placed.append(Placement.objects.count() - TAKEN)
    return clients / seconds


def _by_the_service(portfolio: int, candidates: list[Candidate]) -> float:
    acts = [_act(portfolio, candidate) for candidate in candidates]

    def validate(act: Callable[[], Placement]) -> None:
        try:
            act()
        except PortfolioFullError:
            pass
        finally:
            connection.close()

    return _all_at_once([partial(validate, act) for act in acts])


def _by_psycopg(portfolio: int, candidates: list[Candidate]) -> float:
    parameters = connection.get_connection_params()
    for name in ("pool", "cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    opened = [psycopg.connect(**parameters) for _ in candidates]
    try:
        return _all_at_once(
            [partial(_send_again, own, portfolio, candidate) for own, candidate in zip(opened, candidates, strict=True)]
        )
    finally:
        for own in opened:
            own.close()


def _send_again(own: "psycopg.Connection[Any]", portfolio: int, candidate: Candidate) -> None:
    keys: dict[int, int] = {}
    with own.cursor() as cursor:
        for statement in candidate.statements:
            cursor.execute(statement.sql, _with(keys, statement.parameters))
            if statement.key is not None:
                keys[statement.key] = cursor.fetchone()[0]  # type: ignore[index]
            elif LOOK_FOR_ROOM.match(statement.sql) and not _has_room(cursor):
                own.rollback()
                return
    own.commit()


def _with(keys: dict[int, int], parameters: Any) -> Any:
    if not keys or not parameters:
        return parameters
    return tuple(keys.get(value, value) if type(value) is int else value for value in parameters)


def _has_room(cursor: "psycopg.Cursor[Any]") -> bool:
    names = [column.name for column in cursor.description or ()]
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the portfolio is not there")
    return bool(row[names.index("occupied")] < row[names.index("capacity")])


def _all_at_once(acts: list[Callable[[], None]]) -> float:
    """Run each act in its own thread, all from the same moment; return the seconds until the last one ends."""
    ready = Barrier(len(acts) + 1)

    def wait_and_act(act: Callable[[], None]) -> None:
        ready.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as threads:
        under_way = [threads.submit(wait_and_act, act) for act in acts]
        ready.wait()
        began = time.perf_counter()
        for one in under_way:
            one.result()
        return time.perf_counter() - began


@contextmanager
def _copy_of(origin: str) -> Iterator[None]:
    """Use a copy of a database, and drop it at the end."""
    copy = databases.copy_of(origin, "enrolment_copy")
    try:
        yield
    finally:
        databases.drop(copy)
