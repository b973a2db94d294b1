"""The frame of every page: one row with what waits, a search from everywhere, and a bar on a jobseeker's telephone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from accompaniment.enums import EnrolmentState
from accompaniment.models import Enrolment, User
from accompaniment.services.on_site_requests import ask_on_site
from messaging.models import CallbackRequest
from messaging.services.callbacks import close_callback
from tests.caseload.factories import CoverFactory, ManagerFactory, PortfolioFactory, on_web_track, volunteer
from tests.e2e.browser import NARROWEST, check_axe, check_fits, forgive, look, not_run, settle, step_inside, wait_until
from tests.e2e.chat import aside
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import FIRST_NAME, LAST_NAME
from tests.e2e.walk import walk
from tests.messaging.factories import ask, pair, say
from tests.visio.factories import InterviewFactory

pytestmark = pytest.mark.e2e

HEADER = 60
BAND = 40
"""The most pixels that the frame takes from a page of 800."""


def long_name(user: User) -> None:
    User.objects.filter(pk=user.pk).update(first_name=FIRST_NAME, last_name=LAST_NAME)


def height_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["height"]


DESKS = (992, 1024, 1100, 1200, 1280)
"""Windows with the navigation in the header. The first is the narrowest, or a page that is enlarged on a laptop."""


def expect_one_row(page: Page) -> None:
    """Expect the header in one row of each window, with three figures in each count, and nothing of it cut off."""
    page.evaluate("for (const count of document.querySelectorAll('.frame-nav .frame-count')) count.textContent = '128'")
    for width in DESKS:
        page.set_viewport_size({"width": width, "height": 800})
        assert height_of(page, ".frame-header") <= HEADER, width
        expect(page.get_by_role("button", name="Mon compte")).to_be_in_viewport(ratio=1)
        check_fits(page)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    assert height_of(page, ".frame-header") <= HEADER
    check_fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_header_and_band_of_the_staff_take_a_row_each_whatever_waits_and_whatever_the_names(
    new_page: NewPage, settings: Any
) -> None:
    """With everything in it at once: the tag of the demonstration, every count, a relay and very long names.

    A jobseeker's header has the same row.
    """
    settings.DEMONSTRATION = True
    one = pair(PortfolioFactory(), first_name=FIRST_NAME, last_name=LAST_NAME)
    say(one.conversation, one.person)
    ask(one.jobseeker)
    ask_on_site(actor=one.person, jobseeker=one.jobseeker, comment="")
    for _ in range(12):
        volunteer(one.portfolio)
    cover = CoverFactory(portfolio=PortfolioFactory(agency=one.portfolio.agency), colleague=one.portfolio.adviser)
    InterviewFactory(
        jobseeker=one.jobseeker, adviser=one.portfolio.adviser, starts_at=timezone.now() + timedelta(minutes=5)
    )
    manager = ManagerFactory().user
    for user in (one.adviser, manager, cover.portfolio.adviser.user):
        long_name(user)
    page = new_page()
    step_inside(page, one.adviser)
    page.goto("/absences/")
    settle(page)
    assert height_of(page, ".frame-header") <= HEADER
    band = page.get_by_role("region", name="Entretien qui approche")
    expect(band.get_by_role("link", name="Rejoindre")).to_be_in_viewport(ratio=1)
    assert height_of(page, ".frame-band__ground") == BAND
    check_fits(page)
    menu = page.get_by_role("navigation", name="Menu principal")
    for said in ("12 demandes attendent", "1 conversation attend", "1 rappel attend"):
        expect(menu.get_by_role("link", name=said)).to_be_in_viewport(ratio=1)
    expect(menu.locator("[aria-current=true]")).to_have_text(re.compile("^Agenda"))
    page.get_by_role("button", name="Relais").click()
    expect(page.locator("#relais")).to_contain_text(LAST_NAME)
    look(page)
    expect_one_row(page)

    step_inside(page, manager)
    page.goto(reverse("transfers"))
    settle(page)
    assert height_of(page, ".frame-header") <= HEADER
    expect(menu.locator("[aria-current=true]")).to_have_text(re.compile("^Portefeuilles"))
    expect_one_row(page)

    step_inside(page, one.person)
    page.goto(reverse("own_data"))
    settle(page)
    expect_one_row(page)


def minute_passes(page: Page) -> None:
    """Let the page ask for its band again, as it does each minute."""
    with page.expect_response(lambda answer: reverse("interview_band") in answer.url):
        page.evaluate("document.querySelector('[data-band]').dispatchEvent(new Event('refresh'))")


def test_counts_follow_what_waits_without_a_request_of_their_own_and_in_silence(new_page: NewPage) -> None:
    """Kind: counts of the hour at which the page was opened, and a live region that says what nobody asked for."""
    one = pair()
    InterviewFactory(
        jobseeker=one.jobseeker, adviser=one.portfolio.adviser, starts_at=timezone.now() + timedelta(minutes=5)
    )
    staff, person = new_page(), new_page(width=390, height=844)
    step_inside(staff, one.adviser)
    staff.goto(reverse("callbacks"))
    step_inside(person, one.person)
    person.goto(reverse("own_data"))
    for page in (staff, person):
        settle(page)
        expect(page.get_by_role("region", name="Entretien qui approche")).to_contain_text("Rejoindre")
        expect(page.locator(".frame-count")).to_have_count(0)
        # Whatever a live region would say is kept.
        page.evaluate(
            """() => { window.said = []; new MutationObserver((changes) => window.said.push(...changes)).observe(
              document.querySelector("[data-band]"), { childList: true, subtree: true, characterData: true }) }"""
        )
    aside(lambda: ask(one.jobseeker))
    aside(lambda: say(one.conversation, one.adviser))
    aside(lambda: say(one.conversation, one.adviser))
    for page in (staff, person):
        minute_passes(page)
    menu = staff.get_by_role("navigation", name="Menu principal")
    expect(menu.get_by_role("link", name="1 rappel attend")).to_be_visible()
    expect(staff).to_have_title(re.compile(r"^\(1\) Rappels"))
    bar = person.get_by_role("navigation", name="Accès direct")
    expect(bar.get_by_role("link", name="2 messages non lus")).to_be_visible()
    expect(person).to_have_title(re.compile(r"^\(2\) Mes données"))
    aside(lambda: close_callback(actor=one.adviser, request=CallbackRequest.objects.get(), outcome="Fait."))
    minute_passes(staff)
    expect(menu.locator(".frame-count")).to_have_count(0)
    expect(staff).to_have_title(re.compile("^Rappels"))
    assert [page.evaluate("window.said.length") for page in (staff, person)] == [0, 0]
    check_fits(staff)


def test_a_manager_sees_who_waits_for_an_adviser_by_now(new_page: NewPage) -> None:
    """Kind: counts that follow on the pages of one role, and stand still on those of another."""
    portfolio = PortfolioFactory()
    volunteers = Enrolment.objects.filter(pk=volunteer(portfolio).pk)
    page = new_page()
    step_inside(page, ManagerFactory(regions=[portfolio.agency.region]).user)
    page.goto(reverse("steering"))
    settle(page)
    menu = page.get_by_role("navigation", name="Menu principal")
    expect(menu.locator(".frame-count")).to_have_count(0)
    expect(page.get_by_role("region", name="Entretien qui approche")).to_have_count(0)
    refused = {"closed_at": timezone.now(), "closed_by": portfolio.adviser.user, "refusal_reason": "other"}
    aside(lambda: volunteers.update(state=EnrolmentState.REFUSED, **refused))
    minute_passes(page)
    expect(menu.get_by_role("link", name="1 personne attend un conseiller")).to_be_visible()
    aside(lambda: volunteers.update(state=EnrolmentState.ASKED, closed_at=None, closed_by=None, refusal_reason=""))
    minute_passes(page)
    expect(menu.locator(".frame-count")).to_have_count(0)
    check_fits(page)


def test_a_person_is_found_from_anywhere_by_the_keyboard_alone(new_page: NewPage) -> None:
    portfolio = PortfolioFactory()
    people = [on_web_track(portfolio, first_name=name, last_name="Lefèvre") for name in ("Anna", "Zoé")]
    page = new_page()
    step_inside(page, portfolio.adviser.user)
    page.goto("/absences/")
    field = page.get_by_role("combobox", name="Trouver une personne")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("lefevvre")
    said, options = page.locator("#recherche-dite"), page.get_by_role("option")
    expect(said).to_have_text("2 personnes trouvées")
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", f"trouve-{people[1].pk}")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    check_axe(page)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_be_focused()
    expect(field).to_have_value("lefevvre")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{reverse('person', args=[people[1].pk])}$"))
    settle(page)
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("personne-de-ce-nom")
    expect(said).to_have_text("Aucun résultat")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Trouver une personne")
    expect(page.get_by_role("main")).to_contain_text("Aucun résultat")
    # Enter opens the only one, also before an answer is there.
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type(people[0].identifier)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{reverse('person', args=[people[0].pk])}$"))


def test_the_shortcuts_are_listed_and_those_of_one_key_can_be_switched_off_on_a_telephone(new_page: NewPage) -> None:
    """Kind: a switch that is out of sight where its keys are on (WCAG 2.1.4)."""
    portfolio = PortfolioFactory()
    page = new_page(width=320, height=800)
    step_inside(page, portfolio.adviser.user)
    page.goto("/absences/")
    listed = page.get_by_role("dialog", name="Raccourcis clavier")
    page.keyboard.press("?")
    expect(listed).to_contain_text("Trouver une personne")
    expect(listed.get_by_role("button", name="Fermer")).to_be_focused()
    check_axe(page)
    check_fits(page)
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    page.get_by_role("button", name="Raccourcis clavier").press("Enter")
    listed.get_by_role("checkbox", name="Raccourcis d'une seule touche").press("Space")
    page.keyboard.press("Escape")
    page.reload()
    for key in ("?", "/"):
        page.keyboard.press(key)
    expect(listed).to_be_hidden()
    expect(page.get_by_role("combobox", name="Trouver une personne")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Trouver une personne")).to_be_focused()


def test_a_script_comes_when_its_part_of_the_page_is_used(new_page: NewPage) -> None:
    """Kind: a script that each first visit on a telephone would load, and few use."""
    portfolio = PortfolioFactory()
    page = new_page(width=390, height=844)
    loaded: set[str] = set()
    page.on("request", lambda asked: loaded.add(asked.url.rpartition("/")[2]))
    step_inside(page, portfolio.adviser.user)
    page.goto("/ma-journee/")
    settle(page)
    late = {"search.js", "shortcuts.js", "form_errors.js", "keep.js", "plan.js"}
    assert not late & loaded
    assert "day.js" in loaded
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("combobox", name="Trouver une personne").press_sequentially(portfolio.adviser.user.last_name)
    expect(page.get_by_role("status").filter(has_text="Aucun résultat")).to_be_visible()
    assert late & loaded == {"search.js"}
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Raccourcis clavier").click()
    expect(page.get_by_role("dialog").get_by_text("Raccourcis d'une seule touche")).to_be_visible()
    assert late & loaded == {"search.js", "shortcuts.js"}
    # What was kept on another page goes when its time has come, whatever page is open.
    page.evaluate("localStorage.setItem('kept:1:/:old', JSON.stringify({ values: [], at: 0 }))")
    page.reload()
    wait_until(page, "localStorage.getItem('kept:1:/:old') === null")


def test_a_script_that_the_network_drops_comes_with_the_next_try(new_page: NewPage, server: object) -> None:
    """Kind: a part of the page that is dead until the page is loaded again, because its script was lost on the way.

    An error that nobody handles fails each browser test.
    """
    one = pair(last_name="Lefebvre")
    say(one.conversation, one.adviser)
    dropped: list[str] = []

    def drop_the_first(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if "?" in name:
            route.continue_()
        else:
            dropped.append(name)
            route.abort("connectionreset")

    def opened(user: User) -> Page:
        page = new_page()
        forgive(page, "ERR_CONNECTION_RESET")
        for script in ("frame/counts", "frame/search", "messaging/attachments"):
            page.route(f"**/{script}*.js*", drop_the_first)
        step_inside(page, user)
        page.goto(f"/messagerie/{one.conversation.pk}/")
        return page

    person = opened(one.person)
    expect(person.locator("[data-count-of=conversations]").first).to_have_text("")
    person.locator("input[type=file]").set_input_files(
        {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-"}
    )
    expect(person.get_by_role("button", name="Retirer a.pdf")).to_be_visible()
    adviser = opened(one.adviser)
    adviser.get_by_role("combobox", name="Trouver une personne").fill("Lefebvre")
    expect(adviser.get_by_role("option")).to_have_count(1)
    assert sorted(dropped) == ["attachments.js", "counts.js", "search.js"]


def test_the_design_system_runs_its_parts_of_a_page_and_what_it_does_not_run_is_found(page: Page) -> None:
    """Kind: a part that does nothing, because the page does not load the script that runs it.

    Every look at a page asks the same (`tests/e2e/browser.py`). The control is a part that `frame.js` does not name.
    """
    one = pair()
    step_inside(page, one.person)
    page.goto(reverse("own_data"))
    settle(page)
    assert page.locator(".fr-table").count() > 0
    assert not_run(page) == []
    page.evaluate("document.querySelector('.fr-table').removeAttribute('data-fr-js-table')")
    assert not_run(page) == ["table"]
    page.goto(reverse("space"))
    settle(page)
    assert not_run(page) == []
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<div class=\"fr-tabs\"></div>')")
    assert not_run(page) == ["tabs"]


def test_a_jobseeker_has_a_bar_at_the_bottom_of_a_telephone_that_covers_nothing(new_page: NewPage) -> None:
    one = pair()
    for _ in range(2):
        say(one.conversation, one.adviser)
    page = new_page(width=390, height=844)
    step_inside(page, one.person)
    page.goto("/mes-donnees/")
    settle(page)
    expect(page).to_have_title(re.compile(r"^\(2\) "))
    bar = page.get_by_role("navigation", name="Accès direct")
    expect(bar.get_by_role("link")).to_have_text(
        [re.compile(name) for name in ("^Espace", "^Messages2", "^Rendez-vous")]
    )
    expect(bar.get_by_role("link", name="2 messages non lus")).to_be_in_viewport(ratio=1)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("contentinfo").get_by_text("Version ")).to_be_in_viewport(ratio=1)
    assert list(walk(page, "Shift+Tab", 8)) == []
    bar.get_by_role("button", name="Plus").click()
    menu = page.locator("#menu")
    for name in ("Mes données", "Rendez-vous en agence", "Quitter le 100 % web", "Numéro de téléphone"):
        expect(menu.get_by_role("link", name=name)).to_be_visible()
    expect(menu.get_by_role("button", name="Se déconnecter")).to_be_visible()
    check_axe(page)
    page.keyboard.press("Escape")
    expect(bar.get_by_role("button", name="Plus")).to_be_focused()
    # Enlarged four times, what stays in sight would leave no room for the page.
    page.set_viewport_size({"width": 320, "height": 256})
    assert bar.evaluate("one => getComputedStyle(one).position") == "static"
    check_fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(bar).to_be_hidden()
