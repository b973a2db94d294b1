"""Canned replies in the composer: with the keyboard, at the caret, and without scripts."""

import pytest
from playwright.sync_api import expect

from messaging.services.replies import add_reply
from tests.e2e.browser import check_axe, check_fits, step_inside
from tests.e2e.chat import expect_shown
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e


@pytest.fixture
def two(transactional_db: None) -> Pair:
    two = pair()
    add_reply(actor=two.adviser, name="Merci", body="Bonjour {prenom}, merci.")
    add_reply(actor=two.adviser, name="Rappel d'entretien", body="Nous nous voyons {prochain_entretien}.")
    return two


def test_a_key_opens_the_list_and_the_text_goes_where_one_writes(two: Pair, new_page: NewPage) -> None:
    page = new_page()
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    field = page.get_by_label("Votre message")
    first = two.jobseeker.first_name
    field.press_sequentially("Avant après")
    for _ in "après":
        field.press("ArrowLeft")
    field.press("Alt+Shift+KeyP")
    search = page.get_by_label("Rechercher une réponse type")
    expect(search).to_be_focused()
    expect(page.locator("[data-reply]")).to_have_count(2)
    check_axe(page)
    search.press_sequentially("merçi")
    expect(page.locator("[data-reply]:visible")).to_have_count(1)
    search.press("Enter")
    expect(field).to_be_focused()
    expect(field).to_have_value(f"Avant Bonjour {first}, merci.après")
    # What was typed survives a reload with it, and Échap gives the focus back without a change.
    page.reload()
    expect(field).to_have_value(f"Avant Bonjour {first}, merci.après")
    page.get_by_role("link", name="Réponses types").last.press("Enter")
    expect(search).to_be_focused()
    search.press("ArrowDown")
    search.page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(field).to_have_value(f"Avant Bonjour {first}, merci.après")


def test_a_placeholder_without_a_value_is_seen_and_does_not_leave(two: Pair, new_page: NewPage) -> None:
    page = new_page(width=390, height=844)
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    field = page.get_by_label("Votre message")
    page.get_by_role("link", name="Réponses types").last.click()
    page.get_by_label("Rechercher une réponse type").press_sequentially("rappel")
    expect(page.get_by_text("À compléter : le jour et l'heure du prochain entretien")).to_be_visible()
    check_axe(page)
    check_fits(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    told = page.get_by_text("À compléter avant l'envoi : {prochain_entretien}. Écrivez ce qui convient")
    expect(field).to_have_value("Nous nous voyons {prochain_entretien}.")
    expect(told).to_be_visible()
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator(".message")).to_have_count(0)
    expect(told).to_be_visible()
    check_axe(page)
    check_fits(page)
    field.fill("Nous nous voyons mardi.")
    expect(told).to_be_hidden()
    page.get_by_role("button", name="Envoyer").click()
    expect_shown(page, "Nous nous voyons mardi.")


@pytest.mark.parametrize("place", ["file", "sequence"])
def test_the_list_also_opens_in_the_file_and_one_after_the_other(two: Pair, new_page: NewPage, place: str) -> None:
    say(two.conversation, two.person)
    page = new_page()
    step_inside(page, two.adviser)
    page.goto(f"/personnes/{two.jobseeker.pk}/" if place == "file" else "/messagerie/a-la-suite/")
    expect(page.get_by_label("Votre message")).to_be_visible()
    expect(page.locator("[data-state]")).to_have_count(0)
    page.get_by_label("Votre message").press("Alt+Shift+KeyP")
    page.get_by_role("link", name="Merci").click()
    expect(page.get_by_label("Votre message")).to_have_value(f"Bonjour {two.jobseeker.first_name}, merci.")


def test_without_scripts_the_list_is_a_page_that_fills_the_field(two: Pair, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    step_inside(page, two.adviser)
    page.goto(f"/messagerie/{two.conversation.pk}/")
    page.get_by_role("link", name="Réponses types").last.click()
    page.get_by_label("Rechercher une réponse type").fill("merci")
    page.get_by_role("button", name="Rechercher").last.click()
    page.get_by_role("link", name="Merci").click()
    expect(page.get_by_label("Votre message")).to_have_value(f"Bonjour {two.jobseeker.first_name}, merci.")
    page.get_by_role("button", name="Envoyer").click()
    expect_shown(page, f"Bonjour {two.jobseeker.first_name}, merci.")
