"""The page of the day in a browser: it shows what happens elsewhere, but never changes a panel in use."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.on_site_requests import ask_on_site
from accompaniment.services.plan_reviews import ask_plan_change
from accompaniment.services.reference import give_default_hours
from messaging.models import Message
from tests.caseload.factories import on_web_track
from tests.e2e.browser import check_axe, check_fits, forgive, look, step_inside, tick
from tests.e2e.chat import aside
from tests.e2e.conftest import PATIENCE
from tests.messaging.factories import Pair, ask, pair, say
from tests.visio.factories import InterviewFactory, bookable_portfolio, due_obligation

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]


@pytest.fixture
def two(server: object) -> Pair:
    return pair()


def open_day(new_page: NewPage, two: Pair, asked: list[str] | None = None, **options: object) -> Page:
    page = new_page(**options)
    page.on("request", lambda request: ([] if asked is None else asked).append(urlsplit(request.url).path))
    step_inside(page, two.adviser)
    page.goto("/ma-journee/")
    expect(page.locator("[data-panel=waiting]")).to_have_count(0)
    expect(page.locator("[data-desk][data-live]")).to_be_attached()
    # A reload would lose this mark.
    page.evaluate("window.neverReloaded = true")
    return page


def test_the_title_counts_what_the_first_tab_counts(new_page: NewPage, two: Pair) -> None:
    """Kind: one count that is told twice. An interview to be closed stands with the day, and not in the queue."""
    over = timezone.now() - timedelta(days=2)
    aside(lambda: InterviewFactory(jobseeker=two.jobseeker, starts_at=over))
    aside(lambda: ask(two.jobseeker))
    asked: list[str] = []
    day = open_day(new_page, two, asked)
    expect(day.locator("#panneau-aujourdhui-titre")).to_have_attribute("data-count", "1")
    # What came with the page is not asked for once more, nor is it news.
    assert asked.count(reverse("panel_to_answer")) == 1
    assert asked.count(reverse("panel_today")) == 0
    expect(day.locator("#bureau-annonces")).to_have_text("")
    expect(day).to_have_title(re.compile(r"^\(1\) Ma journée"))
    expect(day.get_by_role("link", name="Tout")).to_have_text("Tout (1)")


def test_a_call_back_that_is_asked_for_shows_without_reloading(new_page: NewPage, two: Pair) -> None:
    day = open_day(new_page, two)
    expect(day.get_by_text("Rien n'attend.")).to_be_visible()
    expect(day).to_have_title(re.compile("^Ma journée"))
    person = new_page(width=390)
    step_inside(person, two.person)
    aside(lambda: give_default_hours([two.jobseeker.agency]))
    person.goto("/rappels/demander/")
    tick(person.locator("[name=subject]").first)
    tick(person.get_by_role("group", name="Quand vous joindre").get_by_role("checkbox").first)
    person.get_by_label("Numéro à appeler").fill("06 12 34 56 78")
    person.get_by_role("button", name="Demander cet appel").click()
    expect(person.get_by_role("heading", name="Votre demande est enregistrée")).to_be_visible()
    panel = day.locator("#panneau-rappels")
    expect(panel.get_by_role("heading", name="Rappels à faire (1)")).to_be_visible(timeout=PATIENCE)
    expect(panel.get_by_role("link", name=two.jobseeker.full_name, exact=True)).to_be_visible()
    expect(day).to_have_title(re.compile(r"^\(1\) Ma journée"))
    expect(day.get_by_role("status").filter(has_text="Rappels à faire : 1")).to_be_attached()
    expect(day.get_by_text("Rien n'attend.")).to_be_hidden()
    tabs = day.get_by_role("navigation", name="Besoins")
    expect(tabs.get_by_role("link", name="Rappels")).to_have_text("Rappels (1)")
    expect(tabs.get_by_role("link", name="Tout")).to_have_text("Tout (1)")
    # Kind: counts of the hour at which the page was opened.
    menu = day.get_by_role("navigation", name="Menu principal")
    expect(menu.get_by_role("link", name="1 rappel attend")).to_be_visible(timeout=PATIENCE)
    assert day.evaluate("window.neverReloaded")
    check_axe(day)


def test_who_needs_the_page_to_stand_still_says_so(new_page: NewPage, two: Pair) -> None:
    """Kind: a page that changes by itself, which its reader cannot stop (RGAA 13.8)."""
    still, other = open_day(new_page, two), open_day(new_page, two)
    pause = still.get_by_role("button", name="Suspendre la mise à jour")
    pause.press("Enter")
    expect(pause).to_have_attribute("aria-pressed", "true")
    aside(lambda: ask(two.jobseeker))
    to_call = re.compile(r"Rappels à faire \(1\)")
    expect(other.get_by_role("heading", name=to_call)).to_be_visible(timeout=PATIENCE)
    assert still.get_by_role("heading", name=to_call).count() == 0
    # It is kept when the page is opened again in this tab, and what was missed comes when it goes on.
    still.reload()
    expect(pause).to_have_attribute("aria-pressed", "true")
    expect(still.locator("[data-panel=waiting]")).to_have_count(0)
    aside(lambda: say(two.conversation, two.person, "Une question"))
    expect(other.get_by_role("heading", name=re.compile(r"Messages à traiter \(1\)"))).to_be_visible(timeout=PATIENCE)
    assert still.get_by_text("Une question").count() == 0
    pause.press("Enter")
    expect(still.get_by_text("Une question")).to_be_visible(timeout=PATIENCE)
    look(still)


def hide(page: Page, hidden: bool) -> None:
    """Make the page believe that its tab is hidden or shown: a browser without a window has no tabs to change."""
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
    link = day.locator("#panneau-a-repondre").get_by_role("link", name=two.jobseeker.full_name, exact=True)
    link.focus()
    hide(day, True)
    other = pair(two.portfolio)
    aside(lambda: say(other.conversation, other.person))
    expect(day).to_have_title(re.compile(r"^\(2\) Ma journée"))
    # The focus is where the reader left it.
    expect(link).to_be_focused()


def test_a_hidden_tab_asks_for_what_it_has_missed_once_it_is_seen(new_page: NewPage, two: Pair) -> None:
    day = open_day(new_page, two)
    panel = day.locator("#panneau-rappels")
    expect(panel.locator("[data-count]")).to_have_attribute("data-count", "0")
    hide(day, True)
    # The page does this by itself each minute.
    panel.evaluate("panel => window.htmx.ajax('GET', panel.getAttribute('hx-get'), { source: panel, target: panel })")
    expect(panel).to_have_attribute("data-stale", "")
    with day.expect_response(lambda answer: "/rappels/panneau" in answer.url):
        hide(day, False)
    expect(panel).not_to_have_attribute("data-stale", "")


def test_a_panel_in_which_one_types_waits_until_one_leaves_it(new_page: NewPage, two: Pair) -> None:
    ask_on_site(actor=two.person, jobseeker=two.jobseeker)
    day = open_day(new_page, two, width=390)
    panel = day.locator("#panneau-en-agence")
    panel.get_by_text("Recevoir").first.click()
    answer = panel.get_by_role("textbox")
    answer.fill("Venez mardi à")
    other = pair(two.portfolio)
    ask_on_site(actor=other.person, jobseeker=other.jobseeker)
    aside(lambda: say(two.conversation, two.person))
    # The other panel refreshes; this one keeps the typed text and the focus.
    expect(day.get_by_role("heading", name="Messages à traiter (1)")).to_be_visible(timeout=PATIENCE)
    expect(panel).to_have_attribute("data-stale", "")
    expect(answer).to_have_value("Venez mardi à")
    expect(answer).to_be_focused()
    # With an answer open nothing scrolls sideways, however narrow the window.
    day.set_viewport_size({"width": 320, "height": 800})
    check_fits(day)
    answer.press("Escape")
    expect(panel.get_by_role("link", name="Recevoir").first).to_be_focused()
    expect(panel).to_have_attribute("data-stale", "")
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
    first = day.locator("[data-panel][data-tab]:visible").first
    expect(first).to_have_id("panneau-en-agence")
    assert day.evaluate("window.neverReloaded")
    check_axe(day)


def test_one_answers_on_the_line_with_the_keyboard_alone(new_page: NewPage, two: Pair) -> None:
    """Kind: an act that leads away from the list, or leaves the focus on the body."""
    other = pair(two.portfolio)
    for one in (two, other):
        aside(lambda one=one: say(one.conversation, one.person))
    aside(lambda: ask(two.jobseeker))
    day = open_day(new_page, two)
    forgive(day, "422")
    panel = day.locator("#panneau-a-repondre")
    act = panel.get_by_role("link", name=f"Répondre à {two.jobseeker.full_name}")
    act.press("Enter")
    answer = panel.get_by_role("textbox", name="Votre message")
    expect(answer).to_be_focused()
    expect(act).to_have_attribute("aria-expanded", "true")
    look(day, [320, 1280])
    # A form that opens at the foot of the window is seen with its button.
    answer.press("Escape")
    day.set_viewport_size({"width": 1280, "height": 480})
    act.press("Enter")
    expect(answer).to_be_focused()
    expect(panel.get_by_role("button", name="Envoyer")).to_be_in_viewport(ratio=1)
    answer.press("Escape")
    expect(act).to_be_focused()
    expect(act).to_have_attribute("aria-expanded", "false")
    expect(answer).to_have_count(0)
    # A refusal keeps the form on its line; what was typed comes back after it was closed.
    act.press("Enter")
    expect(answer).to_be_focused()
    panel.get_by_role("button", name="Envoyer").press("Enter")
    expect(panel.locator("[data-error-summary]")).to_be_focused()
    answer.fill("Oui, à demain.")
    answer.press("Escape")
    act.press("Enter")
    expect(answer).to_be_focused()
    expect(answer).to_have_value("Oui, à demain.")
    answer.press("Control+Enter")
    # The line goes, its count too, and the focus is on the next one. What was done is said where the line was.
    expect(panel.get_by_role("link", name=f"Répondre à {other.jobseeker.full_name}")).to_be_focused()
    said = f"Votre réponse est envoyée à {two.jobseeker}."
    expect(panel.locator("[data-done]")).to_have_text(said)
    expect(act).to_have_count(0)
    expect(day.get_by_role("heading", name="Messages à traiter (1)")).to_be_visible()
    expect(day.get_by_role("status").filter(has_text=said)).to_contain_text("Messages à traiter : 1")
    assert aside(lambda: Message.objects.filter(author=two.adviser).get().body) == "Oui, à demain."
    called = day.locator("#panneau-rappels").get_by_role("link", name=f"Appeler {two.jobseeker.full_name}")
    called.press("Enter")
    expect(day.locator("#panneau-rappels a[href^='tel:']")).to_be_focused()
    convened = day.get_by_label("Ce qui a été dit ou convenu")
    convened.fill("Convenu d'un atelier.")
    # Enter alone begins a line.
    convened.press("Enter")
    expect(convened).to_have_value("Convenu d'un atelier.\n")
    convened.press("Control+Enter")
    # Nobody else is to be called: the heading of the queue is the place to go on from.
    expect(day.get_by_role("heading", name="À traiter", exact=True)).to_be_focused()
    expect(day.locator("[data-done]")).to_contain_text("noté dans le journal")
    expect(day.locator("#panneau-rappels")).to_be_hidden()
    expect(day).to_have_url(re.compile("/ma-journee/$"))


def test_each_act_of_the_queue_opens_on_its_line_and_leads_to_the_next(new_page: NewPage, server: object) -> None:
    """Kind: an act that leads away from the list."""
    portfolio = bookable_portfolio()
    first, second = on_web_track(portfolio, last_name="Abel"), on_web_track(portfolio, last_name="Bloch")
    for person in (first, second):
        aside(lambda person=person: due_obligation(person))
    aside(lambda: ask_plan_change(actor=first.user, jobseeker=first, comment="Le matin."))
    gone = on_web_track(portfolio, last_name="Celan")
    aside(lambda: leave_track(actor=gone.user, jobseeker=gone))
    day = new_page()
    step_inside(day, portfolio.adviser.user)
    day.goto("/ma-journee/")
    expect(day.locator("[data-panel=waiting]")).to_have_count(0)
    forgive(day, "422")
    plan = day.locator("#panneau-plans")
    plan.get_by_role("link", name=re.compile("^Revoir")).press("Enter")
    expect(plan.get_by_label("Garder ce plan")).to_be_focused()
    expect(plan.get_by_label("Fréquence")).to_be_hidden()
    plan.get_by_label("Changer le plan").press("Space")
    expect(plan.get_by_label("Fréquence")).to_be_visible()
    look(day, [320, 1280])
    waiting = day.locator("#panneau-liste-d-attente")
    waiting.get_by_role("link", name=f"Placer {gone.full_name}").press("Enter")
    expect(waiting.get_by_text("Aucun portefeuille n'a de place.")).to_be_focused()
    expect(plan.get_by_label("Garder ce plan")).to_have_count(0)
    dates = day.locator("#panneau-echeances")
    acts = dates.get_by_role("link", name=re.compile("^Proposer une date"))
    expect(acts).to_have_count(2)
    acts.first.press("Enter")
    by_video = dates.get_by_label("En visio")
    expect(by_video).to_be_focused()
    look(day, [320, 1280])
    dates.get_by_role("button", name="Réserver ce créneau").press("Enter")
    expect(dates.locator("[data-error-summary]")).to_be_focused()
    tick(by_video)
    dates.get_by_label("Créneau").select_option(index=1)
    dates.get_by_role("button", name="Réserver ce créneau").press("Enter")
    expect(acts).to_have_count(1)
    expect(acts.first).to_be_focused()
    expect(dates.locator("[data-done]")).to_contain_text("La convocation part par e-mail.")
    expect(day.get_by_role("heading", name="Entretiens à fixer (1)")).to_be_visible()
    expect(day).to_have_url(re.compile("/ma-journee/$"))
