"""A person's file in a real browser: by keyboard, narrow and wide, and what the person sees of it."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accompaniment.models import Jobseeker, Note, Step
from accompaniment.services import action_plan, notes
from accompaniment.services.action_plan import StepFacts
from accompaniment.services.documents import add_document
from caseload.models import Portfolio
from messaging.services.conversations import open_conversation
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.e2e.browser import look, settle, step_inside, toasts
from tests.messaging.factories import say

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]
ONE_ROW = 40  # px
PRINTED_ADDRESSES = """[...document.querySelectorAll("main a")].filter((link) =>
  ["::before", "::after"].some((part) => /http|\\/[a-z]/.test(getComputedStyle(link, part).content))
).map((link) => link.textContent)"""
LONG = "Zimmermann de La Rochefoucauld-Doudeauville-Montmorency"


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    """A person with a very long name, an objective with a step, and a note without a space."""
    person = on_web_track(portfolio, last_name=LONG, first_name="Marie-Antoinette")
    actor = portfolio.adviser.user
    objective = action_plan.add_objective(actor=actor, jobseeker=person, title="Passer le permis")
    action_plan.add_step(actor=actor, objective=objective, facts=StepFacts(title="S'inscrire au code"))
    notes.write_note(actor=actor, jobseeker=person, body="x" * 300)
    return person


def test_the_pages_of_a_file_fit_and_axe_finds_nothing(page: Page, portfolio: Portfolio, person: Jobseeker) -> None:
    step_inside(page, portfolio.adviser.user)
    step = Step.objects.get()
    document = add_document(
        actor=portfolio.adviser.user,
        jobseeker=person,
        title="CV",
        upload=SimpleUploadedFile("cv.pdf", b"%PDF-1.7 for a test"),
    )
    for address in (
        f"/personnes/{person.pk}/",
        f"/personnes/{person.pk}/?fil=plan#fil",
        f"/personnes/{person.pk}/plan/",
        f"/personnes/{person.pk}/plan-d-action/",
        f"/personnes/{person.pk}/documents/",
        f"/personnes/{person.pk}/coordonnees/modifier/",
        f"/etapes/{step.pk}/",
        f"/objectifs/{step.objective_id}/",
        f"/notes/{Note.objects.get().pk}/retirer/",
        f"/documents/{document.pk}/retirer/",
    ):
        page.goto(address)
        look(page)


def test_what_the_person_sees_of_it_fits_and_axe_finds_nothing(page: Page, person: Jobseeker) -> None:
    assert person.user is not None
    step_inside(page, person.user)
    for address in ("/mon-espace/", "/mon-accompagnement/", "/mon-accompagnement/plan/", "/mes-documents/"):
        page.goto(address)
        look(page)


def test_a_narrow_screen_shows_one_part_at_a_time(new_page: NewPage, portfolio: Portfolio, person: Jobseeker) -> None:
    conversation = open_conversation(actor=portfolio.adviser.user, jobseeker=person)
    for number in range(12):
        say(conversation, portfolio.adviser.user, f"Message {number}")
    page = new_page(width=390)
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/")
    tabs = page.get_by_role("tablist", name="Parties du dossier")
    expect(page.locator("#resume")).to_be_visible()
    expect(page.locator("#fil")).to_be_hidden()
    tabs.get_by_role("tab", name="Fil").press("Enter")
    expect(page.get_by_role("tabpanel", name="Fil")).to_be_visible()
    expect(page.locator("#resume")).to_be_hidden()
    tabs.get_by_role("tab", name="Fil").press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Messages")).to_be_focused()
    expect(tabs.get_by_role("tab", selected=True)).to_have_text("Messages")
    page.keyboard.press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Résumé")).to_be_focused()
    settle(page)
    page.keyboard.press("ArrowLeft")
    page.get_by_role("link", name="Écrire", exact=True).click()
    expect(page.get_by_label("Votre message")).to_be_focused()
    expect(page.get_by_label("Votre message")).to_be_in_viewport(ratio=1)
    # Kind: a list that went to its end while nothing of it was shown.
    expect(page.locator(".message").last).to_be_in_viewport()
    # On paper there is everything, whatever the window shows, and nothing that only a screen can do.
    note = page.locator("#notes .desk-notes__text")
    expect(note).to_be_hidden()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for part in (note, page.locator("#fil-titre"), page.get_by_role("log")):
        expect(part).to_be_visible()
    acts = (".file-acts", ".file-menu", "#coordonnees .fr-link", "[aria-labelledby=plan-titre] .fr-link")
    for part in (page.locator("#entete"), page.get_by_label("Votre message"), *map(page.locator, acts)):
        expect(part.first).to_be_hidden()
    # Kind: an address behind each link, which a reader of paper cannot press.
    assert page.evaluate(PRINTED_ADDRESSES) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_role("tab")).to_have_count(0)
    expect(page.locator("#resume")).to_be_visible()
    expect(note).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_timeline_is_filtered_from_a_menu_of_one_row(
    new_page: NewPage, portfolio: Portfolio, person: Jobseeker, width: int, height: int
) -> None:
    """Kind: a row of filters that takes three rows from what it filters."""
    notes.write_note(actor=portfolio.adviser.user, jobseeker=person, body="un\ndeux\ntrois\nquatre\ncinq")
    page = new_page(width=width, height=height)
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/#fil")
    settle(page)
    row = page.locator("#fil .file-part")
    box = row.bounding_box()
    assert box is not None
    assert box["height"] <= ONE_ROW
    menu = row.locator("summary")
    expect(menu).to_have_text("Filtrer le fil\u00a0: Tout")
    menu.press("Enter")
    expect(row.get_by_role("link", name="Tout", exact=True)).to_be_visible()
    look(page, [width])
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(row.get_by_role("link")).to_have_count(0)
    menu.press("Enter")
    row.get_by_role("link", name="Notes").press("Enter")
    expect(menu).to_have_text("Filtrer le fil\u00a0: Notes")
    # The chosen kind says so, by more than its colour, and nothing else does.
    menu.press("Enter")
    expect(row.locator("[aria-current=true]")).to_have_text("Notes")
    ticked = "all => all.filter((a) => getComputedStyle(a, '::before').content.includes('✓')).map((a) => a.textContent)"
    marked = row.get_by_role("link").evaluate_all(ticked)
    assert marked == ["Notes"]
    look(page, [width])
    page.keyboard.press("Escape")
    # Long notes fold, by their lines too, and open in place.
    folds = page.locator("#fil .desk-timeline__more")
    expect(folds).to_have_count(2)
    expect(page.get_by_text("cinq", exact=False).locator("visible=true")).to_have_count(1)
    # The parts and what is folded in them, by their headings.
    levels = page.locator("main :is(h1, h2, h3, h4)").evaluate_all("all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    # One row of acts on a desk, whatever the name; each as high as its neighbours.
    tops = page.locator(".file-acts > *").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    heights = page.locator(".file-acts .fr-btn").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert len(set(heights)) == 1
    assert width < 992 or len(set(tops)) == 1


def test_a_note_is_written_by_keyboard(page: Page, portfolio: Portfolio, person: Jobseeker) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/")
    page.locator("#notes > summary").press("Enter")
    page.get_by_label("Note pour l'équipe").focus()
    page.keyboard.type("Préfère le matin.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(toasts(page)).to_contain_text("La note est enregistrée.")
    assert Note.objects.filter(jobseeker=person, body="Préfère le matin.").count() == 1


def test_the_person_ticks_a_step(page: Page, person: Jobseeker) -> None:
    assert person.user is not None
    step_inside(page, person.user)
    page.goto("/mon-accompagnement/")
    page.get_by_role("button", name="C'est fait").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pas encore fait")).to_be_visible()
    assert Step.objects.get().done_by == person.user
