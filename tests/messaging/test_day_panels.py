"""The cost of each panel of the page of the day: as many queries for one person as for many."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accompaniment.models import Jobseeker
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.on_site_requests import ask_on_site
from caseload.models import Adviser, Portfolio
from caseload.rules.queue import ROWS_AMONG_OTHERS
from tests.caseload.factories import AdviserFactory, on_web_track, planned_absence, volunteer
from tests.messaging.factories import ask, pair, say
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation

pytestmark = pytest.mark.django_db

VOLUNTEERS = "/inscriptions/panneau/"

PANELS = {
    # Session and account, the perimeter, and the panel's lines. There is a separate count only if not all lines are
    # shown.
    "/agenda/panneau/aujourdhui/": 10,
    "/messagerie/panneau/a-repondre/": 8,
    "/rappels/panneau/": 5,
    "/agenda/panneau/en-agence/": 5,
    "/agenda/panneau/echeances/": 4,
    "/portefeuille/panneau/plans/": 6,
    VOLUNTEERS: 7,
    "/agenda/panneau/heure-libre/": 6,
    "/ma-journee/portefeuilles/": 5,
    "/ma-journee/liste-d-attente/": 8,
}

COUNTED = {
    # The perimeter is asked for again.
    "/messagerie/panneau/a-repondre/": 1,
    "/rappels/panneau/": 1,
    "/agenda/panneau/en-agence/": 1,
    "/agenda/panneau/echeances/": 1,
    VOLUNTEERS: 1,
    "/ma-journee/liste-d-attente/": 1,
}
"""What it costs to count the lines of a panel once there are more than it shows."""


def waits(portfolio: Portfolio) -> Jobseeker:
    """Return a person of the portfolio who appears in every panel."""
    two = pair(portfolio)
    say(two.conversation, two.person)
    ask(two.jobseeker)
    ask_on_site(actor=two.person, jobseeker=two.jobseeker)
    due_obligation(two.jobseeker)
    volunteer(portfolio)
    gone = on_web_track(portfolio)
    leave_track(actor=gone.user, jobseeker=gone)
    return two.jobseeker


@pytest.fixture(autouse=True)
def _a_monday_morning() -> Iterator[None]:
    with time_machine.travel("2026-03-02T07:00:00Z", tick=True):
        yield


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.mark.parametrize("size", [2, 7])
def test_a_panel_costs_the_same_at_any_size(client: Client, portfolio: Portfolio, size: int) -> None:
    for number in range(size):
        starts_at = timezone.now() + timedelta(minutes=45 * number + 5)
        InterviewFactory(jobseeker=waits(portfolio), adviser=portfolio.adviser, starts_at=starts_at)
    client.force_login(portfolio.adviser.user)
    asked = {}
    for address in PANELS:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        asked[address] = len(queries)
    more = COUNTED if size > ROWS_AMONG_OTHERS else {}
    assert asked == {address: cost + more.get(address, 0) for address, cost in PANELS.items()}


def test_every_panel_says_for_whom_the_colleague_answers(client: Client, portfolio: Portfolio) -> None:
    person = waits(portfolio)
    colleague: Adviser = AdviserFactory(agency=portfolio.agency)
    own = bookable_portfolio(adviser=colleague)
    mine = on_web_track(own)
    ask(mine)
    planned_absence(portfolio, colleague=colleague, in_days=0)
    client.force_login(colleague.user)
    said = f"relais pour {portfolio.adviser}"
    for address in (
        "/messagerie/panneau/a-repondre/",
        "/rappels/panneau/",
        "/rappels/",
        "/messagerie/",
        "/agenda/panneau/en-agence/",
        "/agenda/panneau/echeances/",
    ):
        text = client.get(address).content.decode()
        assert person.full_name in text, address
        assert said in text, address
    lines = client.get("/rappels/panneau/").context["calls"]
    assert {line.request.jobseeker: line.relay for line in lines} == {person: str(portfolio.adviser), mine: ""}
    assert "+ 1 en relais" in client.get("/ma-journee/portefeuilles/").content.decode()
