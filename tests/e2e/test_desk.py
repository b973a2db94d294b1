"""The adviser's desk and the manager's pages in a real browser, wide and narrow."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.enums import Channel, ContactNature
from accompaniment.models import AuditEntry
from accompaniment.services import journal
from caseload.models import Portfolio
from caseload.services.desk.summaries import write_summary
from messaging.models import Message
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track, validated, volunteer
from tests.e2e.browser import look, step_inside

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    """An adviser with three people, one of whom has a very long name, a cover, and a waiting volunteer."""
    portfolio = PortfolioFactory()
    now = timezone.now()
    late = on_web_track(portfolio, last_name="Ébrard", first_name="Éloïse")
    write_summary(jobseeker_id=late.pk, awaiting_reply_since=now - timedelta(hours=80))
    long = on_web_track(
        portfolio, last_name="Zimmermann de La Rochefoucauld-Doudeauville-Montmorency", first_name="Marie-Antoinette"
    )
    write_summary(jobseeker_id=long.pk, next_interview_at=now + timedelta(days=2), next_interview_channel=Channel.VIDEO)
    validated(portfolio, last_name="Petit")
    volunteer(portfolio, last_name="Volontaire")
    for number in range(3):
        journal.write_contact(
            jobseeker=late,
            at=now - timedelta(days=20 * number),
            channel=Channel.VIDEO,
            nature=ContactNature.INTERVIEW,
            author=portfolio.adviser.user,
            summary="Point sur les candidatures.",
            source=f"interview:{number}",
        )
    CoverFactory(portfolio=portfolio)
    return portfolio


def test_the_adviser_s_pages_fit_and_axe_finds_nothing(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)
    person = portfolio.placements.first().jobseeker_id
    for address in ("/ma-journee/", "/portefeuille/", f"/personnes/{person}/"):
        page.goto(address)
        look(page)


def test_the_manager_s_pages_fit_and_axe_finds_nothing(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, ManagerFactory().user)
    person = portfolio.placements.first().jobseeker_id
    for address in ("/pilotage/", "/portefeuilles/", "/equipes/", f"/personnes/{person}/"):
        page.goto(address)
        look(page)


def test_the_page_of_the_day_fills_its_panels(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto("/ma-journee/")
    expect(page.get_by_role("heading", name="Volontaires à recevoir (1)")).to_be_visible()
    expect(page.get_by_role("link", name="Alix Volontaire", exact=True)).to_be_visible()
    expect(page.get_by_text("Relais :")).to_be_visible()
    expect(page.get_by_role("heading", name="Aujourd'hui")).to_be_visible()
    expect(page.locator("[data-panel=waiting]")).to_have_count(0)
    # A need that nobody has takes no place among the others, and says so on its own tab.
    tabs = page.get_by_role("navigation", name="Besoins")
    expect(tabs.get_by_role("link")).to_have_text(
        ["Tout (1)", "Messages", "Rappels", "En agence", "Échéances", "Plans", "Volontaires (1)"]
    )
    for tab, title, nothing in (
        ("Messages", "Messages à traiter", "Aucun message n'attend de réponse."),
        ("Rappels", "Rappels à faire", "Personne n'attend de rappel."),
        ("Échéances", "Entretiens à fixer", "Aucun entretien obligatoire n'est à fixer."),
        ("Plans", "Plans de contact à revoir", "Aucun plan de contact n'est à revoir."),
        ("En agence", "Demandes d'entretien en agence", "Personne n'attend d'être reçu en agence."),
    ):
        expect(page.get_by_role("heading", name=title)).to_be_hidden()
        tabs.get_by_role("link", name=tab).press("Enter")
        expect(tabs.get_by_role("link", name=tab)).to_have_attribute("aria-current", "true")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        expect(page.get_by_text(nothing)).to_be_visible()
        expect(page.get_by_role("heading", name="Volontaires à recevoir (1)")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"\?besoin=en-agence$"))
    tabs.get_by_role("link", name="Tout (1)").click()
    expect(page.get_by_role("heading", name="Volontaires à recevoir (1)")).to_be_visible()


def test_the_adviser_writes_without_leaving_the_person_s_page(page: Page, portfolio: Portfolio) -> None:
    person = portfolio.placements.order_by("pk").first().jobseeker
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/")
    conversation = page.locator("#messages")
    conversation.get_by_role("textbox").fill("Bonjour, votre entretien est-il confirmé ?")
    conversation.get_by_role("button", name="Envoyer").click()
    expect(conversation.get_by_role("log")).to_contain_text("est-il confirmé")
    expect(conversation.locator("[data-state]")).to_have_text(["Envoyé"])
    assert Message.objects.get().body == "Bonjour, votre entretien est-il confirmé ?"


def test_without_scripts_each_panel_is_a_link(new_page: NewPage, portfolio: Portfolio) -> None:
    page = new_page(java_script_enabled=False)
    step_inside(page, portfolio.adviser.user)
    page.goto("/ma-journee/")
    page.get_by_role("link", name="Voir les inscriptions").click()
    expect(page).to_have_url(re.compile("/inscriptions/$"))


def test_the_list_follows_what_is_typed_and_the_address_keeps_it(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/")
    rows = page.locator("tbody tr:not([hidden])")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Sans réponse depuis 3 jours")
    page.get_by_label("Rechercher un nom ou un identifiant").press_sequentially("ebra", delay=20)
    expect(rows).to_have_count(1)
    expect(page.get_by_role("status").filter(has_text="personne sur")).to_contain_text("1 personne sur 3")
    expect(page.get_by_label("Rechercher un nom ou un identifiant")).to_be_focused()
    expect(page).to_have_url(re.compile(r"q=ebra"))
    rows.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Éloïse Ébrard")
    page.go_back()
    expect(rows).to_have_count(1)


def test_filters_and_columns_are_links(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/")
    rows = page.locator("tbody tr")
    page.get_by_text("Filtrer", exact=True).click()
    page.get_by_role("link", name="En attente d'acceptation (1)").click()
    expect(rows).to_have_count(1)
    # What is set stands as a tag, in sight without the menu.
    expect(page.get_by_role("link", name="Enlever le filtre\u00a0: En attente d'acceptation")).to_be_visible()
    page.get_by_role("link", name="Tout afficher").click()
    page.get_by_role("columnheader", name="Nom").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Nom")).to_have_attribute("aria-sort", "ascending")
    expect(rows.first).to_contain_text("Ébrard")
    page.get_by_role("columnheader", name="Nom").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Nom")).to_have_attribute("aria-sort", "descending")
    expect(rows.first).to_contain_text("Zimmermann")


def test_a_manager_opens_contact_details_on_demand(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, ManagerFactory().user)
    person = portfolio.placements.first().jobseeker
    page.goto(f"/personnes/{person.pk}/")
    expect(page.get_by_text(person.email)).to_have_count(0)
    page.get_by_role("button", name="Afficher les coordonnées").click()
    expect(page.get_by_role("link", name=person.email)).to_be_visible()
    parts = [entry.details["part"] for entry in AuditEntry.objects.filter(jobseeker=person, action="read")]
    assert sorted(parts) == ["contact_details", "file"]


def test_a_manager_reads_the_figures_of_another_period(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, ManagerFactory().user)
    page.goto("/pilotage/")
    expect(page.get_by_role("link", name="2 entretiens tenus")).to_be_visible()
    page.get_by_role("link", name="7 derniers jours").click()
    expect(page.get_by_role("link", name="1 entretien tenu")).to_be_visible()
    page.get_by_text("Ce que compte chaque chiffre").click()
    expect(page.get_by_text("L'entretien d'inscription n'en est pas un.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger ce tableau").click()
    assert download.value.suggested_filename.startswith("pilotage-")
