"""Transfers in a real browser: choosing, checking, deciding, and the effect on other people's open pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.enums import Channel
from caseload.models import Portfolio
from caseload.services.desk.summaries import write_summary
from messaging.models import Conversation
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, planned_transfer
from tests.e2e.browser import forgive, look, step_inside, tick

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    """An adviser with three people, one of whom has a long name and waits for several things."""
    portfolio = PortfolioFactory()
    now = timezone.now()
    long = on_web_track(
        portfolio, last_name="Zimmermann de La Rochefoucauld-Doudeauville", first_name="Marie-Antoinette"
    )
    write_summary(
        jobseeker_id=long.pk,
        awaiting_reply_since=now - timedelta(hours=80),
        callback_due_at=now + timedelta(days=1),
        next_interview_at=now + timedelta(days=2),
        next_interview_channel=Channel.VIDEO,
    )
    on_web_track(portfolio, last_name="Ébrard", first_name="Éloïse")
    on_web_track(portfolio, last_name="Petit", first_name="Alix")
    return portfolio


@pytest.fixture
def beside(portfolio: Portfolio) -> Portfolio:
    return PortfolioFactory(agency=portfolio.agency)


def test_the_pages_fit_and_axe_finds_nothing(page: Page, portfolio: Portfolio, beside: Portfolio) -> None:
    manager = ManagerFactory().user
    batch = planned_transfer(portfolio.placements.first().jobseeker, to=beside, decided_by=manager)
    step_inside(page, manager)
    page.goto("/transferts/nouveau/")
    look(page)
    page.goto(f"/transferts/nouveau/?portefeuille={portfolio.pk}")
    look(page)
    forgive(page, "422")
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    expect(page.get_by_role("alert")).to_contain_text("Choisissez au moins un portefeuille")
    look(page)
    tick(page.get_by_role("checkbox", name=str(beside.adviser)))
    page.get_by_label("Motif").fill("Congé parental")
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    expect(page.get_by_role("heading", name=f"{beside.adviser} reçoit 2 personnes")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Transférer").click()
    expect(page.get_by_role("heading", name="2 personnes transférées")).to_be_visible()
    look(page)
    page.goto(f"/transferts/{batch.pk}/")
    look(page)
    page.goto("/transferts/")
    look(page)


def test_an_adviser_hands_over_by_the_keyboard_and_the_colleague_finds_them(
    new_page: NewPage, portfolio: Portfolio, beside: Portfolio
) -> None:
    person = portfolio.placements.get(jobseeker__last_name="Petit").jobseeker
    page = new_page()
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/")
    page.get_by_text("Changer…").press("Enter")
    page.get_by_role("link", name="Transférer").press("Enter")
    expect(page.get_by_role("heading", name="Transférer une personne")).to_be_visible()
    page.get_by_role("checkbox", name=str(beside.adviser)).press("Space")
    page.get_by_label("Motif").fill("Déménagement")
    page.get_by_role("button", name="Voir ce qui va se passer").press("Enter")
    page.get_by_role("button", name="Modifier").press("Enter")
    expect(page.get_by_label("Motif")).to_have_value("Déménagement")
    expect(page.get_by_role("checkbox", name=str(beside.adviser))).to_be_checked()
    page.get_by_role("button", name="Voir ce qui va se passer").press("Enter")
    page.get_by_role("button", name="Transférer").press("Enter")
    expect(page.get_by_role("heading", name="1 personne transférée")).to_be_visible()
    report = page.url

    colleague = new_page()
    step_inside(colleague, beside.adviser.user)
    colleague.goto(report)
    colleague.get_by_role("link", name="Alix Petit").click()
    expect(colleague.get_by_role("heading", name="Alix Petit")).to_be_visible()


def test_the_former_advisers_open_conversation_closes(
    new_page: NewPage, portfolio: Portfolio, beside: Portfolio
) -> None:
    person = portfolio.placements.get(jobseeker__last_name="Petit").jobseeker
    conversation = Conversation.objects.create(jobseeker=person)
    former = new_page()
    forgive(former, "404", "403", "closed before")
    step_inside(former, portfolio.adviser.user)
    former.goto(f"/messagerie/{conversation.pk}/")
    expect(former.get_by_label("Votre message")).to_be_visible()
    manager = new_page()
    step_inside(manager, ManagerFactory().user)
    manager.goto(f"/transferts/nouveau/?personne={person.pk}")
    tick(manager.get_by_role("checkbox", name=str(beside.adviser)))
    manager.get_by_label("Motif").fill("Départ")
    manager.get_by_role("button", name="Voir ce qui va se passer").click()
    manager.get_by_role("button", name="Transférer").click()
    expect(manager.get_by_role("heading", name="1 personne transférée")).to_be_visible()
    expect(former.get_by_text("ne vous est plus ouverte")).to_be_visible()
