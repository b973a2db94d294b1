"""From a waiting volunteer to the web track, in the browsers of both people."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accompaniment.enums import EnrolmentState, Track
from accompaniment.models import Accompaniment, Enrolment, RegistrationInterview
from accompaniment.services import accounts
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import ConsentTextFactory, JobseekerFactory, reference
from tests.caseload.factories import PortfolioFactory, fill, on_web_track, validated, volunteer
from tests.config.embedded_clients import eventually
from tests.e2e.browser import forgive, look, step_inside, tab_to, tab_to_field, tick
from tests.e2e.conftest import NewPage

pytestmark = pytest.mark.e2e


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    reference()
    return PortfolioFactory(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")


def enter(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)


def open_interview(page: Page, enrolment: Enrolment) -> None:
    page.goto(reverse("registration", args=[enrolment.pk]))
    expect(page.get_by_role("heading", level=1)).to_have_text("Entretien d'inscription")


WEB = re.compile(r"^100\s% web")
IN_AGENCY = re.compile("^En agence")


def choose(page: Page, question: str, answer: str | re.Pattern[str]) -> None:
    tick(page.get_by_role("radiogroup", name=question).get_by_role("radio", name=answer))


def answer_everything(page: Page, *, into: str = "Anne Vidal") -> None:
    tick(page.get_by_label("J'ai vérifié l'identité"))
    page.get_by_label("Situation et projet").fill("Cherche un poste d'assistante.")
    choose(page, "À l'aise", "Oui")
    choose(page, "Parcours", WEB)
    choose(page, "Portefeuille", into)


def test_from_the_list_to_the_track(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio, first_name="Margaux", last_name="Lefèvre")
    adviser = new_page()
    enter(adviser, portfolio)
    adviser.goto(reverse("my_day"))
    adviser.get_by_role("link", name=re.compile("^Inscriptions")).click()
    adviser.get_by_role("link", name="Margaux Lefèvre").click()
    answer_everything(adviser)
    expect(adviser.locator("#draft-state")).to_contain_text("Enregistré à")
    adviser.get_by_role("button", name="Conclure l'entretien").click()
    expect(adviser.get_by_role("heading", level=1)).to_have_text("Margaux Lefèvre : 100 % web validé")
    expect(adviser.get_by_role("main")).to_contain_text("Anne Vidal")
    assert Placement.objects.get(jobseeker=enrolment.jobseeker).portfolio == portfolio
    look(adviser)

    enrolment.jobseeker.refresh_from_db()
    link = accounts.issue_activation_link(user=enrolment.jobseeker.user)
    jobseeker = new_page(width=390)
    jobseeker.goto(f"/activation/{link}/" if "/" not in link else urlsplit(link).path)
    for field in jobseeker.locator("input[type=password]").all():
        field.fill("un mot de passe bien à moi")
    jobseeker.locator("main form button[type=submit]").click()
    expect(jobseeker.get_by_role("heading", level=1)).to_have_text("Bonjour Margaux")
    jobseeker.get_by_role("link", name="Lire et accepter le 100 % web").click()
    # Without the tick, the error stands where it is missing.
    forgive(jobseeker, "422")
    jobseeker.get_by_role("button", name="J'accepte le 100 % web").click()
    expect(jobseeker.get_by_role("alert")).to_be_focused()
    expect(jobseeker.get_by_label("J'ai lu ce texte")).to_be_in_viewport()
    expect(jobseeker.get_by_label("J'ai lu ce texte")).to_have_attribute("aria-invalid", "true")
    look(jobseeker, [390])
    jobseeker.get_by_role("alert").get_by_role("link").press("Enter")
    expect(jobseeker.get_by_label("J'ai lu ce texte")).to_be_focused()
    tick(jobseeker.get_by_label("J'ai lu ce texte"))
    jobseeker.get_by_role("button", name="J'accepte le 100 % web").click()
    expect(jobseeker.get_by_role("heading", level=1)).to_have_text("Prendre rendez-vous")
    expect(jobseeker.locator("#toasts")).to_contain_text("votre 100 % web a commencé")
    jobseeker.goto(reverse("acceptance"))
    expect(jobseeker.get_by_role("heading", name="Vous avez accepté ce texte")).to_be_visible()
    expect(jobseeker.get_by_role("main")).to_contain_text("Votre 100 % web a commencé")
    assert Accompaniment.objects.current().get(jobseeker=enrolment.jobseeker).track == Track.WEB

    # The person leaves the track again at once.
    jobseeker.goto(reverse("space"))
    jobseeker.get_by_role("navigation", name="Mes droits").get_by_role("link", name="Quitter le 100 % web").click()
    jobseeker.get_by_role("button", name="Quitter le 100 % web maintenant").click()
    expect(jobseeker.get_by_role("main").get_by_role("status").first).to_contain_text("Vous avez quitté le 100 % web.")
    assert Accompaniment.objects.current().get(jobseeker=enrolment.jobseeker).track == Track.CLASSIC


def test_nothing_is_lost_when_the_browser_closes(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    enter(page, portfolio)
    open_interview(page, enrolment)
    expect(page.locator("#draft-state")).to_have_text(re.compile("commence à la première saisie"))
    page.get_by_label("Situation et projet").press_sequentially("Écrit au vol")
    # The page is left before it could save by itself.
    page.goto(reverse("registrations"))
    # The draft is sent while the page closes, so it may arrive after the request for the next page.
    eventually(RegistrationInterview.objects.exists)
    page.reload()
    expect(page.get_by_text("Entretien commencé")).to_be_visible()
    open_interview(page, enrolment)
    expect(page.get_by_label("Situation et projet")).to_have_value("Écrit au vol")


def test_a_lost_connection_is_said_and_made_up_for(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    forgive(page, "ERR_INTERNET_DISCONNECTED", "console: htmx:")
    enter(page, portfolio)
    open_interview(page, enrolment)
    page.context.set_offline(True)
    page.get_by_label("Situation et projet").fill("Sans réseau")
    expect(page.locator("#draft-problem")).to_contain_text("Non enregistré")
    page.context.set_offline(False)
    expect(page.locator("#draft-state")).to_contain_text("Enregistré à")
    expect(page.locator("#draft-problem")).to_be_empty()
    assert RegistrationInterview.objects.get().typed["situation"] == "Sans réseau"


def test_the_page_follows_tier_and_track(new_page: NewPage, portfolio: Portfolio) -> None:
    page = new_page()
    enter(page, portfolio)
    open_interview(page, volunteer(portfolio))
    web = page.get_by_role("radiogroup", name="Parcours").get_by_role("radio", name=WEB)
    proposals = page.get_by_role("radiogroup", name="Portefeuille")
    reasons = page.get_by_role("radiogroup", name="Motif")
    expect(web).not_to_be_checked()
    choose(page, "Parcours", WEB)
    expect(proposals).to_be_visible()
    expect(reasons).to_be_hidden()
    # The arrow keys pass through a tier that the adviser does not want, and come back.
    page.get_by_role("radiogroup", name="Modalité").get_by_role("radio", name="Guidé").focus()
    page.keyboard.press("ArrowDown")
    expect(web).to_be_disabled()
    expect(reasons.get_by_role("radio", name="La modalité décidée")).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(web).to_be_checked()
    expect(proposals).to_be_visible()
    choose(page, "Modalité", "Suivi")
    expect(web).to_be_disabled()
    expect(page.get_by_text("Le 100 % web demande la modalité « guidé ».")).to_be_visible()
    expect(proposals).to_be_hidden()
    expect(reasons.get_by_role("radio", name="La modalité décidée")).to_be_checked()
    # A page that is opened again forces nothing by itself. Going back to guidé removes the reason.
    expect(page.locator("#draft-state:not([data-unsaved])")).to_contain_text("Enregistré à")
    page.reload()
    choose(page, "Modalité", "Guidé")
    expect(web).to_be_enabled()
    expect(web).not_to_be_checked()
    expect(page.locator("input[name=refusal_reason][value=tier]")).not_to_be_checked()


def test_from_end_to_end_by_the_keyboard(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page()
    enter(page, portfolio)
    open_interview(page, enrolment)
    page.get_by_label("J'ai vérifié l'identité").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("Au clavier")
    for key in ("Tab", "Tab", "Tab", "Space"):  # webcam, connection, ease
        page.keyboard.press(key)
    for key in ("Alt+Shift+Digit4", "Tab", "Tab", "Space"):  # tier, track: the wish is confirmed
        page.keyboard.press(key)
    tab_to_field(page, "portfolio")
    page.keyboard.press("Space")
    tab_to(page, "Conclure l'entretien")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("100 % web validé")
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.VALIDATED


def test_without_scripts(new_page: NewPage, portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio)
    page = new_page(java_script_enabled=False)
    forgive(page, "422")
    enter(page, portfolio)
    open_interview(page, enrolment)
    page.get_by_label("Situation et projet").fill("Sans script")
    page.get_by_role("button", name="Commencer l'entretien").click()
    expect(page.locator("#draft-state")).to_contain_text("Enregistré à")
    expect(page.get_by_label("Situation et projet")).to_have_value("Sans script")
    page.get_by_role("button", name="Conclure l'entretien").click()
    expect(page.get_by_role("alert")).to_contain_text("Vérifiez une pièce d'identité")
    answer_everything(page)
    page.get_by_role("button", name="Conclure l'entretien").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("100 % web validé")


def test_an_error_is_said_first_and_leads_to_its_field(new_page: NewPage, portfolio: Portfolio) -> None:
    page = new_page()
    forgive(page, "422")
    enter(page, portfolio)
    open_interview(page, volunteer(portfolio))
    page.get_by_role("button", name="Conclure l'entretien").click()
    expect(page.get_by_role("alert")).to_be_focused()
    look(page)
    page.get_by_role("alert").get_by_role("link", name="Vérifiez une pièce").click()
    expect(page.get_by_label("J'ai vérifié l'identité")).to_be_focused()


def test_a_portfolio_filled_meanwhile_loses_nothing(new_page: NewPage, portfolio: Portfolio) -> None:
    other = PortfolioFactory(agency=portfolio.agency, capacity=1)
    enrolment = volunteer(portfolio)
    page = new_page()
    forgive(page, "409")
    enter(page, portfolio)
    open_interview(page, enrolment)
    answer_everything(page)
    tick(page.get_by_role("radio", name=other.adviser.user.full_name))
    fill(other, 1)
    page.get_by_role("button", name="Conclure l'entretien").click()
    expect(page.get_by_role("alert")).to_contain_text("est complet (1 / 1)")
    look(page)
    expect(page.get_by_role("radio", name="Anne Vidal")).not_to_be_checked()
    choose(page, "Portefeuille", "Anne Vidal")
    expect(page.get_by_label("Situation et projet")).to_have_value("Cherche un poste d'assistante.")
    page.get_by_role("button", name="Conclure l'entretien").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("100 % web validé")


def test_searches_as_one_types(new_page: NewPage, portfolio: Portfolio) -> None:
    volunteer(portfolio, first_name="Ali", last_name="Benali")
    volunteer(portfolio, first_name="Zoé", last_name="Roy")
    page = new_page()
    enter(page, portfolio)
    page.goto(reverse("registrations"))
    page.get_by_role("searchbox").press_sequentially("bena")
    expect(page.get_by_role("link", name="Zoé Roy")).to_be_hidden()
    expect(page.get_by_role("link", name="Ali Benali")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=bena$"))


def test_the_adviser_s_pages_are_for_everybody(page: Page, portfolio: Portfolio) -> None:
    enter(page, portfolio)
    page.goto(reverse("registrations"))
    look(page)
    long_name = "de La Rochefoucauld-Montmorency-Vandenbroucke-Delaplace"
    enrolment = volunteer(portfolio, first_name="Jean-Baptiste-Emmanuel", last_name=long_name)
    page.goto(reverse("registrations"))
    look(page)
    open_interview(page, enrolment)
    look(page)
    choose(page, "Parcours", IN_AGENCY)
    look(page)


def test_the_jobseeker_s_pages_are_for_everybody(new_page: NewPage, portfolio: Portfolio) -> None:
    text = "\n\n".join(f"Point {number}. Vous pouvez arrêter quand vous voulez." for number in range(9))
    ConsentTextFactory(body=text)
    accepting = validated(portfolio, with_account=True).jobseeker
    for person in (accepting, on_web_track(portfolio), JobseekerFactory(agency=portfolio.agency, with_account=True)):
        page = new_page()
        step_inside(page, person.user)
        for name in ("space", "acceptance", "leave_track", "my_accompaniment", "own_data", "space_adviser_panel"):
            page.goto(reverse(name))
            look(page)
