"""The portfolio page of 250 people, with a million jobseekers in the database, beside the same with ten thousand.

The ratio is that of medians; beside it stands the first page that each database serves after it was filled.
"""

import time
from functools import partial
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from caseload.models import Portfolio
from tests.benchmarks import databases
from tests.benchmarks.crowd import crowd
from tests.benchmarks.rows import RUNS, Row, Size, Target, medians

PEOPLE = {Size.FULL: (1_000_000, 10_000), Size.SMALL: (2_000, 500)}
IN_PORTFOLIO = 250
MOST_QUERIES = 8
PAGES_A_RUN = 5

PAGES = {
    "portfolio page": "/portefeuille/",
    "search with a typing error in the portfolio": "/portefeuille/?q=Duponr",
}


def run(size: Size) -> list[Row]:
    """Return the time of the full page, and of a search with a typing error, through the whole of Django."""
    many, few = PEOPLE[size]
    large, small = (_database(count) for count in (many, few))
    runs = RUNS if size is Size.FULL else 1
    _warm_up(small)
    rows = []
    for what, address in PAGES.items():
        first = {name: _first(name, address) for name in (large, small)}
        queries = {name: _queries(name, address) for name in (large, small)}
        ours, theirs = medians(partial(_page, large, address), partial(_page, small, address), runs=runs)
        rows.append(
            Row(
                f"{what}, {many} jobseekers beside {few}",
                ours * 1000,
                theirs * 1000,
                "ms",
                Target.AT_MOST,
                1.2,
                [
                    (f"same number of queries ({queries[large]})", queries[large] == queries[small]),
                    (f"at most {MOST_QUERIES} queries", queries[large] <= MOST_QUERIES),
                ],
                [f"the first page of all: {first[large] * 1000:.4g} ms, other side {first[small] * 1000:.4g} ms"],
            )
        )
    databases.drop(large)
    databases.drop(small)
    return rows


def _database(count: int) -> str:
    name = databases.fresh(f"people_{count}")
    crowd(count, in_portfolio=IN_PORTFOLIO)
    return name


def _client() -> Client:
    client = Client()
    client.force_login(Portfolio.objects.order_by("pk").first().adviser.user)
    return client


def _warm_up(origin: str) -> None:
    """Let Django read its templates and addresses, in a copy, so that a first page tells of the database alone."""
    copy = databases.copy_of(origin, "warm_up")
    client = _client()
    for address in PAGES.values():
        client.get(address)
    databases.drop(copy)


def _first(name: str, address: str) -> float:
    """Return the seconds of the first page: a new connection, and what the page needs is fetched by the server."""
    databases.use(name)
    client = _client()
    began = time.perf_counter()
    client.get(address)
    return time.perf_counter() - began


def _queries(name: str, address: str) -> int:
    """Return the number of queries of the page, which shows everybody of the portfolio when nothing is searched for."""
    databases.use(name)
    client = _client()
    with CaptureQueriesContext(connection) as captured:
        page = client.get(address)
    shown = page.content.count(b'name="personne"')
    if page.status_code != 200 or ("?" not in address and shown != IN_PORTFOLIO):
        raise RuntimeError(f"{address} answered {page.status_code} with {shown} people")
    return len(captured)


def _page(name: str, address: str) -> float:
    """Return the median seconds of a few pages, the first of which opens the connection and is not counted."""
    databases.use(name)
    client = _client()
    client.get(address)
    seconds = []
    for _ in range(PAGES_A_RUN):
        began = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - began)
    return median(seconds)
