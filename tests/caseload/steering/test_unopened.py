"""Wherever advisers are proposed, those who never opened their account come last, and the page says so."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.rules.presentation import NEVER_OPENED
from caseload.models import Adviser, Placement, Portfolio
from caseload.reads.moves.places import places_for
from caseload.reads.moves.transfer_reports import proposed_targets
from caseload.services.moves.covers import colleagues_for
from tests.caseload.factories import (
    AdviserFactory,
    CoverFactory,
    ManagerFactory,
    PortfolioFactory,
    fill,
    on_web_track,
)

pytestmark = pytest.mark.django_db


def never_opened(adviser: Adviser) -> None:
    adviser.user.set_unusable_password()
    adviser.user.save()


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def pair(portfolio: Portfolio) -> tuple[Portfolio, Portfolio]:
    """A portfolio whose adviser has never opened the account, and a fuller one of the same agency."""
    empty, fuller = (PortfolioFactory(agency=portfolio.agency) for _ in range(2))
    never_opened(empty.adviser)
    fill(fuller, 1)
    return empty, fuller


def test_targets_of_a_transfer(portfolio: Portfolio, pair: tuple[Portfolio, Portfolio]) -> None:
    person = on_web_track(portfolio)
    placements = list(Placement.objects.filter(jobseeker=person).select_related("portfolio", "jobseeker__agency"))
    empty, fuller = pair
    manager = ManagerFactory().user
    assert proposed_targets(manager, placements) == [fuller, empty]
    empty.adviser.user.set_password("correct horse battery staple")
    empty.adviser.user.save()
    assert proposed_targets(manager, placements) == [empty, fuller]


def test_portfolios_proposed_at_registration_and_from_the_waiting_list(
    portfolio: Portfolio, pair: tuple[Portfolio, Portfolio]
) -> None:
    empty, fuller = pair
    proposed = list(Portfolio.objects.proposed_for(portfolio.agency, Modality.GUIDE_WEB, timezone.localdate()))
    assert proposed == [portfolio, fuller, empty]
    person = on_web_track(portfolio)
    waiting = list(places_for(actor=ManagerFactory().user, jobseeker=person, modality=Modality.GUIDE_WEB))
    assert waiting[-1] == empty


def test_targets_of_a_batch_that_is_carried_out(pair: tuple[Portfolio, Portfolio]) -> None:
    empty, fuller = pair
    chosen = Portfolio.objects.filter(pk__in=[empty.pk, fuller.pk])
    assert list(chosen.least_filled_first()) == [fuller, empty]


def test_colleagues_of_an_absence(client: Client, portfolio: Portfolio) -> None:
    first = AdviserFactory(agency=portfolio.agency, user__last_name="Abel")
    second = AdviserFactory(agency=portfolio.agency, user__last_name="Zola")
    never_opened(first)
    day = timezone.localdate() + timedelta(days=2)
    assert list(colleagues_for(portfolio.adviser, starts_on=day, ends_on=day)) == [second, first]
    client.force_login(portfolio.adviser.user)
    text = client.get(reverse("declare_absence")).content.decode().replace("&#x27;", "'")
    assert text.count(NEVER_OPENED) == 1
    assert text.index(str(second)) < text.index(f"{first} ({NEVER_OPENED})")


def test_the_pages_say_so(client: Client, portfolio: Portfolio, pair: tuple[Portfolio, Portfolio]) -> None:
    on_web_track(portfolio)
    client.force_login(ManagerFactory().user)
    text = client.get(reverse("member", args=[portfolio.adviser.user_id])).content.decode().replace("&#x27;", "'")
    assert text.count(NEVER_OPENED) == 1
    assert text.index(str(pair[1].adviser)) < text.index(NEVER_OPENED)


def test_who_closes_the_last_adviser_of_a_modality_reads_what_can_be_done(client: Client, portfolio: Portfolio) -> None:
    on_web_track(portfolio)
    client.force_login(ManagerFactory().user)
    url = reverse("member", args=[portfolio.adviser.user_id])
    text = client.get(url).content.decode()
    assert "personne d&#x27;autre dans la région" in text or "personne d'autre dans la région" in text
    for page in ("invite", "waiting_list"):
        assert reverse(page) in text
    full = PortfolioFactory(agency=portfolio.agency, capacity=1)
    fill(full, 1)
    text = client.get(url).content.decode()
    assert "relever le plafond" in text
    assert str(full.adviser) in text
    PortfolioFactory(agency=portfolio.agency)
    assert "relever le plafond" not in client.get(url).content.decode()


@pytest.mark.parametrize("who", ["nobody", "person", "adviser"])
def test_proposing_an_interview_says_who_never_opened_the_account(
    client: Client, portfolio: Portfolio, who: str
) -> None:
    """The page says it of the person and of the adviser for whom a colleague answers; of nobody if both did."""
    person = on_web_track(portfolio)
    colleague = AdviserFactory(agency=portfolio.agency)
    CoverFactory(portfolio=portfolio, colleague=colleague)
    for account in {"nobody": [], "person": [person.user], "adviser": [portfolio.adviser.user]}[who]:
        account.set_unusable_password()
        account.save()
    client.force_login(colleague.user)
    text = unescape(client.get(reverse("book_for", args=[person.pk])).content.decode())
    assert text.count(NEVER_OPENED) == (who != "nobody")
    assert (f"{person.full_name} {NEVER_OPENED}" in text) == (who == "person")
    assert (f"{portfolio.adviser} {NEVER_OPENED}" in text) == (who == "adviser")
