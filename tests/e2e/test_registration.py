"""The registration interview in a real browser: by keyboard, with a closing window, and with two advisers at once."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from accompaniment.enums import EnrolmentState
from accompaniment.models import DeviceCheck, Enrolment, RegistrationInterview
from caseload.models import Portfolio
from tests.accompaniment.factories import PASSWORD, JobseekerFactory, reference
from tests.caseload.factories import PortfolioFactory, volunteer
from tests.e2e.browser import (
    check_axe,
    check_fits,
    focused,
    forgive,
    look,
    settle,
    step_inside,
    tab_to,
    tab_to_field,
    tick,
    wait_until,
)
from tests.e2e.conftest import PATIENCE, NewPage

pytestmark = pytest.mark.e2e

SITUATION = "Situation et projet"


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


@pytest.fixture
def beside(portfolio: Portfolio) -> Portfolio:
    return PortfolioFactory(
        agency=portfolio.agency, adviser__user__first_name="Luc", adviser__user__last_name="Roy", occupied=0
    )


def open_interview(page: Page, portfolio: Portfolio, enrolment: Enrolment) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto(reverse("registration", args=[enrolment.pk]))
    expect(page.get_by_role("heading", level=1)).to_have_text("Entretien d'inscription")


def is_saved(page: Page) -> None:
    expect(page.locator("#draft-state:not([data-unsaved])")).to_contain_text("Enregistré à")


def test_from_part_to_part_and_to_the_end_by_the_keyboard(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    open_interview(page, portfolio, enrolment)
    for number, title in enumerate(
        ("Identité", "Situation", "Équipement et aisance", "Modalité et parcours", "Conclusion"), start=1
    ):
        page.keyboard.press(f"Alt+Shift+Digit{number}")
        assert focused(page) == f"{number} {title}"
    page.keyboard.press("Alt+Shift+Digit1")
    for key in ("Tab", "Tab", "Space"):  # correct the address, identity
        page.keyboard.press(key)
    expect(page.get_by_label("J'ai vérifié l'identité")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Au clavier")
    page.keyboard.press("Control+s")
    is_saved(page)
    page.keyboard.press("Alt+Shift+Digit3")
    for key in ("Tab", "Tab", "Tab", "Space"):  # webcam, connection, ease
        page.keyboard.press(key)
    # There is no keyboard trap: Tab leads on until the button that decides.
    for key in ("Alt+Shift+Digit4", "Tab", "Tab", "Space"):  # tier, track: the wish is confirmed
        page.keyboard.press(key)
    tab_to_field(page, "portfolio")
    page.keyboard.press("Space")
    tab_to(page, "Conclure l'entretien")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("100 % web validé")
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.VALIDATED


def test_a_browser_that_closes_midway_without_network_loses_nothing(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    forgive(page, "ERR_INTERNET_DISCONNECTED", "console: htmx:")
    open_interview(page, portfolio, enrolment)
    page.context.set_offline(True)
    page.get_by_label(SITUATION).fill("Sans réseau, puis fermé")
    tick(page.get_by_role("radiogroup", name="Heures préférées").get_by_role("radio", name="Le matin"))
    expect(page.locator("#draft-problem")).to_contain_text("Votre saisie reste sur cet ordinateur")
    again = page.context.new_page()
    page.close()
    page.context.set_offline(False)
    again.goto(reverse("registration", args=[enrolment.pk]))
    expect(again.get_by_label(SITUATION)).to_have_value("Sans réseau, puis fermé")
    expect(again.get_by_text("sans l'envoyer est revenu ici")).to_be_visible()
    is_saved(again)
    assert RegistrationInterview.objects.get().typed["preferred_hours"] == "matin"
    # The text is on the server now, and no longer in this browser.
    wait_until(again, "Object.keys(localStorage).every((key) => !key.startsWith('kept:'))")
    again.reload()
    expect(again.get_by_label(SITUATION)).to_have_value("Sans réseau, puis fermé")
    expect(again.get_by_text("sans l'envoyer est revenu ici")).to_be_hidden()


def test_a_session_that_ends_midway_loses_nothing(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    open_interview(page, portfolio, enrolment)
    Session.objects.all().delete()
    page.get_by_label(SITUATION).fill("La session est finie")
    # The draft request notices it and leads to the log-in.
    expect(page).to_have_url(re.compile(rf"/connexion/\?next=/inscriptions/{enrolment.pk}/$"))
    page.get_by_label("Adresse e-mail", exact=False).fill(portfolio.adviser.user.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    expect(page.get_by_label(SITUATION)).to_have_value("La session est finie")
    settle(page)
    page.get_by_label(SITUATION).press("End")
    page.get_by_label(SITUATION).press_sequentially(".")
    is_saved(page)
    assert RegistrationInterview.objects.get().typed["situation"] == "La session est finie."


def test_what_is_typed_before_the_scripts_have_come_is_not_typed_over(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    forgive(page, "ERR_INTERNET_DISCONNECTED", "console: htmx:")
    open_interview(page, portfolio, enrolment)
    page.context.set_offline(True)
    page.get_by_label(SITUATION).fill("Resté dans le navigateur")
    page.get_by_label("Conclusion de l'entretien").fill("Resté aussi")
    expect(page.locator("#draft-problem")).to_contain_text("Votre saisie reste sur cet ordinateur")
    slow: list[Route] = []

    def hold_up(route: Route) -> None:
        slow.append(route)

    again = page.context.new_page()
    page.close()
    again.context.set_offline(False)
    again.route("**/keep.js", hold_up)
    again.goto(reverse("registration", args=[enrolment.pk]), wait_until="commit")
    again.get_by_label(SITUATION).fill("Tapé plus vite")
    [script] = slow
    with again.expect_response("**/brouillon/"):
        script.continue_()
    expect(again.get_by_label("Conclusion de l'entretien")).to_have_value("Resté aussi")
    expect(again.get_by_label(SITUATION)).to_have_value("Tapé plus vite")
    is_saved(again)
    typed = RegistrationInterview.objects.get().typed
    assert (typed["situation"], typed["notes"]) == ("Tapé plus vite", "Resté aussi")


def test_two_advisers_in_one_interview(new_page: NewPage, portfolio: Portfolio, beside: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    anne, luc = new_page(), new_page(width=390)
    for page in (anne, luc):
        forgive(page, "409")
    open_interview(anne, portfolio, enrolment)
    open_interview(luc, beside, enrolment)

    # Different fields: both texts stay, and each page takes over the other's.
    luc.get_by_label(SITUATION).fill("Écrit par Luc")
    is_saved(luc)
    anne.get_by_label("Conclusion de l'entretien").fill("Écrit par Anne")
    expect(anne.locator("#draft-news")).to_contain_text("Changé entre-temps par Luc Roy")
    expect(anne.get_by_label(SITUATION)).to_have_value("Écrit par Luc")

    # The same field: both texts are kept, and the second adviser is told.
    anne.get_by_label(SITUATION).fill("Réécrit par Anne")
    expect(anne.locator("#draft-news")).not_to_contain_text("Changé")
    luc.get_by_label(SITUATION).fill("Réécrit par Luc")
    expect(luc.get_by_role("alert")).to_contain_text("écrit aussi par Anne Vidal")
    check_axe(luc)
    check_fits(luc)
    expect(luc.get_by_label(SITUATION)).to_have_value("Réécrit par Anne\n\nRéécrit par Luc")
    assert RegistrationInterview.objects.get().typed["situation"] == "Réécrit par Anne\n\nRéécrit par Luc"

    # Anne's page must show Luc's text before she can decide.
    tick(anne.get_by_label("J'ai vérifié l'identité"))
    tick(anne.get_by_role("radiogroup", name="À l'aise").get_by_role("radio", name="Oui"))
    tick(anne.get_by_role("radiogroup", name="Parcours").get_by_role("radio", name=re.compile(r"^100\s% web")))
    tick(anne.get_by_role("radiogroup", name="Portefeuille").get_by_role("radio", name="Anne Vidal"))
    expect(anne.get_by_label(SITUATION)).to_have_value(re.compile("Réécrit par Luc"))
    anne.get_by_role("button", name="Conclure l'entretien").click()
    expect(anne.get_by_role("heading", level=1)).to_contain_text("100 % web validé")

    # Luc gets back what he types after the decision.
    luc.get_by_label("Conclusion de l'entretien").fill("Trop tard, mais pas perdu")
    expect(luc.locator("#draft-news")).to_contain_text("déjà été traitée")
    luc.locator("#draft-news").get_by_role("button", name="Voir ce qu'elle est devenue").click()
    expect(luc.get_by_role("alert")).to_contain_text("a été prise pendant que vous écriviez")
    expect(luc.get_by_label("Conclusion de l'entretien (non enregistré)")).to_have_value("Trop tard, mais pas perdu")
    check_axe(luc)


def test_two_versions_without_scripts(new_page: NewPage, portfolio: Portfolio, beside: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    anne, luc = (new_page(java_script_enabled=False) for _ in range(2))
    open_interview(anne, portfolio, enrolment)
    open_interview(luc, beside, enrolment)
    anne.get_by_label(SITUATION).fill("D'Anne")
    anne.get_by_role("button", name="Commencer l'entretien").click()
    luc.get_by_label(SITUATION).fill("De Luc")
    luc.get_by_role("button", name="Commencer l'entretien").click()
    expect(luc.get_by_role("main").get_by_role("status").first).to_contain_text("écrit aussi par Anne Vidal")
    expect(luc.get_by_label(SITUATION)).to_have_value("D'Anne\n\nDe Luc")
    luc.get_by_label(SITUATION).fill("Des deux")
    luc.get_by_role("button", name="Enregistrer").first.click()
    expect(luc.get_by_role("main").get_by_role("status").first).not_to_contain_text("écrit aussi")
    assert RegistrationInterview.objects.get().typed["situation"] == "Des deux"


def test_the_person_s_test_reaches_the_adviser(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio, with_account=True)
    adviser = new_page()
    open_interview(adviser, portfolio, enrolment)
    expect(adviser.get_by_text("Pas encore fait.")).to_be_visible()
    adviser.get_by_role("button", name="Envoyer le lien du test").click()
    expect(adviser.get_by_role("main").get_by_role("status").first).to_contain_text("Le lien du test part à")
    person = new_page(permissions=["camera", "microphone"])
    step_inside(person, enrolment.jobseeker.user)
    person.goto(reverse("device_test"))
    expect(person.locator("[data-kept]")).to_contain_text("votre conseiller le verra", timeout=3 * PATIENCE)
    check = DeviceCheck.objects.get(jobseeker=enrolment.jobseeker)
    assert check.camera
    assert check.round_trip_ms is not None
    adviser.reload()
    expect(adviser.get_by_role("complementary", name="Test fait par la personne")).to_contain_text("Chrome")


def test_what_speaks_against_the_web_is_said_as_soon_as_it_is_chosen(new_page: NewPage, portfolio: Portfolio) -> None:
    page = new_page()
    open_interview(page, portfolio, volunteer(portfolio))
    notice = page.locator("#web-doubts")
    ease = page.get_by_role("radiogroup", name="À l'aise avec les outils numériques")
    tick(ease.get_by_label("Non"))
    expect(notice.locator(".fr-alert")).to_be_hidden()
    tick(page.locator("#id_track_web"))
    expect(notice).to_contain_text("elle n'est pas à l'aise avec les outils numériques")
    expect(notice.get_by_role("listitem")).to_have_count(1)
    check_axe(page)
    tick(ease.get_by_label("Oui"))
    expect(notice.locator(".fr-alert")).to_be_hidden()


def test_the_test_page_is_for_everybody(new_page: NewPage) -> None:
    user = JobseekerFactory(with_account=True).user
    page = new_page(permissions=["camera", "microphone"])
    step_inside(page, user)
    # The page reads the answer to its request. Otherwise the browser might keep the request open.
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/healthz")):
        page.goto(reverse("device_test"))
    expect(page.locator("[data-kept]")).to_contain_text("transmis à votre conseiller")
    look(page)
