"""The portfolio page of 250 people, and the search of a person from every page, in a database of a million jobseekers,
compared with one of ten thousand.

The ratio compares medians. Beside it stands the first page that each database serves after it was filled.
"""

import time
from functools import partial
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from caseload.models import Manager, Portfolio
from tests.benchmarks import databases
from tests.benchmarks.crowd import crowd
from tests.benchmarks.rows import RUNS, Row, Size, Target, medians
from tests.caseload.factories import ManagerFactory

PEOPLE = {Size.FULL: (1_000_000, 10_000), Size.SMALL: (80, 40)}
IN_PORTFOLIO = {Size.FULL: 250, Size.SMALL: 20}
MOST_QUERIES = 8
PAGES_A_RUN = {Size.FULL: 5, Size.SMALL: 1}

PAGES = {
    "portfolio page": "/portefeuille/",
    "search with a typing error in the portfolio": "/portefeuille/?q=Duponr",
}
SEARCHES = {
    "Duponr": "a typing error",
    "mar": "three letters",
    "martin": "a frequent name",
    "martn": "a frequent name with an error",
    "nartin": "a frequent name with an error in its first letter",
    "marie martin": "a frequent first name and a frequent last name",
    "06 12 34 56 78": "a telephone number",
}
"""What is typed in the header. An adviser searches the people whom they may open, a manager the whole country."""
LONGEST_SEARCH = 100  # ms
MOST_QUERIES_OF_A_SEARCH = 15
EVERYBODY = "Seq Scan on accompaniment_jobseeker"


def run(size: Size) -> list[Row]:
    """Return the time of the full page, and of a search with a typing error, through the whole of Django."""
    many, few = PEOPLE[size]
    in_portfolio = IN_PORTFOLIO[size]
    large, small = (_database(count, in_portfolio) for count in (many, few))
    runs = RUNS if size is Size.FULL else 1
    pages = partial(_pages, PAGES_A_RUN[size])
    _warm_up(small)
    rows = []
    for what, address in PAGES.items():
        first = {name: _first(name, address) for name in (large, small)}
        queries = {name: _queries(name, address, in_portfolio) for name in (large, small)}
        ours, theirs = medians(partial(pages, large, address), partial(pages, small, address), runs=runs)
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
    rows += [
        _search(typed, whole_country=whole_country, sides=(large, small), size=size)
        for whole_country in (False, True)
        for typed in SEARCHES
    ]
    databases.drop(large)
    databases.drop(small)
    return rows


def _search(typed: str, *, whole_country: bool, sides: tuple[str, str], size: Size) -> Row:
    """Compare the search of the header, as the field asks it while somebody types."""
    many, few = PEOPLE[size]
    asked = partial(_searches, PAGES_A_RUN[size], typed=typed, whole_country=whole_country)
    first, queries, plan = asked(sides[0])
    mine, theirs = medians(
        lambda: asked(sides[0])[0], lambda: asked(sides[1])[0], runs=RUNS if size is Size.FULL else 1
    )
    who = "a manager of the country" if whole_country else "an adviser"
    return Row(
        f"search of the header by {who}, {SEARCHES[typed]}, {many} jobseekers beside {few}",
        mine * 1000,
        theirs * 1000,
        "ms",
        Target.AT_MOST,
        None,
        [
            (f"at most {LONGEST_SEARCH} ms", mine * 1000 <= LONGEST_SEARCH),
            (f"at most {MOST_QUERIES_OF_A_SEARCH} queries ({queries})", queries <= MOST_QUERIES_OF_A_SEARCH),
            ("all people are never read one by one", size is Size.SMALL or EVERYBODY not in plan),
        ],
        [f"in a new connection: {first * 1000:.4g} ms"],
    )


def _searches(count: int, name: str, *, typed: str, whole_country: bool) -> tuple[float, int, str]:
    """Return the median seconds of `count` searches, the number of queries of one, and the plans for people."""
    databases.use(name)
    client = Client()
    reader = Manager.objects.get(whole_country=True) if whole_country else Portfolio.objects.order_by("pk")[0].adviser
    client.force_login(reader.user)

    def search() -> float:
        began = time.perf_counter()
        client.get(reverse("person_search"), {"q": typed}, headers={"HX-Request": "true"})
        return time.perf_counter() - began

    with CaptureQueriesContext(connection) as captured:
        search()
    statements = [query["sql"] for query in captured.captured_queries]  # the next request empties the list
    plan = "\n".join(_plan_of(sql) for sql in statements if 'FROM "accompaniment_jobseeker"' in sql)
    return median(search() for _ in range(count)), len(statements), plan


def _plan_of(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(line for (line,) in cursor.fetchall())


def _database(count: int, in_portfolio: int) -> str:
    name = databases.fresh(f"people_{count}")
    crowd(count, in_portfolio=in_portfolio)
    ManagerFactory(whole_country=True)
    return name


def _client() -> Client:
    client = Client()
    client.force_login(Portfolio.objects.order_by("pk").first().adviser.user)
    return client


def _warm_up(origin: str) -> None:
    """Let Django load its templates and URLs on a copy, so that the first page measures the database alone."""
    copy = databases.copy_of(origin, "warm_up")
    client = _client()
    for address in PAGES.values():
        client.get(address)
    databases.drop(copy)


def _first(name: str, address: str) -> float:
    """Return the seconds of the first page, with a new connection and cold caches of the server."""
    databases.use(name)
    client = _client()
    began = time.perf_counter()
    client.get(address)
    return time.perf_counter() - began


def _queries(name: str, address: str, in_portfolio: int) -> int:
    """Return the number of queries of the page, which shows the whole portfolio when there is no search."""
    databases.use(name)
    client = _client()
    with CaptureQueriesContext(connection) as captured:
        page = client.get(address)
    shown = page.content.count(b'name="personne"')
    if page.status_code != 200 or ("?" not in address and shown != in_portfolio):
        raise RuntimeError(f"{address} answered {page.status_code} with {shown} people")
    return len(captured)


def _pages(count: int, name: str, address: str) -> float:
    """Return the median seconds of `count` pages. The first one opens the connection and is not counted."""
    databases.use(name)
    client = _client()
    client.get(address)
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - began)
    return median(seconds)
