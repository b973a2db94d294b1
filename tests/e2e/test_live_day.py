"""The page of the day in a browser: what happens elsewhere shows in it, and never under one's hands."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accompaniment.services.on_site_requests import ask_on_site
from tests.e2e.browser import check_axe, check_fits, step_inside, tick
from tests.e2e.conftest import PATIENCE
from tests.e2e.test_chat import aside
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]


@pytest.fixture
def two(server: object) -> Pair:
    return pair()


def open_day(new_page: NewPage, two: Pair, **options: object) -> Page:
    page = new_page(**options)
    step_inside(page, two.adviser)
    page.goto("/ma-journee/")
    expect(page.locator("[data-panel=waiting]")).to_have_count(0)
    expect(page.locator("[data-desk][data-live]")).to_be_attached()
    # A reload would lose it.
    page.evaluate("window.neverReloaded = true")
    return page


def test_a_call_back_that_is_asked_for_shows_without_reloading(new_page: NewPage, two: Pair) -> None:
    day = open_day(new_page, two)
    expect(day.get_by_text("Rien n'attend.")).to_be_visible()
    expect(day).to_have_title(re.compile("^Ma journée"))
    person = new_page(width=390)
    step_inside(person, two.person)
    person.goto("/rappels/demander/")
    tick(person.locator("[name=subject]").first)
    person.get_by_label("Quand vous appeler").select_option(index=1)
    person.get_by_label("Numéro à appeler").fill("06 12 34 56 78")
    person.get_by_role("button", name="Demander le rappel").click()
    expect(person.get_by_role("heading", name="Votre demande est enregistrée")).to_be_visible()
    panel = day.locator("#panneau-rappels")
    expect(panel.get_by_role("heading", name="Rappels à faire (1)")).to_be_visible(timeout=PATIENCE)
    expect(panel.get_by_role("link", name=two.jobseeker.full_name)).to_be_visible()
    expect(day).to_have_title(re.compile(r"^\(1\) Ma journée"))
    expect(day.get_by_role("status").filter(has_text="Rappels à faire : 1")).to_be_attached()
    expect(day.get_by_text("Rien n'attend.")).to_be_hidden()
    assert day.evaluate("window.neverReloaded")
    check_axe(day)


def hide(page: Page, hidden: bool) -> None:
    """Let the page believe that its tab is hidden, or seen again: a browser without a window has no tabs to change."""
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_the_title_of_a_hidden_tab_counts_on(new_page: NewPage, two: Pair) -> None:
    aside(lambda: say(two.conversation, two.person))
    day = open_day(new_page, two)
    expect(day).to_have_title(re.compile(r"^\(1\) Ma journée"))
    link = day.locator("#panneau-a-repondre").get_by_role("link", name=two.jobseeker.full_name)
    link.focus()
    hide(day, True)
    other = pair(two.portfolio)
    aside(lambda: say(other.conversation, other.person))
    expect(day).to_have_title(re.compile(r"^\(2\) Ma journée"))
    # Who comes back is where one was.
    expect(link).to_be_focused()


def test_a_hidden_tab_asks_for_what_it_has_missed_once_it_is_seen(new_page: NewPage, two: Pair) -> None:
    day = open_day(new_page, two)
    panel = day.locator("#panneau-rappels")
    expect(panel.locator("[data-count]")).to_have_attribute("data-count", "0")
    hide(day, True)
    # What a minute does by itself.
    panel.evaluate("panel => window.htmx.ajax('GET', panel.getAttribute('hx-get'), { source: panel, target: panel })")
    expect(panel).to_have_attribute("data-stale", "")
    with day.expect_response(lambda answer: "/rappels/panneau" in answer.url):
        hide(day, False)
    expect(panel).not_to_have_attribute("data-stale", "")


def test_a_panel_in_which_one_types_waits_until_one_leaves_it(new_page: NewPage, two: Pair) -> None:
    ask_on_site(actor=two.person, jobseeker=two.jobseeker)
    day = open_day(new_page, two, width=390)
    panel = day.locator("#panneau-en-agence")
    panel.get_by_text("Répondre").first.click()
    answer = panel.get_by_role("textbox")
    answer.fill("Venez mardi à")
    other = pair(two.portfolio)
    ask_on_site(actor=other.person, jobseeker=other.jobseeker)
    aside(lambda: say(two.conversation, two.person))
    # The other panel follows, this one keeps what is typed and the focus.
    expect(day.get_by_role("heading", name="Messages à traiter (1)")).to_be_visible(timeout=PATIENCE)
    expect(panel).to_have_attribute("data-stale", "")
    expect(answer).to_have_value("Venez mardi à")
    expect(answer).to_be_focused()
    panel.get_by_text("Répondre").first.click()
    day.get_by_role("heading", name="Ma journée").click()
    expect(day.get_by_role("heading", name="Demandes d'entretien en agence (2)")).to_be_visible(timeout=PATIENCE)
    check_axe(day)
    check_fits(day)


def test_who_asks_to_be_received_stands_first_whenever_that_comes(new_page: NewPage, two: Pair) -> None:
    day = open_day(new_page, two)
    panel = day.locator("#panneau-en-agence")
    expect(panel).to_be_hidden()
    aside(lambda: say(two.conversation, two.person))
    expect(day.get_by_role("heading", name="Messages à traiter (1)")).to_be_visible(timeout=5000)
    expect(panel).to_be_hidden()
    aside(lambda: ask_on_site(actor=two.person, jobseeker=two.jobseeker))
    expect(panel.get_by_role("heading", name="Demandes d'entretien en agence (1)")).to_be_visible(timeout=5000)
    first = day.locator("[data-panel]:visible").first
    expect(first).to_have_id("panneau-en-agence")
    assert day.evaluate("window.neverReloaded")
    check_axe(day)
