"""The portfolio list of 250 people in a real browser: search, selection by keyboard, and the way back to the list."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.enums import Modality
from caseload.enums import PlacementEnd
from caseload.models import Adviser, CaseSummary, Portfolio
from caseload.services.moves.placements import end_placement
from messaging.models import Message
from tests.benchmarks.crowd import crowd
from tests.caseload.factories import CoverFactory, PortfolioFactory, on_web_track
from tests.e2e.browser import WIDTHS, check_axe, check_fits, look, step_inside, tick, toasts, wait_until
from tests.e2e.demonstration_pages import FIRST_NAME

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]
PEOPLE = 250
ROWS = "tbody tr:not([hidden])"
"""The page holds the rows that a search leaves out, hidden, so that a wider search shows them at once."""


@pytest.fixture
def crowded(server: object) -> Adviser:
    """An adviser with a full portfolio of 250 people."""
    crowd(PEOPLE, in_portfolio=PEOPLE)
    return Portfolio.objects.select_related("adviser__user").get(occupied=PEOPLE).adviser


@pytest.fixture
def few(server: object) -> Portfolio:
    """An adviser with six people, and one more in cover, in the order of their need."""
    portfolio = PortfolioFactory()
    now = timezone.now()
    for number, name in enumerate(("Dupont", "Ébrard", "Lemaître", "Nguyen", "Petit", "Roy")):
        person = on_web_track(portfolio, last_name=name)
        CaseSummary.objects.update_or_create(
            jobseeker=person, defaults={"awaiting_reply_since": now - timedelta(hours=90 - number)}
        )
    cover = CoverFactory(colleague=portfolio.adviser, portfolio=PortfolioFactory(agency=portfolio.agency))
    on_web_track(cover.portfolio, last_name="Relais")
    return portfolio


def open_list(page: Page, adviser: Adviser, query: str = "") -> None:
    step_inside(page, adviser.user)
    page.goto(f"/portefeuille/{query}")


def boxes(page: Page) -> list[str]:
    return page.locator("input[name=personne][type=checkbox]:checked").evaluate_all(
        "all => all.map(box => box.getAttribute('aria-label'))"
    )


def test_250_people_fit_and_axe_finds_nothing(page: Page, crowded: Adviser) -> None:
    open_list(page, crowded)
    expect(page.locator(ROWS)).to_have_count(PEOPLE)
    page.get_by_label("Sélectionner", exact=False).nth(1).press("Space")
    look(page)
    page.mouse.wheel(0, 4000)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        # The heading of the table stays in sight; on a telephone each person is one line.
        if width == 1280:
            expect(page.get_by_role("columnheader", name="Besoin")).to_be_in_viewport()
        else:
            expect(page.locator("thead a").first).to_be_hidden()
        assert page.locator(ROWS).evaluate_all("all => Math.max(...all.map((row) => row.offsetHeight))") <= 48
        expect(page.get_by_text("1 personne sélectionnée")).to_be_in_viewport()


CLEARED = """(field) => {
  field.value = "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return document.querySelectorAll("tbody tr:not([hidden])").length;
}"""


def test_a_letter_draws_a_window_of_rows_and_all_others_count_at_once(page: Page, crowded: Adviser) -> None:
    """Kind: a row that is not drawn yet, and is therefore not selected, or cannot be reached."""
    open_list(page, crowded)
    field = page.get_by_label("Rechercher un nom ou un identifiant")
    field.press_sequentially("wxyz")
    expect(page.locator(ROWS)).to_have_count(0)
    expect(page.get_by_text("Personne ne correspond")).to_be_visible()
    page.clock.install()  # no picture is drawn meanwhile
    assert field.evaluate(CLEARED) < PEOPLE / 2
    page.get_by_label("Tout sélectionner").evaluate("box => box.click()")
    assert page.locator("[data-count]").inner_text() == f"{PEOPLE} personnes sélectionnées"
    last = page.locator("tbody tr").last
    last.locator("input").evaluate("box => box.scrollIntoView()")
    page.clock.resume()
    expect(page.locator(ROWS)).to_have_count(PEOPLE)
    expect(last.locator("input")).to_be_checked()


DRAWN_ANEW = """() => {
  const body = document.querySelector("tbody");
  body.style.display = "none";
  void body.offsetHeight;
  body.style.display = "";
  return [0, 15, 16, 27, 28, 249].map((place) => getComputedStyle(body.rows[place]).contentVisibility);
}"""
ALL_MAY_BE_DRAWN = """[...document.querySelector("tbody").rows]
  .every((row) => getComputedStyle(row).contentVisibility === "auto")"""


def test_the_rows_of_a_window_are_drawn_first_and_all_others_at_once_after_them(page: Page, crowded: Adviser) -> None:
    """Kind: one task that draws more than anybody sees. Whoever wants no movement has all rows at once."""
    open_list(page, crowded)
    high = page.evaluate("document.documentElement.scrollHeight")
    assert page.evaluate(DRAWN_ANEW) == ["auto", "auto", "hidden", "hidden", "hidden", "hidden"]
    wait_until(page, ALL_MAY_BE_DRAWN)
    assert page.evaluate("document.documentElement.scrollHeight") == high
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(DRAWN_ANEW) == ["auto"] * 6


CUT_OFF = """row => [...row.querySelectorAll("summary, .desk-need, .case-none")]
  .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)
  .map((one) => one.textContent.trim())"""


def test_on_a_telephone_a_person_is_one_line_that_opens_with_one_act(new_page: NewPage, few: Portfolio) -> None:
    page = new_page(width=390, height=844)
    open_list(page, few.adviser, "?tri=nom&suivi=moi")
    second = page.locator(ROWS).nth(1)
    line, act = second.locator("summary").first, second.get_by_role("link", name="Ouvrir la fiche\u00a0: Ébrard Alix")
    expect(line).to_have_text("Ébrard Alix")
    expect(act).to_be_hidden()
    expect(second.get_by_text("Prochain entretien")).to_be_hidden()
    page.locator("tbody summary").first.press("ArrowDown")
    expect(line).to_be_focused()
    page.keyboard.press("Enter")
    expect(act).to_be_visible()
    expect(second.get_by_text(few.placements.all()[1].jobseeker.identifier)).to_be_visible()
    # Anywhere on the line a press closes it again.
    second.locator(".case-need").click(position={"x": 8, "y": 8}, force=True)
    expect(act).to_be_hidden()
    line.click()
    act.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alix Ébrard")
    page.go_back()
    expect(act).to_be_focused()
    # Enlarged four times, a closed line cuts off neither the name nor the need.
    line.press("Enter")
    expect(act).to_be_hidden()
    long_name = FIRST_NAME.replace("-", " ")
    line.evaluate("(one, name) => one.textContent = name", long_name)
    assert long_name in second.evaluate(CUT_OFF)
    page.set_viewport_size({"width": 320, "height": 256})
    assert second.evaluate(CUT_OFF) == []
    check_fits(page)


def test_the_search_forgives_as_one_types(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser)
    rows, field = page.locator(ROWS), page.get_by_label("Rechercher un nom ou un identifiant")
    expect(rows).to_have_count(7)
    field.press_sequentially("dupond", delay=20)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Dupont")
    expect(rows).to_contain_text("orthographe proche")
    expect(field).to_be_focused()
    expect(page.locator("#personnes-annonce")).to_have_text("1 personne sur 7, dont 1 à l'orthographe proche")
    expect(page).to_have_url(re.compile(r"/portefeuille/\?q=dupond$"))
    # The live region stays the same element, and only its words change.
    page.locator("#personnes-annonce").evaluate("region => { region.dataset.same = ''; }")
    field.fill("lemaitre")
    expect(rows).to_contain_text("Lemaître")
    expect(page.locator("#personnes-annonce[data-same]")).to_have_text("1 personne sur 7")
    page.get_by_role("link", name="Enlever le filtre").click()
    expect(rows).to_have_count(7)


def test_without_scripts_the_search_and_the_filters_are_a_form(new_page: NewPage, few: Portfolio) -> None:
    page = new_page(java_script_enabled=False)
    open_list(page, few.adviser)
    page.get_by_label("Rechercher un nom ou un identifiant").fill("Lemaitre")
    page.get_by_text("Filtrer", exact=True).click()
    page.get_by_label("Suivi", exact=True).select_option("moi")
    page.get_by_role("button", name="Appliquer").click()
    expect(page.locator(ROWS)).to_have_count(1)
    tick(page.get_by_label("Sélectionner Lemaître"))
    page.get_by_role("button", name="Écrire").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Écrire à plusieurs personnes")
    page.get_by_role("link", name="Portefeuille", exact=True).last.click()
    expect(page.get_by_label("Sélectionner Lemaître")).to_be_checked()


def test_space_ticks_and_shift_extends_by_keyboard_and_mouse(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser, "?suivi=moi")
    bar = page.locator("[data-actions]")
    expect(bar).to_be_hidden()
    first = page.get_by_label("Sélectionner Dupont")
    first.focus()
    page.keyboard.press("Space")
    expect(bar).to_contain_text("1 personne sélectionnée")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_label("Sélectionner Lemaître")).to_be_focused()
    expect(bar).to_contain_text("3 personnes sélectionnées")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(bar).to_contain_text("5 personnes sélectionnées")
    page.get_by_role("button", name="Tout désélectionner").click()
    expect(bar).to_be_hidden()
    page.get_by_label("Sélectionner Ébrard").click()
    page.get_by_label("Sélectionner Petit").click(modifiers=["Shift"])
    assert [label.split()[1] for label in boxes(page)] == ["Ébrard", "Lemaître", "Nguyen", "Petit"]
    tick(page.get_by_label("Tout sélectionner"))
    expect(bar).to_contain_text("6 personnes sélectionnées")


def test_opening_a_person_and_coming_back_keeps_place_filter_and_selection(page: Page, crowded: Adviser) -> None:
    open_list(page, crowded, "?tri=nom&sans_contact=5")
    shown = page.locator(ROWS)
    count = shown.count()
    assert 100 < count < PEOPLE
    shown.nth(2).get_by_role("checkbox").press("Space")
    opened = shown.nth(90).get_by_role("link").first
    name = opened.locator("bdi").text_content()
    opened.scroll_into_view_if_needed()
    top = page.evaluate("window.scrollY")
    assert top > 1000
    opened.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    expect(shown).to_have_count(count)
    expect(page.get_by_text("1 personne sélectionnée")).to_be_visible()
    expect(page.get_by_role("link", name=name, exact=True).first).to_be_focused()
    wait_until(page, f"Math.abs(window.scrollY - {top}) < 80")
    expect(page).to_have_url(re.compile(r"\?tri=nom&sans_contact=5$"))


def test_a_file_leads_back_to_its_list_and_to_the_next_person(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser, "?suivi=moi&tri=-nom")
    page.get_by_role("link", name="Petit Alix", exact=True).click()
    around = page.get_by_role("navigation", name="Dans le portefeuille")
    around.get_by_role("link", name="Personne suivante").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alix Nguyen")
    around.get_by_role("link", name="Personne précédente").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alix Petit")
    around.get_by_role("link", name="Personne précédente").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alix Roy")
    expect(around.get_by_role("link", name="Personne précédente")).to_be_hidden()
    check_axe(page)
    # A form on the page leads back to the page, and the list is still remembered.
    page.locator("#notes > summary").press("Enter")
    page.get_by_role("textbox", name="Note pour l'équipe").fill("Rappelée.")
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(toasts(page)).to_contain_text("La note est enregistrée.")
    back = around.get_by_role("link", name="Portefeuille")
    expect(back).to_have_attribute("href", re.compile("suivi=moi"))  # the page's script has run
    back.click()
    expect(page).to_have_url(re.compile(r"/portefeuille/\?suivi=moi&tri=-nom$"))
    expect(page.get_by_role("link", name="Roy Alix", exact=True)).to_be_focused()


def test_a_selection_goes_on_through_a_filter_to_one_message_each(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser)
    page.get_by_label("Sélectionner Dupont").press("Space")
    page.get_by_label("Rechercher un nom ou un identifiant").press_sequentially("ebrard", delay=20)
    expect(page.locator(ROWS)).to_have_count(1)
    page.get_by_label("Sélectionner Ébrard").press("Space")
    expect(page.locator("[data-actions]")).to_contain_text(
        "2 personnes sélectionnées, dont 1 hors de la liste affichée"
    )
    page.get_by_role("button", name="Écrire").click()
    page.get_by_label("Votre message").fill("L'atelier est mardi à 9 h.")
    check_axe(page)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Message envoyé à 2 personnes")
    check_axe(page)
    assert Message.objects.count() == 2
    page.goto("/portefeuille/")
    expect(page.locator(ROWS)).to_have_count(7)
    expect(page.locator("[data-actions]")).to_be_hidden()


def test_who_left_the_portfolio_is_no_longer_selected(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser)
    page.get_by_label("Sélectionner Dupont").press("Space")
    page.get_by_label("Sélectionner Petit").press("Space")
    gone = few.placements.get(jobseeker__last_name="Petit").jobseeker
    with transaction.atomic():
        end_placement(actor=None, jobseeker=gone, reason=PlacementEnd.LEFT, at=timezone.now())
    page.reload()
    expect(page.locator(ROWS)).to_have_count(6)
    expect(page.get_by_text("1 personne sélectionnée", exact=True)).to_be_visible()


def test_a_view_is_saved_found_again_and_the_file_downloaded(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser, "?suivi=relais")
    page.get_by_role("link", name="Enregistrer cette vue").click()
    page.get_by_label("Nom de la vue").fill("En relais")
    check_axe(page)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(ROWS)).to_have_count(1)
    page.goto("/portefeuille/")
    page.get_by_text("Mes vues", exact=True).click()
    page.get_by_role("navigation", name="Mes vues").get_by_role("link", name="En relais").click()
    expect(page).to_have_url(re.compile(r"\?suivi=relais$"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger (CSV)").click()
    assert re.fullmatch(r"portefeuille-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)


def test_who_is_unticked_after_coming_back_stays_so(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser, "?suivi=moi")
    for name in ("Dupont", "Petit"):
        page.get_by_label(f"Sélectionner {name}").press("Space")
    page.get_by_role("button", name="Changer le plan").click()
    page.get_by_role("link", name="Portefeuille", exact=True).last.click()
    expect(page.locator("[data-actions]")).to_contain_text("2 personnes sélectionnées")
    page.get_by_label("Sélectionner Petit").press("Space")
    page.reload()
    expect(page.locator("[data-actions]")).to_contain_text("1 personne sélectionnée")
    assert [label.split()[1] for label in boxes(page)] == ["Dupont"]


def test_going_back_to_a_list_after_the_act_ticks_nobody(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser)
    page.get_by_label("Sélectionner Dupont").press("Space")
    page.get_by_role("button", name="Écrire").click()
    page.get_by_label("Votre message").fill("L'atelier est mardi à 9 h.")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Message envoyé à 1 personne")
    wait_until(page, "sessionStorage.getItem('portefeuille-choisis') === null")
    while not page.url.split("?")[0].endswith("/portefeuille/"):
        page.go_back()
    expect(page.locator(ROWS)).to_have_count(7)
    expect(page.locator("[data-actions]")).to_be_hidden()
    assert boxes(page) == []


def test_the_plan_of_several_people_changes_at_once(page: Page, few: Portfolio) -> None:
    open_list(page, few.adviser, "?suivi=moi")
    tick(page.get_by_label("Tout sélectionner"))
    page.get_by_role("button", name="Changer le plan").click()
    page.get_by_role("link", name="Portefeuille", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"/portefeuille/\?suivi=moi$"))
    expect(page.locator("[data-actions]")).to_contain_text("6 personnes sélectionnées")
    page.get_by_role("button", name="Changer le plan").click()
    page.get_by_label("Contact", exact=True).select_option("interview-phone")
    page.get_by_label("Fréquence").select_option("28")
    page.get_by_label("Motif").fill("Le téléphone convient mieux en été.")
    page.get_by_label("À revoir le").fill((timezone.localdate() + timedelta(days=60)).isoformat())
    check_axe(page)
    page.get_by_role("button", name="Changer le plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan de contact changé pour 6 personnes")
    check_axe(page)
    page.get_by_role("link", name="Portefeuille", exact=True).last.click()
    expect(page).to_have_url(re.compile(r"/portefeuille/\?suivi=moi$"))


def test_an_empty_portfolio_says_what_will_appear(page: Page, server: object) -> None:
    open_list(page, PortfolioFactory(modality=Modality.GUIDE).adviser)
    expect(page.get_by_text("Aucune personne dans votre portefeuille pour l'instant.")).to_be_visible()
    check_axe(page)
