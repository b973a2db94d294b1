"""Use by keyboard and screen reader.

Each test names a kind of fault: a bar over the focus, a target too small to hit, a choice shown only by a colour, a
change that is not announced.
"""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.models import Jobseeker, User
from caseload.models import CaseSummary, Portfolio
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track
from tests.e2e.browser import check_axe, focused, forgive, log_out_button, settle, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import FIRST_NAME, LAST_NAME
from tests.e2e.for_everybody import SPACING, faults_of, repeats_of
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
WORDS_OF_THE_MENU = """() => {
  const walker = document.createTreeWalker(document.getElementById("menu"), NodeFilter.SHOW_TEXT);
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
    """The control: a page with a bar over one link, and two small links close together."""
    page.set_content(UNDER_A_BAR)
    found = list(walk(page, "Tab", 4))
    assert len(found) == 1
    assert "Dessous" in found[0]
    assert "lies under p" in found[0]
    assert len(too_small(page)) == 2


FAULTY = """
<!doctype html><html lang="en"><style>
  @keyframes turns { to { rotate: 1turn } }
  h2 { animation: turns 1s infinite }
  main > div { height: 20px; overflow: hidden }
  footer { position: fixed; inset: 80px 0 0; background: white }
</style><body><main>
  <iframe></iframe><img><svg></svg><center></center><ul></ul><p class="fr-h4">Titre</p><h2>Deux</h2>
  <time datetime="2026-11-30T10:00:00.123456+01:00">lundi</time>
  <table><thead><tr><th>A</th></tr><tr><th>B</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>
  <table><caption>T</caption><tr><td headers="none">2</td></tr></table>
  <nav><a href="#a" aria-current="page">Un</a><a href="#b">Deux</a></nav>
  <form><input type="email"></form>
  <p><a href="#c">Lire</a> <a href="#d">Lire</a> <a href="#c">Lire</a></p>
  <button>Annuler</button><button>Annuler</button>
  <details><summary>Plus</summary></details><details><summary>Plus</summary></details>
  <div>Une phrase qui prend plusieurs lignes dans une fenêtre de trois cent vingt pixels, et que sa boîte coupe.</div>
