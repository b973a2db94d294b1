"""Ma journée: the panels, the gauges, and whose they are."""

import pytest
from django.test import Client

from accompaniment.enums import Modality
from caseload.models import Portfolio
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

pytestmark = pytest.mark.django_db

URL = "/ma-journee/"
PANEL = "/inscriptions/panneau/"


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
    assert len(page.context["volunteers"]) == 5
    assert page.context["volunteers"][0][0] == first
    assert "Voir les 7 volontaires" in page.content.decode()


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
