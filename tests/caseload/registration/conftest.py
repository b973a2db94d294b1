"""An adviser who holds registration interviews, and a colleague of the same agency."""

import pytest
from django.test import Client

from caseload.models import Portfolio
from tests.accompaniment.factories import reference
from tests.caseload.factories import PortfolioFactory


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


@pytest.fixture
def colleague(portfolio: Portfolio) -> Client:
    client = Client()
    beside = PortfolioFactory(agency=portfolio.agency, adviser__user__first_name="Luc", adviser__user__last_name="Roy")
    client.force_login(beside.adviser.user)
    return client
