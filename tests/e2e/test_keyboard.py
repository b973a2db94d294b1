"""By the keyboard: what has the focus is in sight, what is common to many is near, and what happens is said.

Each test names a kind: a bar over the focus, a target too small to hit, a choice that is only a colour, an answer that
nobody hears.
"""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.models import User
from caseload.models import CaseSummary, Portfolio
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from tests.e2e.browser import focused, settle, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.test_long_names import FIRST_NAME, LAST_NAME
from tests.e2e.walk import too_small, walk
from tests.visio.factories import InterviewFactory

pytestmark = pytest.mark.e2e

UNDER_A_BAR = """
<!doctype html><html lang="fr"><body style="margin: 0">
  <p style="position: fixed; z-index: 1; inset: 0 0 auto; height: 60px; margin: 0; background: white">Barre</p>
  <a href="#a" style="position: absolute; top: 20px">Dessous</a>
  <a href="#b" style="position: absolute; top: 90px">Libre</a>
  <div style="position: absolute; top: 200px; line-height: 1; font-size: 12px">
    <a href="#c">Un</a><br><a href="#d">Deux</a>
  </div>
</body></html>
"""

AS_WRITTEN = "/* nothing */"
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
"""What a reader may ask for without anything being lost (WCAG 1.4.12)."""

WORDS_OF_THE_MENU = """() => {
  const walker = document.createTreeWalker(document.querySelector(".fr-header__menu"), NodeFilter.SHOW_TEXT);
  const lines = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.textContent.trim() || node.parentElement.closest(".fr-sr-only")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, right, top, bottom } of range.getClientRects()) {
      if (right - left > 1) lines.push({ words: node.textContent.trim(), left, right, top, bottom });
    }
  }
  return lines;
}"""


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    """An adviser with three people, in the order of their need."""
    portfolio = PortfolioFactory()
    for number, name in enumerate(("Dupont", "Ébrard", "Lemaître")):
        person = on_web_track(portfolio, last_name=name)
        since = timezone.now() - timedelta(hours=90 - number)
        CaseSummary.objects.update_or_create(jobseeker=person, defaults={"awaiting_reply_since": since})
    return portfolio


def test_the_walk_sees_what_lies_under_a_bar_and_what_is_too_small(page: Page) -> None:
    """The control: on a page of its own, with a bar over one link and two small ones together."""
    page.set_content(UNDER_A_BAR)
    found = list(walk(page, "Tab", 4))
    assert len(found) == 1
    assert "Dessous" in found[0]
    assert "lies under p" in found[0]
    assert len(too_small(page)) == 2


