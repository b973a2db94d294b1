"""The list of one portfolio, as a manager of its region reads it, and the lists that a manager cannot open."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry
from accompaniment.rules.french import of_name
from caseload.models import Portfolio
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db

URL = "/portefeuille/"


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def manager(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(ManagerFactory(regions=[portfolio.agency.region]).user)
    return client


def openings() -> list[dict[str, Any]]:
    rows = AuditEntry.objects.filter(action=AuditAction.READ).order_by("pk")
    assert all(row.jobseeker is None for row in rows)
    return [row.details for row in rows]


def test_the_bookmark_of_an_adviser_opens_for_a_manager_of_the_region(manager: Client, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio, last_name="Petit")
    on_web_track(PortfolioFactory(agency=portfolio.agency), last_name="Ailleurs")
    assert f'href="{URL}?portefeuille={portfolio.pk}"' in manager.get(reverse("portfolios")).content.decode()
    page = unescape(manager.get(URL, {"portefeuille": portfolio.pk, "tri": "nom"}).content.decode())
    assert f"Portefeuille {of_name(portfolio.adviser)}" in page
    assert person.identifier in page
    assert "Ailleurs" not in page
    # A manager may read and transfer. The actions of an adviser are not offered.
    assert reverse("transfer_new") in page
    for name in ("message_many", "plan_many", "saved_views", "my_portfolio_export"):
        assert reverse(name) not in page


def test_outside_the_regions_it_is_not_there(manager: Client) -> None:
    elsewhere = PortfolioFactory()
    on_web_track(elsewhere)
    for key in (elsewhere.pk, 999_999_999, "x"):
        answer = manager.get(URL, {"portefeuille": key})
        assert answer.status_code == 404
        assert reverse("portfolios") in answer.content.decode()
    assert openings() == []
    assert manager.get(URL).headers["Location"] == reverse("portfolios")


def test_each_opening_leaves_one_row(manager: Client, portfolio: Portfolio) -> None:
    on_web_track(portfolio, last_name="Petit")
    on_web_track(portfolio, last_name="Roy")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        manager.get(URL, {"portefeuille": portfolio.pk, "q": "petit"})
        manager.get(URL, {"portefeuille": portfolio.pk, "q": "pet"}, headers={"HX-Request": "true"})
        opening = {"list": "portfolio", "portfolio": portfolio.pk}
        assert openings() == [{**opening, "people": 1, "filters": ["portefeuille", "q"]}]
        clock.shift(timedelta(minutes=11))
        manager.get(URL, {"portefeuille": portfolio.pk})
        assert openings()[1:] == [{**opening, "people": 2, "filters": ["portefeuille"]}]


def test_the_page_of_a_manager_holds_nobody_but_whom_its_row_counts(manager: Client, portfolio: Portfolio) -> None:
    """Kind: a page that holds more people, hidden, than the row of its opening says."""
    on_web_track(portfolio, last_name="Petit")
    on_web_track(portfolio, last_name="Roy")
    page = manager.get(URL, {"portefeuille": portfolio.pk, "q": "petit"}).content.decode()
    assert "Petit" in page
    assert "Roy" not in page
    assert [opening["people"] for opening in openings()] == [1]


def test_the_adviser_s_own_opening_leaves_no_row(client: Client, portfolio: Portfolio) -> None:
    on_web_track(portfolio)
    client.force_login(portfolio.adviser.user)
    assert client.get(URL, {"portefeuille": portfolio.pk}).status_code == 200
    assert openings() == []


@pytest.mark.parametrize("people", [3, 40])
def test_it_costs_the_same_whatever_its_size(
    manager: Client, portfolio: Portfolio, people: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(people):
        on_web_track(portfolio)
    # Session, account, manager, portfolio, covers, people, the audit row of this reading, views, what waits.
    with django_assert_num_queries(10):
        assert len(manager.get(URL, {"portefeuille": portfolio.pk}).context["listing"].cases) == people


def test_a_cover_that_has_ended_says_so_and_leads_on(client: Client, portfolio: Portfolio) -> None:
    cover = CoverFactory(portfolio=portfolio)
    address = f"{URL}?portefeuille={portfolio.pk}"
    client.force_login(cover.colleague.user)
    assert client.get(address).status_code == 200
    cover.cancelled_at = timezone.now()
    cover.save(update_fields=["cancelled_at"])
    answer = client.get(address)
    assert answer.status_code == 404
    text = unescape(answer.content.decode())
    assert "Si vous en avez eu le relais, il a pris fin" in text
    assert f'href="{URL}"' in text
    assert f'href="{reverse("saved_views")}"' in text
