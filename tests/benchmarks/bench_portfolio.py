"""The portfolio page of 250 people, with a million jobseekers in the database, beside the same with ten thousand."""

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
    "page du portefeuille": "/portefeuille/",
    "recherche avec faute dans le portefeuille": "/portefeuille/?q=Duponr",
}


def run(size: Size) -> list[Row]:
    """Return the time of the full page, and of a search with a typing error, through the whole of Django."""
    many, few = PEOPLE[size]
    large, small = (_database(count) for count in (many, few))
    runs = RUNS if size is Size.FULL else 1
    rows = []
    for what, address in PAGES.items():
        queries = {name: _queries(name, address) for name in (large, small)}
        ours, theirs = medians(partial(_page, large, address), partial(_page, small, address), runs=runs)
        rows.append(
            Row(
                f"{what}, {many} demandeurs d'emploi",
                ours * 1000,
                theirs * 1000,
                "ms",
                Target.AT_MOST,
                1.2,
                [
                    (f"même nombre de requêtes ({queries[large]})", queries[large] == queries[small]),
                    (f"au plus {MOST_QUERIES} requêtes", queries[large] <= MOST_QUERIES),
                ],
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
