"""A session ends while somebody types, in a real browser: after the log-in the text is there again."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from accompaniment.models import OnSiteRequest, SentForm, User
from tests.accompaniment.factories import PASSWORD, JobseekerFactory
from tests.e2e.browser import check_axe, check_fits, expect_inside, forgive, log_in, log_out_button, settle, toasts
from tests.e2e.conftest import NewPage
from tests.e2e.server import LiveServer

pytestmark = pytest.mark.e2e

ADDRESS = "/etre-recu/"
TEXT = "Un fauteuil roulant à faire entrer."


def person() -> User:
    return JobseekerFactory(with_account=True).user


def come_in(page: Page, user: User) -> None:
    page.get_by_label("Adresse e-mail", exact=False).fill(user.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    expect_inside(page)


def type_and_lose_the_session(page: Page, user: User) -> None:
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    page.get_by_role("textbox").fill(TEXT)
    Session.objects.all().delete()
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page).to_have_url(re.compile(r"/connexion/\?next=/etre-recu/$"))
    expect(page.get_by_role("main").get_by_role("status").first).to_contain_text("ce que vous avez écrit reviendra")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_text_is_back_after_the_log_in(new_page: NewPage, scripts: bool) -> None:
    user = person()
    page = new_page(java_script_enabled=scripts)
    type_and_lose_the_session(page, user)
    come_in(page, user)
    expect(page.get_by_role("textbox")).to_have_value(TEXT)
    expect(page.get_by_text("n'est pas encore partie : vérifiez et envoyez")).to_be_visible()
    if scripts:
        check_axe(page)
        check_fits(page)
    assert not OnSiteRequest.objects.exists()
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_text(TEXT)).to_be_visible()
    assert OnSiteRequest.objects.get().comment == TEXT


@pytest.mark.parametrize("scripts", [True, False])
def test_another_account_does_not_see_it(new_page: NewPage, scripts: bool) -> None:
    page = new_page(java_script_enabled=scripts)
    type_and_lose_the_session(page, person())
    come_in(page, person())
    page.goto(ADDRESS)
    expect(page.get_by_role("textbox")).to_have_value("")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_older_than_the_log_in_leads_back_with_its_text(new_page: NewPage, scripts: bool) -> None:
    user = person()
    page = new_page(java_script_enabled=scripts)
    forgive(page, "403")
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    if scripts:  # a part that the page still asks for would take it to the log-in
        settle(page)
    page.get_by_role("textbox").fill(TEXT)
    elsewhere = page.context.new_page()
    Session.objects.all().delete()
    log_in(elsewhere, user.email, PASSWORD)
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ce formulaire a expiré")
    if scripts:
        check_axe(page)
    page.get_by_role("link", name="Rouvrir le formulaire").click()
    expect(page.get_by_role("textbox")).to_have_value(TEXT)
    assert not OnSiteRequest.objects.exists()


def test_pressed_twice_it_is_sent_once(new_page: NewPage, server: LiveServer) -> None:
    user = person()
    page = new_page()
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    page.get_by_role("textbox").fill(TEXT)
    button = page.get_by_role("button", name="Demander un rendez-vous")
    button.dblclick()
    expect(page.get_by_text(TEXT)).to_be_visible()
    # The second request may arrive after the answer to the first.
    server.application.wait_until_idle()
    assert OnSiteRequest.objects.count() == 1
    assert SentForm.objects.count() == 1


def test_a_closed_window_loses_nothing_and_what_was_sent_does_not_come_back(new_page: NewPage) -> None:
    user = person()
    page = new_page()
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    page.get_by_role("textbox").fill(TEXT)
    other = page.context.new_page()
    page.close()
    other.goto(ADDRESS)
    expect(other.get_by_role("textbox")).to_have_value(TEXT)
    expect(other.get_by_text("sans l'envoyer est revenu ici")).to_be_visible()
    check_axe(other)
    other.get_by_role("button", name="Demander un rendez-vous").click()
    expect(other.get_by_text(TEXT)).to_be_visible()
    OnSiteRequest.objects.all().delete()
    other.goto(ADDRESS)
    expect(other.get_by_role("textbox")).to_have_value("")


def test_a_form_whose_answer_was_lost_counts_once_when_it_is_sent_again(new_page: NewPage) -> None:
    """Kind: a form that was carried out, and that the page offers anew because it never heard so."""
    user = person()
    page = new_page()
    forgive(page, "ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    page.get_by_role("textbox").fill(TEXT)
    page.route(f"**{ADDRESS}", lambda route: (route.fetch(max_redirects=0), route.abort()), times=1)
    page.get_by_role("button", name="Demander un rendez-vous").click()
    # The browser's own page, which would interrupt the next navigation, has no such field.
    expect(page.get_by_role("textbox")).to_have_count(0)
    page.context.clear_cookies(name="sent_forms")  # it came with the answer that was lost
    OnSiteRequest.objects.all().delete()
    page.goto(ADDRESS)
    expect(page.get_by_role("textbox")).to_have_value(TEXT)
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(toasts(page)).to_contain_text("il n'a compté qu'une fois")
    assert not OnSiteRequest.objects.exists()


def test_the_log_out_takes_every_draft_along(new_page: NewPage) -> None:
    user = person()
    page = new_page()
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    page.get_by_role("textbox").fill(TEXT)
    page.evaluate("localStorage.setItem('messagerie:1:1', '[]')")
    log_out_button(page).click()
    expect(page).to_have_url(re.compile("/connexion/$"))
    assert page.evaluate("Object.keys(localStorage).filter((key) => /^(kept|messagerie):/.test(key))") == []


def test_what_came_back_can_be_taken_away_again(new_page: NewPage) -> None:
    user = person()
    page = new_page()
    log_in(page, user.email, PASSWORD)
    page.goto(ADDRESS)
    page.get_by_role("textbox").fill(TEXT)
    page.reload()
    page.get_by_role("button", name="L'effacer").click()
    expect(page.get_by_role("textbox")).to_have_value("")
    page.reload()
    expect(page.get_by_role("textbox")).to_have_value("")
