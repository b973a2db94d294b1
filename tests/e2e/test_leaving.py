"""In a real browser: leaving the track, asking for a meeting on site, the waiting list, a new text to accept, and a
change of tier."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accompaniment.enums import Modality, Tier, Track
from accompaniment.models import Accompaniment, ConsentText, Jobseeker, OnSiteRequest
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.publishing import publish_consent_text
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, placed
from tests.e2e.browser import look, step_inside, tab_to, tick
from tests.e2e.conftest import NewPage

pytestmark = pytest.mark.e2e


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


def current(person: Jobseeker) -> Accompaniment:
    return Accompaniment.objects.current().get(jobseeker=person)


def test_leaving_by_the_keyboard_leads_to_the_waiting_list(new_page: NewPage, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio, first_name="Zoé", last_name="Lefèvre")
    page = new_page()
    step_inside(page, person.user)
    page.goto(reverse("own_data"))
    tab_to(page, "Quitter le 100 % web")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quitter le 100 % web")
    tab_to(page, "Quitter le 100 % web maintenant")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main").get_by_role("status").first).to_contain_text("Vous avez quitté le 100 % web.")
    expect(page.get_by_role("main")).to_contain_text("En attente d'un conseiller")
    expect(page.get_by_role("link", name="Quitter le 100 % web")).to_have_count(0)
    assert current(person).track == Track.CLASSIC

    target = PortfolioFactory(agency=portfolio.agency, modality=Modality.GUIDE)
    manager = new_page()
    step_inside(manager, ManagerFactory().user)
    manager.goto(reverse("steering"))
    manager.get_by_role("link", name=re.compile("^Portefeuilles")).click()
    manager.get_by_role("link", name="Voir la liste d'attente").click()
    manager.get_by_role("link", name="Placer Zoé Lefèvre").click()
    tick(manager.get_by_role("radio", name=target.adviser.user.full_name))
    manager.get_by_role("button", name="Placer", exact=True).click()
    expect(manager.get_by_role("main").get_by_role("status").first).to_contain_text("suit maintenant Zoé Lefèvre")
    assert Placement.objects.open().get(jobseeker=person).portfolio == target


def test_being_received_is_one_link_everywhere_to_one_page_that_sends(new_page: NewPage, portfolio: Portfolio) -> None:
    """Kind: links with one name that do different things (WCAG 3.2.4).

    Without a script too, nothing is sent by a stray tap.
    """
    person = on_web_track(portfolio)
    page = new_page(java_script_enabled=False)
    step_inside(page, person.user)
    for name in ("space", "my_interviews", "leave_track", "take_interview", "own_data"):
        page.goto(reverse(name))
        controls = page.get_by_text("Rendez-vous en agence", exact=True)
        for control in controls.all():
            expect(control).to_have_attribute("href", reverse("ask_on_site"))
        controls.last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Rendez-vous en agence")
    assert not OnSiteRequest.objects.exists()

    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_role("main")).to_contain_text("Votre demande est en cours")
    page.get_by_role("button", name="Retirer ma demande").click()
    expect(page.get_by_role("main").get_by_role("status").first).to_contain_text("Votre demande est retirée.")
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_role("main")).to_contain_text("Votre demande est en cours")
    assert OnSiteRequest.objects.filter(jobseeker=person).count() == 2
    assert OnSiteRequest.objects.open().filter(jobseeker=person).count() == 1


def test_being_received_is_one_button_and_leaves_the_track_alone(new_page: NewPage, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    page = new_page(java_script_enabled=False)
    step_inside(page, person.user)
    page.goto(reverse("leave_track"))
    page.get_by_role("main").get_by_role("link", name="Rendez-vous en agence").click()
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_role("main")).to_contain_text("Votre demande est en cours")
    page.goto(reverse("my_interviews"))
    page.get_by_role("link", name="Rendez-vous en agence : demandé").click()
    page.get_by_label("Souhaitez-vous préciser").fill("Le matin")
    page.get_by_role("button", name="Ajouter cette précision").click()
    expect(page.get_by_label("Souhaitez-vous préciser")).to_have_value("Le matin")
    assert OnSiteRequest.objects.get(jobseeker=person).comment == "Le matin"
    assert current(person).track == Track.WEB

    adviser = new_page()
    step_inside(adviser, portfolio.adviser.user)
    adviser.goto(reverse("my_day"))
    first = adviser.locator(".day-row").first
    expect(first).to_contain_text("Le matin")
    expect(first).to_contain_text("depuis")


def test_the_tier_is_changed_by_the_keyboard(new_page: NewPage, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio, first_name="Zoé", last_name="Lefèvre")
    target = PortfolioFactory(adviser=portfolio.adviser, agency=portfolio.agency, modality=Modality.SUIVI)
    page = new_page()
    step_inside(page, portfolio.adviser.user)
    page.goto(reverse("person", args=[person.pk]))
    page.get_by_text("Changer…").press("Enter")
    page.get_by_role("link", name="Changer de modalité").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Changer de modalité")
    page.get_by_role("radio", name="Renforcé").focus()
    page.keyboard.press("ArrowDown")
    tab_to(page, "Voir ce que cela entraîne")
    page.keyboard.press("Enter")
    suites = page.get_by_role("region", name="ce que cela entraîne")
    expect(suites).to_contain_text("Son parcours 100 % web prend fin tout de suite")
    expect(suites).to_contain_text("Anne Vidal, « suivi » (0 / 350)")
    assert current(person).track == Track.WEB
    page.get_by_label("Motif du changement").focus()
    page.keyboard.type("Très autonome")
    tab_to(page, "Confirmer le passage à « suivi »")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main").get_by_role("status").first).to_contain_text(
        "modalité « suivi », conseiller : Anne Vidal"
    )
    assert current(person).tier == Tier.SUIVI
    assert Placement.objects.open().get(jobseeker=person).portfolio == target


def test_the_jobseeker_s_pages_are_for_everybody(page: Page, portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    last = ConsentText.objects.latest()
    publish_consent_text(actor=None, title=last.title, body="Un point nouveau.", needs_acceptance=True, seen=None)
    step_inside(page, person.user)
    for name in ("space", "acceptance", "leave_track", "own_data", "ask_on_site"):
        page.goto(reverse(name))
        look(page)
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_role("main").get_by_role("status").first).not_to_be_empty()
    look(page)
    page.goto(reverse("leave_track"))
    page.get_by_role("button", name="Quitter le 100 % web maintenant").click()
    expect(page.get_by_role("main").get_by_role("status").first).to_contain_text("Vous avez quitté le 100 % web.")
    look(page)


def test_the_staff_s_pages_are_for_everybody(page: Page, portfolio: Portfolio) -> None:
    person, left = on_web_track(portfolio), on_web_track(portfolio)
    leave_track(actor=left.user, jobseeker=left)
    placed(PortfolioFactory(agency=portfolio.agency, modality=Modality.GUIDE))
    PortfolioFactory(agency=portfolio.agency, modality=Modality.SUIVI)
    step_inside(page, ManagerFactory().user)
    page.goto(reverse("waiting_list"))
    look(page)
    page.get_by_role("link", name="Placer").click()
    expect(page.get_by_role("button", name="Placer", exact=True)).to_be_visible()
    look(page)
    page.goto(reverse("person_tier", args=[person.pk]) + "?modalite=suivi")
    look(page)
    page.goto(reverse("consent_texts"))
    look(page)
    page.get_by_role("textbox", name=re.compile("^Texte")).fill("Un point nouveau.\n\nEt un autre.")
    page.get_by_role("button", name="Relire avant de publier").click()
    expect(page.get_by_role("heading", name="Relisez la version 2")).to_be_visible()
    look(page)
