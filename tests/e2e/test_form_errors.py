"""A refused form by the keyboard: the summary has the focus, its links lead to the fields, and a corrected field is no
longer red. The same on a page of single fields, and on one with groups of choices."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accompaniment.models import Jobseeker
from tests.caseload.factories import ManagerFactory, on_web_track
from tests.e2e.browser import forgive, look, step_inside, tab_to
from tests.e2e.conftest import NewPage
from tests.visio.factories import bookable_portfolio

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(new_page: NewPage) -> Page:
    page = new_page()
    forgive(page, "422")
    step_inside(page, ManagerFactory().user)
    return page


def send_by_keyboard(page: Page, button: str) -> None:
    """Send a form as it is and wait until it comes back with the focus on its summary."""
    page.get_by_role("button", name=button).focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()


def test_the_focus_goes_to_the_summary_from_there_to_the_field_and_its_red_goes(page: Page) -> None:
    page.goto(reverse("invite"))
    send_by_keyboard(page, "Envoyer l'invitation")
    look(page)
    name, first = page.get_by_label("Nom", exact=True), page.get_by_label("Prénom")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".fr-message--error").filter(has_text="Indiquez le nom.")).to_be_visible()
    page.locator("[data-error-summary]").focus()
    tab_to(page, "Nom : Indiquez le nom.")
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    page.keyboard.type("D")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(".fr-input-group--error").filter(has=name)).to_have_count(0)
    expect(page.locator(".fr-message--error").filter(has_text="Indiquez le nom.")).to_have_count(0)
    # The other field is still wrong.
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".fr-message--error").filter(has_text="Indiquez le prénom.")).to_be_visible()


def test_a_link_to_a_group_leads_to_its_first_choice_and_choosing_takes_the_red_of_all_away(page: Page) -> None:
    page.goto(reverse("invite"))
    send_by_keyboard(page, "Envoyer l'invitation")
    group = page.get_by_role("radiogroup", name="Rôle")
    tab_to(page, "Rôle : Choisissez un rôle.")
    page.keyboard.press("Enter")
    expect(group.get_by_role("radio", name="Conseiller")).to_be_focused()
    expect(group.locator("[aria-invalid=true]")).to_have_count(2)
    page.keyboard.press("Space")
    expect(group.locator("[aria-invalid=true]")).to_have_count(0)
    expect(group.locator(".fr-message--error")).to_have_count(0)
    expect(page.locator(".fr-fieldset--error")).to_have_count(0)


def test_a_refused_slot_leads_to_the_channel_and_to_the_first_hour(new_page: NewPage) -> None:
    page = new_page(width=390, height=844)
    forgive(page, "422")
    person = on_web_track(bookable_portfolio())
    Jobseeker.objects.filter(pk=person.pk).update(preferred_channel="")
    step_inside(page, person.user)
    page.goto(reverse("take_interview"))
    send_by_keyboard(page, "Réserver ce créneau")
    look(page)
    tab_to(page, "Créneau : Choisissez une heure.")
    page.keyboard.press("Enter")
    first = page.locator("input[name=slot]").first
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    expect(first).to_be_checked()
    expect(page.get_by_text("Choisissez une heure.", exact=True)).to_have_count(0)
    expect(page.locator("input[name=channel][aria-invalid=true]")).to_have_count(3)