</main><footer></footer></body></html>
"""
KINDS = (
    "an element that no page has",
    "an element for looks only",
    "a paragraph that looks like a heading",
    "an empty list",
    "a fraction of a second",
    "a picture without a text",
    "a drawing that is neither named nor hidden",
    "a table without a header",
    "a table without a title",
    "a cell under two rows of titles",
    "a title that no cell of its table has",
    "a personal field that a browser cannot fill",
    "not one main heading",
    "no language",
    "something moves",
    "nothing but a colour marks",
    "bars cover",
    "a text is cut",
)


def test_the_walk_for_everybody_finds_each_kind(page: Page) -> None:
    """The control of what `test_every_page` looks for: a page with each fault."""
    page.set_content(FAULTY)
    found = "\n".join(faults_of(page))
    assert [kind for kind in KINDS if kind not in found] == []
    assert len(list(repeats_of(page))) == 3


FEW_PRESSES = 12


def presses_to(page: Page, key: str, words: str) -> int:
    """Press a key until what has the focus reads so, and return how often that was."""
    for count in range(1, FEW_PRESSES + 2):
        page.keyboard.press(key)
        if focused(page) == words:
            return count
    return FEW_PRESSES + 1


def test_the_actions_in_common_are_one_key_away_and_back(page: Page, portfolio: Portfolio) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/")
    second = page.locator("input[name=personne][type=checkbox]").nth(1)
    # Nobody is ticked, so there is no action to go to, and the form is not sent.
    second.press("Enter")
    expect(second).to_be_focused()
    second.press("Space")
    page.keyboard.press("Enter")
    assert focused(page) == "Écrire"
    page.keyboard.press("Escape")
    expect(second).to_be_focused()
    # Without that key too: back from the first of the people, and on from the top of the page.
    page.locator("input[name=personne][type=checkbox]").first.focus()
    assert presses_to(page, "Shift+Tab", "Écrire") <= FEW_PRESSES
    page.locator("#contenu").focus()
    assert presses_to(page, "Tab", "Écrire") <= FEW_PRESSES
    # The keys are told on the page, beside what one does with the list.
    page.get_by_role("button", name="Tout désélectionner").click()
    page.get_by_text("Raccourcis", exact=True).click()
    expect(page.get_by_text("aller aux actions en commun")).to_be_visible()
    page.get_by_text("Raccourcis", exact=True).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("aller aux actions en commun")).to_be_visible()
    page.keyboard.press("Escape")
    second.press("Space")
    # The actions come before the list, so that Tab reaches them first from the top.
    page.get_by_role("button", name="Tout désélectionner").focus()
    page.keyboard.press("Tab")
    assert focused(page) == "Besoin"


def test_the_part_of_a_file_that_is_shown_says_so(new_page: NewPage, portfolio: Portfolio) -> None:
    """Kind: a current part that not everybody perceives.

    A screen reader hears its state, and an edge shows it, in forced colours too.
    """
    person = portfolio.placements.all()[0].jobseeker
    page = new_page(width=390, height=844, forced_colors="active")
    step_inside(page, portfolio.adviser.user)
    page.goto(reverse("person", args=[person.pk]))
    for part in ("Résumé", "Fil"):
        tabs = page.get_by_role("tablist", name="Parties du dossier")
        tabs.get_by_role("tab", name=part).click()
        expect(tabs.get_by_role("tab", selected=True)).to_have_text(part)
        edges = tabs.get_by_role("tab").evaluate_all(
            "all => all.map((one) => [one.textContent, getComputedStyle(one).borderBottomWidth])"
        )
        assert [name for name, edge in edges if edge != "0px"] == [part]


def test_a_chosen_filter_has_a_tick_and_an_edge_of_its_own(new_page: NewPage, portfolio: Portfolio) -> None:
    """Kind: a choice shown only by its background colour."""
    page = new_page(forced_colors="active")
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/?besoin=reponse")
    edge = "one => getComputedStyle(one).borderTopWidth"
    chosen = page.locator("main .fr-tag[aria-current]").first
    assert chosen.evaluate(edge) == "3px"
    assert "check" in chosen.evaluate("one => getComputedStyle(one, '::before').maskImage")
    # The control: what takes a filter away is not chosen.
    assert page.get_by_role("link", name="Enlever le filtre").evaluate(edge) == "1px"


def test_the_menu_of_a_telephone_cuts_no_word_whatever_the_spacing(new_page: NewPage, portfolio: Portfolio) -> None:
    """With a short and with a very long name, in normal and in wide spacing."""
    user = portfolio.adviser.user
    page = new_page(width=320, height=800, bypass_csp=True)
    step_inside(page, user)
    for first, last in (("Hélène", "Marchetti"), (FIRST_NAME, LAST_NAME)):
        User.objects.filter(pk=user.pk).update(first_name=first, last_name=last)
        page.goto("/portefeuille/")
        log_out = log_out_button(page)
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
    """Kind: a change of the page that is not announced. The live region exists before, and is empty."""
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
    """Kind: a message after a redirect, which is in the page before a screen reader listens."""
    step_inside(page, portfolio.adviser.user)
    page.goto("/portefeuille/")
    said = page.locator("#annonces")
    expect(said).to_be_empty()
    with page.expect_response(lambda response: response.url.endswith("/connexion/")) as answered:
        log_out_button(page).click()
    assert 'id="annonces" role="status"></p>' in answered.value.text()
    expect(said).to_have_text("Vous êtes déconnecté.")


def test_the_focus_goes_to_what_was_asked_for(page: Page, portfolio: Portfolio) -> None:
    """Kind: a button that disappears when it is pressed, together with the focus."""
    person = portfolio.placements.all()[0].jobseeker
    step_inside(page, ManagerFactory().user)
    page.goto(reverse("person", args=[person.pk]))
    page.get_by_role("button", name="Afficher les coordonnées").press("Enter")
    expect(page.locator("#coordonnees")).to_be_focused()
    expect(page.locator("#coordonnees")).to_contain_text(person.email)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#coordonnees') !== null")


def test_the_focus_goes_on_where_an_answer_replaces_its_form(page: Page, portfolio: Portfolio) -> None:
    """Kind: an answer that takes the focus along with the form that asked for it."""
    person = portfolio.placements.all()[0].jobseeker
    Jobseeker.objects.filter(pk=person.pk).update(phone="")
    interview = InterviewFactory(jobseeker=person)
    step_inside(page, person.user)
    page.goto(reverse("room", args=[interview.token]))
    page.get_by_role("button", name="Continuer par téléphone").press("Enter")
    number = page.get_by_role("textbox", name="Nous n'avons pas votre numéro")
    send = page.get_by_role("button", name="Envoyer mon numéro")
    forgive(page, "422")
    number.fill("12")
    send.press("Enter")
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_be_focused()
    number.fill("06 12 34 56 78")
    send.press("Enter")
    expect(page.get_by_role("status").filter(has_text="06 12 34 56 78")).to_be_focused()


def test_a_part_that_asks_again_by_itself_waits_while_somebody_is_in_it(page: Page, portfolio: Portfolio) -> None:
    """Kind: a part that is replaced under one's hands, each minute or each second."""
    interview = InterviewFactory(jobseeker=portfolio.placements.all()[0].jobseeker)
    step_inside(page, portfolio.adviser.user)
    page.goto("/absences/")
    band = page.get_by_role("region", name="Entretien qui approche")
    join = band.get_by_role("link", name=re.compile("^Rejoindre"))
    join.focus()
    Jobseeker.objects.filter(pk=interview.jobseeker_id).update(last_name="Nouveau-Nom")
    ask_again = "band => htmx.ajax('GET', band.getAttribute('hx-get'), { source: band, target: band })"
    band.evaluate(ask_again)
    expect(band).not_to_contain_text("Nouveau-Nom")
    expect(join).to_be_focused()
    # The control: once nobody is in it, it follows.
    page.get_by_role("link", name="Déclarer une absence").focus()
    band.evaluate(ask_again)
    expect(band).to_contain_text("Nouveau-Nom")


