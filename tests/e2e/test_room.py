"""Two people meet in a room, each in their own browser with a simulated camera and microphone."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.caseload.factories import on_web_track
from tests.e2e.browser import check_axe, check_fits, step_inside, tick, wait_until
from tests.e2e.chat import write
from tests.e2e.room import KEEP_CONNECTIONS, RECEIVED, end_call, enter, let_in, sees_and_hears
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState
from visio.models import Interview

pytestmark = pytest.mark.e2e


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def test_the_two_see_and_hear_each_other_once_the_person_is_let_in(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(width=390, height=844), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    expect(jobseeker.locator("[data-status]")).to_contain_text("n'est pas encore dans la salle")
    check_axe(jobseeker)
    check_fits(jobseeker)

    enter(adviser, interview.adviser.user, interview)
    expect(adviser.locator("[data-status]")).to_contain_text("attend")
    expect(jobseeker.locator("[data-status]")).to_have_text("Vous êtes dans la salle d'attente.")
    for page in (jobseeker, adviser):
        states = page.evaluate(RECEIVED)["states"]
        assert not any("connected" in state for state in states), "nothing is connected before the person is let in"

    let_in(adviser, jobseeker)

    for page in (jobseeker, adviser):
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
        check_axe(page)
        check_fits(page)
    interview.refresh_from_db()
    assert interview.state == InterviewState.IN_PROGRESS
    assert interview.arrived_at is not None

    adviser.keyboard.press("m")
    expect(jobseeker.locator("[data-remote-note]")).to_contain_text("micro coupé")
    jobseeker.get_by_role("button", name="Lever la main").click()
    expect(adviser.locator("[data-hand]")).to_contain_text("lève la main")

    write_beside_the_call(jobseeker, adviser)
    jobseeker.get_by_text("Problème technique", exact=True).click()
    for page in (jobseeker, adviser):
        check_axe(page)
        check_fits(page)

    adviser.get_by_role("textbox", name="Mes notes", exact=True).fill("Projet confirmé, CV à envoyer.")
    end_call(adviser)
    adviser.get_by_role("link", name="Rédiger le compte rendu").click()
    tick(adviser.get_by_role("radio", name="L'entretien a eu lieu"))
    expect(adviser.get_by_label("Conclusions")).to_have_value("Projet confirmé, CV à envoyer.")
    adviser.get_by_label("Suite", exact=True).select_option("continue")
    tick(adviser.get_by_role("radio", name="Convient encore"))
    adviser.get_by_role("button", name="Conclure l'entretien").click()
    expect(adviser.get_by_role("heading", name="Entretien terminé")).to_be_visible()
    expect(jobseeker.get_by_role("heading", name="Entretien terminé")).to_be_visible()
    expect(jobseeker.get_by_text("Projet confirmé, CV à envoyer.")).to_be_visible()


def write_beside_the_call(jobseeker: Page, adviser: Page) -> None:
    """Both write in the room, whatever is heard there. Who has the messages folded is told once that there is one."""
    live = "document.querySelector('conversation-thread')?.link.live"
    for page in (jobseeker, adviser):
        wait_until(page, live)
    said, sign = adviser.locator("[data-news-said]"), adviser.locator("[data-news]")
    expect(said).to_be_empty()
    jobseeker.locator("#contenu").press("e")
    expect(jobseeker.get_by_label("Votre message")).to_be_focused()
    write(jobseeker, "Je vous lis, mais je n'entends pas.")
    expect(said).to_contain_text("1 nouveau message")
    expect(sign).to_contain_text("1 nouveau message")
    button = adviser.get_by_role("link", name="Continuer par écrit (1)")
    button.press("Enter")
    expect(adviser.get_by_label("Votre message")).to_be_focused()
    # Read, it is new no more.
    expect(sign).to_be_empty()
    expect(said).to_be_empty()
    write(adviser, "Continuons par écrit.")
    # The conversation is open, so it announces the message by itself, and the room does not.
    expect(jobseeker.locator(".message__body")).to_have_text(
        ["Je vous lis, mais je n'entends pas.", "Continuons par écrit."]
    )
    expect(jobseeker.locator("[data-news-said]")).to_be_empty()


def test_a_second_tab_of_the_same_person_takes_over(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)

    second = jobseeker.context.new_page()
    second.add_init_script(KEEP_CONNECTIONS)
    second.goto(f"/visio/{interview.token}/")

    sees_and_hears(second)
    expect(jobseeker.locator("[data-status]")).to_contain_text("dans un autre onglet")
    assert second.evaluate(RECEIVED)["connections"] == 1
    expect(adviser.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")


def test_the_conversation_comes_back_after_a_reload_without_being_let_in_again(
    new_page: Any, interview: Interview
) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)

    adviser.reload()

    for page in (adviser, jobseeker):
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
    sees_and_hears(adviser)


def test_a_cut_socket_comes_back_and_the_conversation_goes_on(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)

    jobseeker.evaluate("window.keptSockets.at(-1).close()")

    wait_until(jobseeker, "window.keptSockets.length === 2 && window.keptSockets[1].readyState === 1")
    expect(jobseeker.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
    adviser.get_by_role("button", name="Lever la main").click()
    expect(jobseeker.locator("[data-hand]")).to_contain_text("lève la main")
    for page in (jobseeker, adviser):
        assert page.evaluate(RECEIVED)["connections"] == 1, "the connection between the two people survived"


def test_a_technical_problem_ends_the_interview_without_an_absence(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)

    jobseeker.get_by_text("Problème technique", exact=True).click()
    jobseeker.get_by_label("Que se passe-t-il").select_option("On ne m'entend pas")
    jobseeker.get_by_role("button", name="Signaler").click()
    expect(jobseeker.locator("#room-noted")).to_contain_text("ce ne sera pas une absence")
    expect(adviser.locator("#room-noted")).to_contain_text("Un problème technique a été signalé")

    jobseeker.get_by_role("button", name="Continuer par téléphone").click()
    expect(jobseeker.locator("#room-noted")).to_contain_text("va vous appeler")
    expect(adviser.locator("#room-noted").get_by_role("link")).to_have_attribute("href", re.compile("^tel:"))

    adviser.get_by_role("link", name="Conclure l'entretien").click()
    expect(adviser.get_by_label("La personne n'est pas venue : noter une absence")).to_be_disabled()
    tick(adviser.get_by_role("radio", name="Un problème technique l'a empêché ou interrompu"))
    adviser.get_by_role("button", name="Conclure l'entretien").click()
    expect(
        jobseeker.get_by_role("heading", name="L'entretien a été interrompu : ce n'est pas une absence")
    ).to_be_visible()


def test_a_stranger_finds_neither_page_nor_socket(new_page: Any, interview: Interview) -> None:
    stranger = new_page()
    step_inside(stranger, on_web_track().user)
    stranger.goto("/mon-espace/")
    assert stranger.request.get(f"/visio/{interview.token}/").status == 404
    knock = """(path) => new Promise((resolve) => {
      const heard = [];
      const socket = new WebSocket(`ws://${location.host}${path}`);
      socket.onmessage = (event) => heard.push(event.data);
      socket.onopen = () => socket.readyState === WebSocket.OPEN && socket.send('{"type": "hello"}');
      socket.onclose = (event) => resolve([event.code, heard]);
    })"""
    # The socket opens only to give its refusal, which is the same for a room that does not exist.
    assert stranger.evaluate(knock, f"/ws/visio/{interview.token}/") == [4403, []]
    assert stranger.evaluate(knock, f"/ws/visio/{uuid4()}/") == [4403, []]


def test_without_camera_and_microphone_the_page_says_what_to_do(new_page: Any, interview: Interview) -> None:
    jobseeker = new_page()
    jobseeker.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('none', 'NotFoundError'));"
    )
    enter(jobseeker, interview.jobseeker.user, interview)
    expect(jobseeker.get_by_role("alert")).to_contain_text("Aucun micro ni caméra n'a été trouvé")
    expect(jobseeker.get_by_role("button", name="Continuer par téléphone")).to_be_enabled()
    expect(jobseeker.locator("[data-status]")).to_contain_text("n'est pas encore dans la salle")


def test_before_its_time_the_room_says_when_it_opens(new_page: Any, server: Any) -> None:
    interview = InterviewFactory(starts_at=timezone.now() + timedelta(days=2))
    page = new_page(width=390)
    step_inside(page, interview.jobseeker.user)
    page.goto(f"/visio/{interview.token}/")
    expect(page.get_by_role("heading", name="La salle n'est pas encore ouverte")).to_be_visible()
    page.get_by_role("link", name="Tester mon matériel").click()
    expect(page.get_by_text("elle permet la visio")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("on vous entend")).to_be_visible()
    check_axe(page)
    check_fits(page)
