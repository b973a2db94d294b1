"""The choice of a theme: by a form, in a cookie, on each page, without an account and without scripts."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import Theme
from accompaniment.views.display import KEPT_FOR, SAID, THEME_COOKIE
from tests.accompaniment.factories import UserFactory

pytestmark = pytest.mark.django_db

DISPLAY = "/affichage/"
LIGHT, DARK = Theme.LIGHT.value, Theme.DARK.value


def shown(client: Client, url: str = DISPLAY) -> tuple[str, str]:
    """Return the theme of a page, and the colours that it asks the browser for."""
    return theme_in(client.get(url).content.decode())


def theme_in(page: str) -> tuple[str, str]:
    root = re.search(r'<html lang="fr"(?: data-theme="([^"]*)")?>', page)
    colours = re.search(r'<meta name="color-scheme" content="([^"]*)">', page)
    assert root is not None
    assert colours is not None
    return root[1] or "", colours[1]


def choose(client: Client, theme: str, **fields: str) -> None:
    assert client.post(reverse("display"), {"theme": theme, **fields}).status_code == 302


def test_a_visitor_chooses_and_each_page_shows_it(client: Client) -> None:
    assert shown(client) == ("", "light dark")
    for theme in (DARK, LIGHT):
        choose(client, theme)
        for url in (DISPLAY, reverse("login"), reverse("legal_notice")):
            assert shown(client, url) == (theme, theme)
    choose(client, "")
    assert THEME_COOKIE not in {name for name, cookie in client.cookies.items() if cookie.value}
    assert shown(client) == ("", "light dark")


def test_the_choice_is_ticked_and_said(client: Client) -> None:
    choose(client, DARK)
    page = client.get(DISPLAY).content.decode()
    assert re.findall(r'<input type="radio"[^>]*value="([^"]*)"[^>]*checked', page) == [DARK]
    assert SAID[Theme.DARK] in page.replace("&#x27;", "'")


def test_the_cookie_lasts_a_year_and_is_for_the_server_alone(client: Client) -> None:
    choose(client, DARK)
    cookie = client.cookies[THEME_COOKIE]
    assert cookie["max-age"] == KEPT_FOR.total_seconds()
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    client.post(DISPLAY, {"theme": DARK}, secure=True)
    assert client.cookies[THEME_COOKIE]["secure"] is True


def test_the_choice_survives_the_log_in_and_the_log_out(client: Client) -> None:
    choose(client, DARK)
    client.force_login(UserFactory(role="adviser"))
    assert shown(client, reverse("password_change")) == (DARK, DARK)
    out = client.post(reverse("log_out"))
    assert "cookies" not in out["Clear-Site-Data"]
    assert shown(client, reverse("login")) == (DARK, DARK)


def test_it_leads_back_to_the_page_that_one_came_from(client: Client) -> None:
    page = client.get(DISPLAY, headers={"Referer": "http://testserver/connexion/?next=/agenda/"}).content.decode()
    back = re.search(r'name="retour" value="([^"]*)"', page)
    assert back is not None
    assert back[1] == "/connexion/?next=/agenda/"
    assert client.post(DISPLAY, {"theme": "", "retour": back[1]})["Location"] == back[1]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:x"])
def test_it_leads_to_no_other_site(client: Client, elsewhere: str) -> None:
    page = client.get(DISPLAY, headers={"Referer": elsewhere}).content.decode()
    assert "evil" not in page
    assert client.post(DISPLAY, {"theme": "", "retour": elsewhere})["Location"] == DISPLAY


@pytest.mark.parametrize("hostile", ['dark" onload="x', "<script>", "DARK", "dark light", "é", "dark" * 1000])
def test_a_cookie_that_holds_something_else_is_no_choice(client: Client, hostile: str) -> None:
    """The control is the same request with a theme in it."""
    client.cookies[THEME_COOKIE] = hostile
    assert shown(client) == ("", "light dark")
    client.cookies[THEME_COOKIE] = DARK
    assert shown(client) == (DARK, DARK)


def test_a_theme_that_does_not_exist_is_refused(client: Client) -> None:
    choose(client, LIGHT)
    answer = client.post(DISPLAY, {"theme": "sepia"})
    assert answer.status_code == 422
    assert "Choisissez une apparence de la liste." in answer.content.decode()
    assert shown(client) == (LIGHT, LIGHT)


def test_a_page_that_must_not_be_left_gets_the_form_alone_and_is_told(client: Client) -> None:
    part = {"HX-Request": "true"}
    form = client.get(DISPLAY, headers=part).content.decode()
    assert "<html" not in form
    assert 'hx-post="/affichage/"' in form
    for theme in ("", DARK):
        answer = client.post(DISPLAY, {"theme": theme}, headers=part)
        assert answer.content.decode() == SAID[theme]
        assert json.loads(answer["HX-Trigger"]) == {"theme": {"chosen": theme}}
        assert client.cookies[THEME_COOKIE].value == theme


def test_a_page_that_needs_no_database_shows_it_too(client: Client) -> None:
    assert theme_in(client.get(reverse("log_out")).content.decode()) == ("", "light dark")
    client.cookies[THEME_COOKIE] = DARK
    assert theme_in(client.get(reverse("log_out")).content.decode()) == (DARK, DARK)


def test_the_page_that_a_browser_keeps_for_later_follows_the_system(client: Client) -> None:
    client.cookies[THEME_COOKIE] = DARK
    assert shown(client, reverse("offline")) == ("", "light dark")


@pytest.mark.parametrize(
    ("chosen", "bar"),
    [
        ("", ['content="#161616" media="(prefers-color-scheme: dark)"', 'content="#000091"']),
        (LIGHT, ['content="#000091"']),
        (DARK, ['content="#161616"', 'content="#000091"']),
    ],
)
def test_the_bar_of_a_telephone_takes_the_first_colour_that_applies(
    client: Client, chosen: str, bar: list[str]
) -> None:
    client.cookies[THEME_COOKIE] = chosen
    assert re.findall(r'<meta name="theme-color" ([^>]*)>', client.get(DISPLAY).content.decode()) == bar
