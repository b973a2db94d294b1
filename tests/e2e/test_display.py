"""Dark and light pages: by the preference of the system, by a choice that stays, and never on paper."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.accompaniment.factories import PASSWORD, JobseekerFactory
from tests.e2e.browser import log_in, log_out_button, settle, step_inside, tick
from tests.e2e.conftest import NewPage
from tests.visio.factories import InterviewFactory

pytestmark = pytest.mark.e2e

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 22, 22)"


def expect_ground(page: Page, colour: str) -> None:
    expect(page.locator("body")).to_have_css("background-color", colour)


def choose(page: Page, theme: str) -> None:
    page.get_by_role("link", name="Paramètres d'affichage").click()
    tick(page.get_by_role("radio", name=theme))
    page.get_by_role("button", name="Enregistrer mon choix").click()


def test_the_theme_follows_the_system_until_one_chooses_and_the_choice_stays(new_page: NewPage) -> None:
    """Without scripts, through the log-in and the log-out. The other preference is the control."""
    user = JobseekerFactory(with_account=True).user
    page = new_page(color_scheme="dark", java_script_enabled=False)
    page.goto("/connexion/")
    expect_ground(page, DARK)
    page.emulate_media(color_scheme="light")
    expect_ground(page, LIGHT)
    page.emulate_media(color_scheme="dark")
    choose(page, "Clair")
    expect(page).to_have_url(re.compile("/connexion/$"))
    expect(page.locator("#toasts")).to_have_text("L'affichage est maintenant clair.")
    expect_ground(page, LIGHT)
    log_in(page, user.email, PASSWORD)
    expect_ground(page, LIGHT)
    choose(page, "Sombre")
    expect(page).to_have_url(re.compile("/mon-espace/$"))
    page.emulate_media(color_scheme="light")
    expect_ground(page, DARK)
    page.emulate_media(media="print")
    expect_ground(page, LIGHT)
    page.emulate_media(media="screen")
    log_out_button(page).click()
    expect(page).to_have_url(re.compile("/connexion/$"))
    expect_ground(page, DARK)
    choose(page, "Système")
    expect_ground(page, LIGHT)


def test_a_theme_applies_in_the_room_at_once_and_nobody_leaves_it(new_page: NewPage) -> None:
    interview = InterviewFactory()
    page = new_page(permissions=["camera", "microphone"])
    step_inside(page, interview.adviser.user)
    page.goto(f"/visio/{interview.token}/")
    settle(page)
    expect_ground(page, LIGHT)
    page.evaluate("window.isTheSamePage = true")
    page.get_by_text("Paramètres d'affichage").press("Enter")
    dark = page.get_by_role("radio", name="Sombre")
    expect(dark).to_be_attached()
    settle(page)
    tick(dark)
    page.get_by_role("button", name="Enregistrer mon choix").press("Enter")
    expect(page.locator(".room__display [role=status]")).to_have_text("L'affichage est maintenant sombre.")
    expect_ground(page, DARK)
    assert page.evaluate("[window.isTheSamePage, document.querySelector('meta[name=color-scheme]').content]") == [
        True,
        "dark",
    ]
    page.reload()
    expect_ground(page, DARK)