def test_the_adviser_who_reads_them_at_once_is_led_nowhere(page: Page, portfolio: Portfolio) -> None:
    person = portfolio.placements.all()[0].jobseeker
    step_inside(page, portfolio.adviser.user)
    page.goto(reverse("person", args=[person.pk]))
    settle(page)
    expect(page.locator("#coordonnees")).to_contain_text(person.email)
    expect(page.locator("#coordonnees")).not_to_be_focused()


def test_what_is_done_to_one_appointment_says_to_which(page: Page, portfolio: Portfolio) -> None:
    """Kind: links with the same text in a list, which mean nothing when read alone."""
    person = portfolio.placements.all()[0].jobseeker
    start = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    for day in range(2):
        InterviewFactory(jobseeker=person, adviser=portfolio.adviser, starts_at=start + timedelta(days=day))
    step_inside(page, person.user)
    page.goto(reverse("my_interviews"))
    for word in ("Déplacer", "Annuler"):
        names = page.get_by_role("link", name=word).evaluate_all("all => all.map((one) => one.textContent)")
        assert len(names) == len(set(names)) == 2


def test_who_stays_long_is_warned_and_stays_longer(page: Page, portfolio: Portfolio) -> None:
    """Kind: a time limit that ends without a warning (RGAA 13.1)."""
    step_inside(page, portfolio.adviser.user)
    sessions = Session.objects.filter(expire_date__gt=timezone.now())
    page.goto("/accessibilite/")
    expect(page.locator(".frame-session")).to_have_count(0)
    sessions.update(expire_date=timezone.now() + timedelta(minutes=9, seconds=30))
    page.goto("/accessibilite/")
    expect(page.locator("#toasts")).to_contain_text("Votre session se termine dans 9 minutes.")
    check_axe(page)
    stay = page.get_by_role("button", name="Prolonger ma session")
    stay.press("Enter")
    told = page.get_by_text("Votre session continue.")
    expect(told).to_be_focused()
    assert sessions.get().expire_date > timezone.now() + timedelta(hours=11)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(told).to_have_count(0)
    expect(page.locator("#contenu")).to_be_focused()
