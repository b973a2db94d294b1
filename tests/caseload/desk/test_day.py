"""Ma journée: the panels, the gauges, and who sees which."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import Modality
from accompaniment.services.on_site_requests import ask_on_site
from caseload.enums import QueueTab
from caseload.models import Portfolio
from caseload.rules.queue import ROWS_AMONG_OTHERS
from tests.accompaniment.factories import AdviserUserFactory
from tests.caseload.factories import (
    AdviserFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    validated,
    volunteer,
)
from tests.visio.factories import InterviewFactory, bookable_portfolio

pytestmark = pytest.mark.django_db

URL = "/ma-journee/"
PANEL = "/inscriptions/panneau/"
STATEMENTS = 15


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory(capacity=250)


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


def test_the_gauge_shows_what_is_taken_and_leads_to_the_list(adviser: Client, portfolio: Portfolio) -> None:
    on_web_track(portfolio)
    text = adviser.get(URL).content.decode()
    assert f"/portefeuille/?portefeuille={portfolio.pk}" in text
    assert 'max="250"' in text
    assert 'value="1"' in text


def test_covers_are_shown_on_both_sides_and_count_for_nobody(client: Client, portfolio: Portfolio) -> None:
    cover = CoverFactory(portfolio=portfolio)
    on_web_track(portfolio)
    client.force_login(portfolio.adviser.user)
    assert f"Relais&nbsp;: {cover.colleague}" in client.get(URL).content.decode()
    client.force_login(cover.colleague.user)
    text = client.get(URL).content.decode()
    assert "Relais en cours" in text
    assert str(portfolio.adviser) in text
    assert "<meter" not in text


def test_an_adviser_without_a_portfolio_is_told_what_will_come(client: Client) -> None:
    client.force_login(AdviserFactory().user)
    assert "pas encore de portefeuille" in client.get(URL).content.decode()


@pytest.mark.parametrize("interviews", [0, 3])
def test_today_comes_with_the_page_within_its_statements(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, interviews: int
) -> None:
    """Kind: a part that is only a link until a script asks for it. Htmx asks for the others."""
    portfolio = bookable_portfolio()
    for number in range(interviews):
        InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=timezone.now() + timedelta(minutes=40 * number))
    client.force_login(portfolio.adviser.user)
    with django_assert_max_num_queries(STATEMENTS):
        page = client.get(URL).content.decode()
    first, *others = [part.partition(">")[0] for part in page.split("<section ") if "data-panel=" in part]
    assert 'id="panneau-aujourdhui"' in first
    assert 'data-panel="filled"' in first
    assert 'hx-trigger="refresh, every 60s"' in first
    assert all('hx-trigger="load, refresh, every 60s"' in other for other in others)
    today = page[page.index('id="panneau-aujourdhui"') :].partition("</section>")[0]
    assert ("day-next" in today) is (interviews > 0)
    assert "Voir l'agenda" not in today


def test_every_panel_has_a_link_that_works_without_scripts(adviser: Client) -> None:
    text = adviser.get(URL).content.decode()
    panels = text.split("data-panel=")[1:]
    assert panels
    for panel in panels:
        assert 'href="/' in panel.split("</section>")[0]


def test_volunteers_wait_in_the_order_in_which_they_asked(adviser: Client, portfolio: Portfolio) -> None:
    first, *_ = [volunteer(portfolio) for _ in range(7)]
    volunteer(PortfolioFactory())
    validated(portfolio)
    page = adviser.get(PANEL)
    assert page.context["count"] == 7
    assert len(page.context["volunteers"]) == ROWS_AMONG_OTHERS
    assert page.context["volunteers"][0][0] == first
    assert "Voir les 3 autres" in page.content.decode()


def test_a_need_shows_more_of_its_lines_on_its_own_tab_only(adviser: Client, portfolio: Portfolio) -> None:
    for _ in range(ROWS_AMONG_OTHERS + 1):
        volunteer(portfolio)
    for tab in (QueueTab.ALL, QueueTab.MESSAGES, "ailleurs"):
        page = adviser.get(PANEL, {"besoin": tab})
        assert len(page.context["volunteers"]) == ROWS_AMONG_OTHERS
        assert "Voir l'autre" in page.content.decode()
    alone = adviser.get(PANEL, {"besoin": QueueTab.VOLUNTEERS})
    assert len(alone.context["volunteers"]) == ROWS_AMONG_OTHERS + 1
    assert "Voir l" not in alone.content.decode()


def test_a_tab_is_a_link_that_shows_its_need_alone(adviser: Client) -> None:
    """Without scripts the address of a tab does what the press does with them."""
    every = adviser.get(URL).content.decode()
    assert shown(every) == [
        "absences",
        "a-repondre",
        "rappels",
        "echeances",
        "plans",
        "inscriptions",
        "liste-d-attente",
    ]
    # On the tab of all needs the panels ask without a query, and so their answers are compressed.
    assert 'name="besoin" value="tout" disabled>' in every
    assert 'href="/ma-journee/?besoin=rappels" data-tab="rappels">' in every
    alone = adviser.get(URL, {"besoin": "rappels"}).content.decode()
    assert 'name="besoin" value="rappels">' in alone
    assert shown(alone) == ["rappels"]
    assert 'data-tab="rappels" aria-current="true">' in alone
    assert shown(adviser.get(URL, {"besoin": "en-agence"}).content.decode()) == ["en-agence"]
    assert shown(adviser.get(URL, {"besoin": "ailleurs"}).content.decode()) == shown(every)


def shown(page: str) -> list[str]:
    """Return the needs of the queue that are in sight before their lines are there."""
    needs = re.findall(r'<section class="day-need" id="panneau-([a-z-]+)"[^>]*?data-tab="[a-z-]+"( hidden)?', page)
    return [key for key, hidden in needs if not hidden]


def test_who_asks_to_be_received_is_the_first_of_the_queue(adviser: Client, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    assert "en-agence" not in shown(adviser.get(URL).content.decode())
    ask_on_site(actor=person.user, jobseeker=person)
    assert shown(adviser.get(URL).content.decode())[0] == "en-agence"


def test_nobody_waits(adviser: Client) -> None:
    assert "Aucun volontaire" in adviser.get(PANEL).content.decode()


def test_volunteers_are_for_advisers_who_keep_a_web_portfolio(client: Client) -> None:
    classic = PortfolioFactory(modality=Modality.GUIDE)
    client.force_login(classic.adviser.user)
    assert PANEL not in client.get(URL).content.decode()
    PortfolioFactory(adviser=classic.adviser)
    assert PANEL in client.get(URL).content.decode()


@pytest.mark.parametrize("address", [URL, PANEL])
def test_it_is_an_adviser_s_page(client: Client, portfolio: Portfolio, address: str) -> None:
    assert client.get(address).status_code == 302
    for user in (on_web_track(portfolio).user, ManagerFactory().user):
        client.force_login(user)
        assert client.get(address).status_code == 403
    client.force_login(AdviserUserFactory())
    assert client.get(address).status_code == 404