def test_the_actions_in_common_are_one_key_away_and_back(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/")
    second = page.locator("input[name=personne][type=checkbox]").nth(1)
    # Without anybody ticked there is nowhere to go, and the form is not sent.
    second.press("Enter")
    expect(second).to_be_focused()
    second.press("Space")
    page.keyboard.press("Enter")
    assert focused(page) == "Écrire"
    expect(page.get_by_text("Entrée sur une case mène à ces actions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(second).to_be_focused()
    # They come before the list, so that Tab reaches them first from the top.
    page.get_by_role("button", name="Tout désélectionner").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "Besoin"


def test_the_part_of_a_file_that_is_shown_says_so(new_page: NewPage, portfolio: Portfolio) -> None:
    """By its state for a screen reader and by an edge for the eye, in the reader's own colours too."""
    person = portfolio.placements.all()[0].jobseeker
    page = new_page(width=390, height=844, forced_colors="active")
    step_inside(page, portfolio.adviser.user)
    page.goto(reverse("person", args=[person.pk]))
    for part in ("Résumé", "Fil"):
        tabs = page.get_by_role("navigation", name="Dans cette page")
        tabs.get_by_role("link", name=part).click()
        expect(tabs.locator("[aria-current=true]")).to_have_text(part)
        edges = tabs.get_by_role("link").evaluate_all(
            "all => all.map((one) => [one.textContent, getComputedStyle(one).borderBottomWidth])"
        )
        assert [name for name, edge in edges if edge != "0px"] == [part]


def test_a_chosen_filter_has_a_tick_and_an_edge_of_its_own(new_page: NewPage, portfolio: Portfolio) -> None:
    """Kind: a choice that is told by the colour of its ground alone."""
    page = new_page(forced_colors="active")
    step_inside(page, portfolio.adviser.user)
    person = portfolio.placements.all()[0].jobseeker
    for address in ("/portefeuille/?besoin=reponse", reverse("person", args=[person.pk])):
        page.goto(address)
        edge = "one => getComputedStyle(one).borderTopWidth"
        chosen = page.locator("main .fr-tag[aria-current]").first
        assert chosen.evaluate(edge) == "3px"
        assert "check" in chosen.evaluate("one => getComputedStyle(one, '::before').maskImage")
    # The control: on the page of a person the other kinds of the timeline are not chosen.
    assert page.locator("main .fr-tag:not([aria-current])").first.evaluate(edge) == "1px"


def test_the_menu_of_a_telephone_cuts_no_word_whatever_the_spacing(new_page: NewPage, portfolio: Portfolio) -> None:
    """With a short and with a very long name, as written and with the spacing that a reader may ask for."""
    user = portfolio.adviser.user
    page = new_page(width=320, height=800, bypass_csp=True)
    step_inside(page, user)
    for first, last in (("Hélène", "Marchetti"), (FIRST_NAME, LAST_NAME)):
        User.objects.filter(pk=user.pk).update(first_name=first, last_name=last)
        page.goto("/portefeuille/")
        page.get_by_role("button", name="Menu", exact=True).click()
        log_out = page.get_by_role("button", name="Se déconnecter").first
        for spacing in (AS_WRITTEN, SPACING):
            page.add_style_tag(content=spacing)
            expect(log_out).to_be_visible()
            lines = page.evaluate(WORDS_OF_THE_MENU)
            assert len(lines) > 5
            for line in lines:
                assert line["left"] >= 0, line
                assert line["right"] <= 320, line
            for number, one in enumerate(lines):
                for other in lines[number + 1 :]:
                    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
                    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
                    assert across <= 1 or down <= 4, f"{one} lies over {other}"
            log_out.focus()
            assert list(walk(page, "Shift+Tab", 1)) == []


def test_a_search_of_messages_says_what_it_found(page: Page, portfolio: Portfolio) -> None:
    """Kind: an answer that changes the page in silence. The region is there before, and empty."""
    step_inside(page, portfolio.adviser.user)
    page.goto("/messagerie/")
    said = page.locator("#talks-said")
    expect(said).to_have_attribute("role", "status")
    expect(said).to_be_empty()
    page.get_by_role("searchbox", name="Rechercher une personne").press_sequentially("ebrard")
    expect(said).to_have_text("1 personne trouvée")
    page.get_by_role("searchbox", name="Rechercher une personne").fill("personne-de-ce-nom")
    expect(said).to_have_text("Aucun résultat")


def test_what_a_page_says_as_it_comes_is_said_again_once_it_is_there(page: Page, portfolio: Portfolio) -> None:
    """Kind: a sentence after a redirect, which is in the page before a screen reader listens."""
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/")
    said = page.locator("#annonces")
    expect(said).to_be_empty()
    with page.expect_response(lambda response: response.url.endswith("/connexion/")) as answered:
        page.get_by_role("button", name="Se déconnecter").first.click()
    assert 'id="annonces" role="status"></p>' in answered.value.text()
    expect(said).to_have_text("Vous êtes déconnecté.")


def test_the_focus_goes_to_what_was_asked_for(page: Page, portfolio: Portfolio) -> None:
    """Kind: a button that is gone once it was pressed, and the focus with it."""
    person = portfolio.placements.all()[0].jobseeker
    step_inside(page, ManagerFactory().user)
    page.goto(reverse("person", args=[person.pk]))
    page.get_by_role("button", name="Afficher les coordonnées").press("Enter")
    expect(page.locator("#coordonnees")).to_be_focused()
    expect(page.locator("#coordonnees")).to_contain_text(person.email)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#coordonnees') !== null")


def test_the_adviser_who_reads_them_at_once_is_led_nowhere(page: Page, portfolio: Portfolio) -> None:
    person = portfolio.placements.all()[0].jobseeker
    step_inside(page, portfolio.adviser.user)
    page.goto(reverse("person", args=[person.pk]))
    settle(page)
    expect(page.locator("#coordonnees")).to_contain_text(person.email)
    expect(page.locator("#coordonnees")).not_to_be_focused()


def test_what_is_done_to_one_appointment_says_to_which(page: Page, portfolio: Portfolio) -> None:
    """Kind: the same word again and again in a list, which read alone says nothing."""
    person = portfolio.placements.all()[0].jobseeker
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    for day in range(2):
        InterviewFactory(jobseeker=person, adviser=portfolio.adviser, starts_at=start + timedelta(days=day))
    step_inside(page, person.user)
    page.goto(reverse("my_interviews"))
    for word in ("Déplacer", "Annuler"):
        names = page.get_by_role("link", name=word).evaluate_all("all => all.map((one) => one.textContent)")
        assert len(names) == len(set(names)) == 2
