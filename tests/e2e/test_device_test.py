"""The device test in a browser, also for a person who does not use a microphone."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accompaniment.models import DeviceCheck
from tests.e2e.browser import check_axe, check_fits, step_inside, wait_until
from tests.e2e.room import enter, refuse
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e

KEPT = "votre conseiller le verra"


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def test_who_uses_no_microphone_says_so_and_reads_what_it_means(new_page: Any, interview: Interview) -> None:
    """From then on nothing asks for a microphone or reports it missing: this page, the adviser's and the room."""
    page = new_page(width=320, height=640)
    refuse(page, audio="NotFoundError")
    step_inside(page, interview.jobseeker.user)
    page.goto("/visio/test/")
    expect(page.get_by_role("alert")).to_contain_text("Aucun micro n'a été trouvé")
    expect(page.locator("[data-result=microphone]")).to_contain_text("pas de micro")
    tick = page.get_by_label("Je n'utilise pas le micro")
    expect(tick).to_have_accessible_description(
        "Vous entendrez votre conseiller, qui vous verra sans vous entendre\u00a0: vous lui répondrez par écrit, dans "
        "vos messages. Il le saura avant l'entretien."
    )
    tick.check()
    expect(page.locator("[data-result=microphone]")).to_contain_text("vous répondrez par écrit")
    expect(page.locator("[data-result=microphone]")).to_have_attribute("data-state", "good")
    # A change is read out with what it is about.
    expect(page.locator("[data-result][aria-atomic=true]")).to_have_count(3)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("[data-result=connection]")).to_contain_text("elle permet la visio")
    expect(page.locator("[data-kept]")).to_contain_text(KEPT)
    check_axe(page)
    check_fits(page)
    check = DeviceCheck.objects.filter(jobseeker=interview.jobseeker)[0]
    assert (check.camera, check.microphone, check.without_microphone, check.carries_video) == (True, False, True, True)

    enter(page, interview.jobseeker.user, interview)
    expect(page.get_by_label("Je n'utilise pas le micro")).to_be_checked()
    expect(page.get_by_role("button", name="Caméra", exact=True)).to_be_enabled()
    expect(page.locator("[data-media-problem]")).to_be_hidden()

    adviser = new_page()
    step_inside(adviser, interview.adviser.user)
    # The page of the day shows it too, but close to midnight an interview in five minutes is tomorrow.
    adviser.goto(reverse("panel_person_interviews", args=[interview.jobseeker_id]))
    adviser.get_by_text("Test du matériel").click()
    expect(adviser.get_by_text("n'en utilise pas, par choix")).to_be_visible()


def test_who_uses_one_again_is_heard_again(new_page: Any, interview: Interview) -> None:
    page = new_page()
    step_inside(page, interview.jobseeker.user)
    page.goto("/visio/test/")
    expect(page.locator("[data-result=microphone]")).to_contain_text("on vous entend")
    for ticked, words in ((True, "vous répondrez par écrit"), (False, "on vous entend")):
        page.get_by_label("Je n'utilise pas le micro").set_checked(ticked)
        expect(page.locator("[data-result=microphone]")).to_contain_text(words)
        expect(page.locator("[data-result=connection]")).to_contain_text("elle permet la visio")
    wait_until(page, "document.querySelector('[data-kept]').textContent.includes('le verra')")
