"""Logging in as people do it: with a mouse, a keyboard, a telephone or an e-mail."""

import re

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from accompaniment.enums import Role
from accompaniment.jobs import answer_access_requests
from accompaniment.models import Notification, User
from accompaniment.services import accounts, addresses
from config.navigation import NAVIGATION
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory, JobseekerFactory
from tests.e2e.browser import (
    CHROMIUM,
    check_axe,
    expect_inside,
    forgive,
    log_in,
    log_out_button,
    look,
    settle,
    step_inside,
)
from tests.e2e.conftest import ARGUMENTS, NewPage
from tests.e2e.server import LiveServer

pytestmark = pytest.mark.e2e

SYSTEM_SCRIPT = "dsfr.module.min.js"
NEW_PASSWORD = "quatre mots sans rapport"
OPEN_PAGES = (
    "/connexion/",
    "/mot-de-passe-oublie/",
    "/mot-de-passe-oublie/envoye/",
    "/accessibilite/",
    "/donnees-personnelles/",
    "/mentions-legales/",
)


def jobseeker() -> User:
    return JobseekerFactory(with_account=True).user


def try_password(page: Page, email: str, password: str) -> None:
    page.get_by_label("Adresse e-mail").fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def choose_password(page: Page, button: str) -> None:
    page.get_by_label("Nouveau mot de passe", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("Le même mot de passe, une seconde fois", exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name=button).click()


def is_inside(page: Page, user: User) -> None:
    expect_inside(page)
    expect(page.get_by_role("banner")).to_contain_text(user.full_name)


def expect_the_password_to_be_shown_on_demand(page: Page) -> None:
    """Our own script does it: that of the design system weighs as much as all the rest of the page's scripts."""
    settle(page)
    field = page.get_by_label("Mot de passe", exact=True)
    expect(field).to_have_attribute("type", "password")
    page.get_by_label("Afficher : Mot de passe").press("Space")
    expect(field).to_have_attribute("type", "text")
    field.dispatch_event("keyup", {"key": "CapsLock", "modifierCapsLock": True})
    expect(page.locator("[data-fr-capslock]")).to_be_visible()
    field.press("Shift")
    expect(page.locator("[data-fr-capslock]")).to_have_count(0)
    page.get_by_label("Afficher : Mot de passe").press("Space")
    expect(field).to_have_attribute("type", "password")


def test_a_person_logs_in_and_out(page: Page) -> None:
    user = jobseeker()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto("/connexion/")
    expect_the_password_to_be_shown_on_demand(page)
    log_in(page, user.email.upper(), PASSWORD)
    is_inside(page, user)
    page.reload()
    settle(page)
    assert SYSTEM_SCRIPT not in "\n".join(loaded)
    log_out_button(page).click()
    expect(page).to_have_url(re.compile("/connexion/$"))
    expect(page.locator("#toasts")).to_have_text("Vous êtes déconnecté.")


def test_a_panel_that_is_answered_during_the_log_out_turns_nothing_back(page: Page) -> None:
    """Kind: a late answer that leads away from where the person is going.

    A panel receives the log-in page while the log-out is still loading.
    """
    user = jobseeker()
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route(f"**{reverse('interview_band')}", hold)
    with page.expect_request(f"**{reverse('interview_band')}"):
        log_in(page, user.email, PASSWORD)
    is_inside(page, user)

    def let_the_panel_go_first(route: Route) -> None:
        over = route.fetch(max_redirects=0)
        page.once("requestfinished", lambda _: route.fulfill(response=over))
        waiting[0].continue_()

    page.route("**/deconnexion/", let_the_panel_go_first)
    log_out_button(page).click(no_wait_after=True)
    expect(page).to_have_url(re.compile("/connexion/$"))


def test_wrong_password_is_said_first_and_the_address_stays(page: Page) -> None:
    user = jobseeker()
    page.goto("/connexion/")
    try_password(page, user.email, "faux")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("L'adresse e-mail ou le mot de passe ne convient pas.")
    expect(page.get_by_label("Adresse e-mail")).to_have_value(user.email)
    check_axe(page)


def test_error_leads_to_its_field(page: Page) -> None:
    page.goto("/connexion/")
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.get_by_role("link", name="Entrez votre mot de passe.").click()
    expect(page.get_by_label("Mot de passe", exact=True)).to_be_focused()


def test_locked_door_says_when_to_come_back(page: Page) -> None:
    forgive(page, "429")
    user = jobseeker()
    page.goto("/connexion/")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        with page.expect_navigation():
            try_password(page, user.email, "faux")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connexion suspendue pour 15 minutes")
    look(page)


def test_forgotten_password_from_the_door_to_the_inside(page: Page) -> None:
    user = jobseeker()
    page.goto("/connexion/")
    page.get_by_role("link", name="Mot de passe oublié").click()
    page.get_by_label("Adresse e-mail").fill(user.email)
    page.get_by_role("button", name="Recevoir un lien").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Regardez vos e-mails")
    answer_access_requests()
    told = Notification.objects.get()
    page.goto(accounts.issue_password_reset_link(user=told.user))
    look(page)
    choose_password(page, "Enregistrer et me connecter")
    is_inside(page, user)
    expect(page.locator("#toasts")).to_contain_text("Votre nouveau mot de passe est enregistré.")


def test_activation_from_the_link_to_the_inside_once(new_page: NewPage) -> None:
    user = JobseekerFactory(with_account=True, user__password=None).user
    link = f"/activation/{accounts.issue_activation_link(user=user)}/"
    page, second = new_page(), new_page()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.headers.get("referer", "")))
    page.goto(link)
    look(page)
    page.get_by_role("button", name="Activer mon compte").click()
    expect(page.get_by_role("alert")).to_be_focused()
    check_axe(page)
    choose_password(page, "Activer mon compte")
    is_inside(page, user)
    assert not [referer for referer in requests if "activation" in referer]

    forgive(second, "410")
    second.goto(link)
    expect(second.get_by_role("heading", level=1)).to_have_text("Ce lien n'est plus valable")
    look(second)


