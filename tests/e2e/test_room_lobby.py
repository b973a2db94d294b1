"""The lobby: how long somebody waits, a line to the adviser, and an arrival that is seen and heard on any page."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.e2e.browser import check_axe, check_fits, settle, step_inside, wait_until
from tests.e2e.room import enter
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e

COUNT_TONES = """
window.tones = 0;
window.OscillatorNode = class extends OscillatorNode {
  start(...args) { window.tones += 1; super.start(...args); }
};
"""
"""Counts the tones that a page plays."""


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def test_both_read_how_long_it_lasts_and_the_person_can_write_and_is_asked_for_patience(
    new_page: Any, interview: Interview
) -> None:
    Interview.objects.filter(pk=interview.pk).update(arrived_at=timezone.now() - timedelta(minutes=12, seconds=20))
    jobseeker, adviser = new_page(width=390, height=844), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    expect(jobseeker.locator("[data-waited]")).to_have_text("Vous attendez depuis 12 minutes.")
    adviser.add_init_script(COUNT_TONES)
    enter(adviser, interview.adviser.user, interview)
    expect(adviser.locator("[data-waited]")).to_have_text(f"{interview.jobseeker} attend depuis 12 minutes.")
    wait_until(adviser, "window.tones === 2")

    adviser.get_by_role("button", name="Faire patienter").click()
    expect(jobseeker.locator("[data-held]")).to_contain_text("vous demande de patienter encore un peu")
    asked = adviser.locator("#room-noted").get_by_text("encore un peu de patience")
    expect(asked).to_be_in_viewport(ratio=1)
    jobseeker.get_by_role("link", name=f"Écrire un message à {interview.adviser}").click()
    expect(jobseeker.get_by_label("Votre message")).to_be_focused()
    for page in (jobseeker, adviser):
        check_axe(page)
        check_fits(page)

    adviser.get_by_role("button", name="Faire entrer").click()
    expect(adviser.get_by_role("button", name="Faire patienter")).to_be_hidden()
    expect(asked).to_have_count(0)
    expect(jobseeker.locator("[data-waited]")).to_be_hidden()


def ask_again(page: Page) -> None:
    """Let the page ask for its band, as it does every few seconds while somebody is awaited."""
    with page.expect_response(lambda answer: reverse("interview_band") in answer.url):
        page.evaluate("document.dispatchEvent(new Event('counts'))")


def test_an_arrival_is_seen_and_heard_once_on_any_page_of_the_adviser(new_page: Any, interview: Interview) -> None:
    adviser = new_page()
    adviser.context.add_init_script(COUNT_TONES)
    step_inside(adviser, interview.adviser.user)
    adviser.goto(reverse("my_day"))
    band = adviser.get_by_role("region", name="Entretien qui approche")
    expect(band).to_contain_text("commence à")
    wait_until(adviser, "document.querySelector('[data-arrival]:not([data-arrived])') !== null")
    # The page asks by itself, without being loaded again.
    with adviser.expect_response(lambda answer: reverse("interview_band") in answer.url):
        Interview.objects.filter(pk=interview.pk).update(arrived_at=timezone.now())
    expect(band).to_contain_text(f"{interview.jobseeker} attend dans la salle.")
    wait_until(adviser, "window.tones === 2")

    # Another page of the same browser shows it, and does not ring again.
    adviser.goto(reverse("agenda"))
    settle(adviser)
    expect(band).to_contain_text("attend dans la salle.")
    ask_again(adviser)
    assert adviser.evaluate("window.tones") == 0


def test_nobody_rings_at_the_person_s_side(new_page: Any, interview: Interview) -> None:
    page = new_page()
    step_inside(page, interview.jobseeker.user)
    page.goto(reverse("own_data"))
    expect(page.get_by_role("region", name="Entretien qui approche")).to_contain_text("Rejoindre")
    expect(page.locator("[data-arrival]")).to_have_count(0)
