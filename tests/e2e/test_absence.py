"""An absence declared in a browser, and what the person and the colleague see of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from caseload.models import Absence, Adviser, Portfolio
from tests.caseload.factories import AdviserFactory, on_web_track, planned_absence
from tests.e2e.browser import forgive, look, step_inside, tick, toasts
from tests.visio.factories import InterviewFactory, bookable_portfolio
from visio.models import Interview
from visio.reads.invariants import VISIO_CHECKS
from visio.services.hours import give_usual_hours

pytestmark = pytest.mark.e2e

NewPage = Callable[..., Page]


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def colleague(portfolio: Portfolio) -> Adviser:
    adviser = AdviserFactory(agency=portfolio.agency)
    give_usual_hours([adviser])
    return adviser


@pytest.fixture
def interview(portfolio: Portfolio) -> Interview:
    starts_at = timezone.now() + timedelta(days=3)
    return InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=starts_at)


def test_an_absence_is_declared_and_each_interview_decided(
    page: Page, portfolio: Portfolio, colleague: Adviser, interview: Interview
) -> None:
    step_inside(page, portfolio.adviser.user)
    page.goto("/absences/")
    look(page)
    page.get_by_role("link", name="Déclarer une absence").click()
    today = timezone.now().astimezone(portfolio.agency.zone).date()
    page.get_by_label("Premier jour").fill((today + timedelta(days=1)).isoformat())
    page.get_by_label("Dernier jour").fill((today + timedelta(days=6)).isoformat())
    tick(page.get_by_role("checkbox", name=str(colleague)))
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", name="Entretiens prévus ces jours-là (1)")).to_be_visible()
    look(page)
    tick(page.get_by_role("radio", name="À déplacer"))
    page.get_by_role("button", name="Enregistrer l'absence").click()
    expect(toasts(page)).to_contain_text("L'absence est enregistrée")
    look(page)
    assert Absence.objects.get().adviser == portfolio.adviser
    assert not Interview.objects.live().exists()
    assert [breach for check in VISIO_CHECKS for breach in check()] == []


def test_the_person_reads_who_answers_and_the_colleague_for_whom(
    new_page: NewPage, portfolio: Portfolio, colleague: Adviser
) -> None:
    person = on_web_track(portfolio)
    planned_absence(portfolio, colleague=colleague, in_days=0)
    page = new_page()
    step_inside(page, person.user)
    page.goto("/mon-espace/")
    expect(page.get_by_text(f"{portfolio.adviser} n'est pas là jusqu'au")).to_be_visible()
    page.goto("/messagerie/")
    expect(page.get_by_text(f"{colleague} vous répond")).to_be_visible()
    page.get_by_role("textbox").last.fill("Êtes-vous là ?")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("log")).to_contain_text("Êtes-vous là ?")
    expect(page.locator("[data-state]")).to_have_text(["Envoyé"])
    desk = new_page(width=390)
    step_inside(desk, colleague.user)
    desk.goto("/ma-journee/")
    waiting = desk.locator("#panneau-a-repondre")
    expect(waiting.get_by_role("link", name=person.full_name, exact=True)).to_be_visible()
    expect(waiting.get_by_text(f"relais pour {portfolio.adviser}")).to_be_visible()
    look(desk, [390])


def test_a_relay_is_added_with_the_keyboard(page: Page, portfolio: Portfolio, colleague: Adviser) -> None:
    other = AdviserFactory(agency=portfolio.agency)
    absence = planned_absence(portfolio, colleague=colleague)
    step_inside(page, portfolio.adviser.user)
    forgive(page, "422")
    page.goto(f"/absences/{absence.pk}/")
    page.get_by_role("button", name="Ajouter ce relais").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Choisissez un collègue.")
    expect(page.get_by_role("alert")).to_be_focused()
    look(page)
    page.get_by_label("Collègue", exact=True).select_option(label=f"{other}, {other.agency}")
    page.get_by_role("button", name="Ajouter ce relais").press("Enter")
    expect(toasts(page)).to_contain_text(f"{other} assure aussi le relais")
    expect(page.get_by_role("listitem").filter(has_text=str(other)).first).to_be_visible()
    assert set(absence.covers.values_list("colleague", flat=True)) == {colleague.pk, other.pk}