def test_a_new_address_is_confirmed_by_its_link_once(page: Page) -> None:
    user = jobseeker()
    addresses.ask_change(actor=user, address="nouvelle@exemple.fr")
    link = reverse("confirm_address", args=[addresses.issue_link(user=user, address="nouvelle@exemple.fr")])
    step_inside(page, user)
    page.goto(link)
    look(page)
    page.get_by_role("button", name="Confirmer cette adresse").press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Votre adresse de connexion est maintenant nouvelle@exemple.fr.")
    forgive(page, "410")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce lien n'est plus valable")
    look(page)


def test_open_pages_suit_everybody(page: Page) -> None:
    forgive(page, "404")
    for address in (*OPEN_PAGES, "/inconnu/"):
        page.goto(address)
        assert page.title().endswith(" – Accompagnement 100\u00a0% web")
        look(page)


def test_reserved_page_says_so_in_the_frame(page: Page) -> None:
    forgive(page, "403")
    log_in(page, jobseeker().email, PASSWORD)
    page.goto("/pilotage/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cette page ne vous est pas ouverte")
    look(page)


def test_own_password_is_changed(page: Page) -> None:
    log_in(page, jobseeker().email, PASSWORD)
    page.get_by_role("button", name="Mon compte").click()
    page.get_by_role("link", name="Mot de passe").click()
    check_axe(page)
    page.get_by_label("Mot de passe actuel", exact=True).fill(PASSWORD)
    choose_password(page, "Changer mon mot de passe")
    expect(page.locator("#toasts")).to_contain_text("Vos autres sessions sont fermées.")


