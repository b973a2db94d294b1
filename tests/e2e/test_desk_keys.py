"""Acts on a line of « Ma journée » by keys alone: from line to form to next line, and the focus is never lost."""

import pytest
from playwright.sync_api import Page, expect

from accompaniment.models import Jobseeker
from accompaniment.services.enrolments.acceptance import leave_track
from caseload.models import Portfolio
from tests.caseload.factories import PortfolioFactory, follower, on_web_track
from tests.e2e.browser import focused, forgive, look, step_inside, tab_to, tab_to_field
from tests.e2e.chat import aside
from tests.visio.factories import bookable_portfolio, due_obligation
from visio.models import Interview

pytestmark = pytest.mark.e2e

WINDOWS = pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["desk", "telephone"])


@pytest.fixture
def portfolio(server: object) -> Portfolio:
    return bookable_portfolio()


def open_day(page: Page, portfolio: Portfolio, *, width: int, height: int) -> None:
    """Open the page of the day and wait for all of its panels."""
    page.set_viewport_size({"width": width, "height": height})
    step_inside(page, portfolio.adviser.user)
    page.goto("/ma-journee/")
    expect(page.locator("[data-panel=waiting]")).to_have_count(0)


@WINDOWS
def test_a_date_is_proposed_on_the_line(page: Page, portfolio: Portfolio, width: int, height: int) -> None:
    first, second = (on_web_track(portfolio, last_name=name) for name in ("Abel", "Bloch"))
    for person in (first, second):
        aside(lambda person=person: due_obligation(person))
    open_day(page, portfolio, width=width, height=height)
    forgive(page, "422")
    dates = page.locator("#panneau-echeances")
    act = "Proposer une date à "

    tab_to(page, f"{act}{first.full_name}")
    page.keyboard.press("Enter")
    expect(dates.get_by_label("En visio")).to_be_focused()
    # Escape closes the form, from wherever in it, and leads back to the line.
    tab_to_field(page, "slot")
    page.keyboard.press("Escape")
    expect(dates.locator("[data-act-form] form")).to_have_count(0)
    assert focused(page) == f"{act}{first.full_name}"

    page.keyboard.press("Enter")
    expect(dates.get_by_label("En visio")).to_be_focused()
    tab_to(page, "Réserver ce créneau")
    page.keyboard.press("Enter")
    # The refusal has the focus, and its link leads to the field.
    expect(dates.locator("[data-error-summary]")).to_be_focused()
    look(page, [width])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dates.get_by_label("Créneau")).to_be_focused()
    page.keyboard.press("ArrowDown")
    tab_to(page, "Réserver ce créneau")
    page.keyboard.press("Enter")

    expect(dates.locator("[data-done]")).to_contain_text(str(first))
    assert focused(page) == f"{act}{second.full_name}"
    assert aside(lambda: Interview.objects.live().get().jobseeker) == first

    # The last one: nothing of the kind is left, and the focus goes to what stands above.
    page.keyboard.press("Enter")
    expect(dates.get_by_label("En visio")).to_be_focused()
    tab_to_field(page, "slot")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Réserver ce créneau")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="À traiter", exact=True)).to_be_focused()


@WINDOWS
def test_who_waits_is_placed_on_the_line(page: Page, portfolio: Portfolio, width: int, height: int) -> None:
    waiting: list[Jobseeker] = []
    for name in ("Abel", "Bloch"):
        person = on_web_track(portfolio, last_name=name)
        aside(lambda person=person: leave_track(actor=person.user, jobseeker=person))
        waiting.append(person)
    classic = aside(lambda: PortfolioFactory(agency=portfolio.agency, modality="guide"))
    first, second = waiting
    open_day(page, portfolio, width=width, height=height)
    forgive(page, "422")
    panel = page.locator("#panneau-liste-d-attente")

    tab_to(page, f"Placer {first.full_name}")
    page.keyboard.press("Enter")
    choice = panel.get_by_role("radio").first
    expect(choice).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel.locator("[data-act-form] form")).to_have_count(0)
    assert focused(page) == f"Placer {first.full_name}"

    page.keyboard.press("Enter")
    expect(choice).to_be_focused()
    tab_to(page, "Placer")
    page.keyboard.press("Enter")
    expect(panel.locator("[data-error-summary]")).to_be_focused()
    look(page, [width])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(choice).to_be_focused()
    page.keyboard.press("Space")
    expect(choice).to_be_checked()
    tab_to(page, "Placer")
    page.keyboard.press("Enter")
    expect(panel.locator("[data-done]")).to_have_text(f"{classic.adviser} suit maintenant {first}.")
    assert focused(page) == f"Placer {second.full_name}"
    assert aside(lambda: follower(first)) == classic.adviser.user

    page.keyboard.press("Enter")
    expect(choice).to_be_focused()
    page.keyboard.press("Space")
    tab_to(page, "Placer")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="À traiter", exact=True)).to_be_focused()
