"""A person's file in a real browser: by keyboard, narrow and wide, with what the person sees of it."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accompaniment.models import Jobseeker, Note, Step
from accompaniment.services import action_plan, notes
from accompaniment.services.action_plan import StepFacts
from accompaniment.services.documents import add_document
from caseload.models import Portfolio
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.e2e.browser import look, step_inside

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]
LONG = "Zimmermann de La Rochefoucauld-Doudeauville-Montmorency"


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    """Somebody with a very long name, an objective with a step, and a note without a space."""
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
    page = new_page(width=390)
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/")
    parts = page.get_by_role("navigation", name="Dans cette page")
    expect(page.locator("#resume")).to_be_visible()
    expect(page.locator("#fil")).to_be_hidden()
    parts.get_by_role("link", name="Fil").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#fil")).to_be_visible()
    expect(page.locator("#resume")).to_be_hidden()
    expect(parts.get_by_role("link", name="Fil")).to_have_attribute("aria-current", "true")


def test_a_note_is_written_by_keyboard(page: Page, portfolio: Portfolio, person: Jobseeker) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto(f"/personnes/{person.pk}/")
    page.get_by_label("Note pour l'équipe").focus()
    page.keyboard.type("Préfère le matin.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("La note est enregistrée.")).to_be_visible()
    assert Note.objects.filter(jobseeker=person, body="Préfère le matin.").count() == 1


def test_the_person_ticks_a_step(page: Page, person: Jobseeker) -> None:
    assert person.user is not None
    step_inside(page, person.user)
    page.goto("/mon-accompagnement/")
    page.get_by_role("button", name="C'est fait").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pas encore fait")).to_be_visible()
    assert Step.objects.get().done_by == person.user