def test_keyboard_skips_to_the_content_and_walks_the_menu(page: Page) -> None:
    log_in(page, jobseeker().email, PASSWORD)
    page.goto("/mon-compte/mot-de-passe/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Contenu")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Mot de passe actuel", exact=True)).to_be_focused()

    menu = page.get_by_role("navigation", name="Menu principal").get_by_role("link")
    labels = [entry.label for entry in NAVIGATION[Role.JOBSEEKER]]
    expect(menu).to_have_text(labels)
    menu.first.focus()
    for link in menu.all()[1:]:
        page.keyboard.press("Tab")
        expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu.last).to_have_attribute("aria-current", "page")


def test_menu_of_a_telephone_opens_and_closes(new_page: NewPage) -> None:
    page = new_page(width=390)
    log_in(page, jobseeker().email, PASSWORD)
    page.goto("/mon-compte/mot-de-passe/")
    menu = page.get_by_role("navigation", name="Menu principal")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Plus", exact=True).click()
    expect(menu).to_be_visible()
    expect(page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    check_axe(page)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("button", name="Plus", exact=True)).to_be_focused()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_menus_open_without_scripts(new_page: NewPage, width: int) -> None:
    page = new_page(width=width, java_script_enabled=False)
    log_in(page, jobseeker().email, PASSWORD)
    button = log_out_button(page)
    expect(page.get_by_role("navigation", name="Menu principal")).to_be_visible()
    button.click()
    expect(page).to_have_url(re.compile("/connexion/$"))


def test_staff_come_in_by_their_activation(page: Page) -> None:
    user = AdviserUserFactory(password=None)
    forgive(page, "404")  # this account has no post, so there is no page of the day
    page.goto(f"/activation/{accounts.issue_activation_link(user=user)}/")
    choose_password(page, "Activer mon compte")
    is_inside(page, user)


def ask_for_a_part(page: Page, address: str) -> None:
    """Load a part of the page with htmx."""
    page.evaluate("address => { htmx.ajax('GET', address, { target: '#contenu h1' }); }", address)


def test_part_of_a_page_after_the_session_leads_to_the_log_in(page: Page) -> None:
    log_in(page, jobseeker().email, PASSWORD)
    page.goto("/accessibilite/")
    ask_for_a_part(page, "/mon-compte/mot-de-passe/")
    expect(page.get_by_label("Mot de passe actuel", exact=True)).to_be_visible()
    page.goto("/mon-compte/mot-de-passe/")
    page.context.clear_cookies()
    ask_for_a_part(page, "/mon-compte/mot-de-passe/")
    expect(page).to_have_url(re.compile(r"/connexion/\?next=/mon-compte/mot-de-passe/$"))


def test_part_of_a_page_that_fails_says_so_until_one_succeeds(page: Page) -> None:
    forgive(page, "404")
    page.goto("/accessibilite/")
    ask_for_a_part(page, "/inconnu/")
    expect(page.locator("#toasts")).to_have_text("L'action n'a pas abouti. Vérifiez votre connexion, puis réessayez.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Accessibilité : non conforme")
    ask_for_a_part(page, "/mentions-legales/")
    expect(page.locator("#toasts").first).to_be_empty()


def test_back_after_a_log_out_shows_nothing_of_the_file(server: LiveServer, browser: Browser) -> None:
    """Uses a browser with the back-forward cache, which Playwright normally switches off."""
    person = JobseekerFactory(with_account=True)
    aside = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=[*ARGUMENTS],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    try:
        page = aside.new_page(base_url=server.url)
        page.goto("/connexion/")
        try_password(page, person.user.email, PASSWORD)
        expect_inside(page)
        page.goto(reverse("own_data"))
        expect(page.get_by_role("main")).to_contain_text(person.identifier)
        log_out_button(page).click()
        expect(page).to_have_url(re.compile("/connexion/$"))
        for _ in range(2):
            page.go_back()
            expect(page.get_by_role("button", name="Se connecter", exact=True)).to_be_visible()
            expect(page.locator("body")).not_to_contain_text(person.identifier)
            expect(page.locator("body")).not_to_contain_text(person.user.full_name)
    finally:
        aside.close()
