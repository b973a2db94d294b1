"""Two people meet in a room, each in a browser of their own with an invented camera and microphone."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accompaniment.models import User
from tests.caseload.factories import on_web_track
from tests.e2e.browser import check_axe, check_fits, step_inside, tick
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState
from visio.models import Interview

pytestmark = pytest.mark.e2e

# Remembers the page's connections, so that a test can read what they measure, and its sockets, so that a test can cut
# them; the product has no such hook.
KEEP_CONNECTIONS = """
window.keptConnections = [];
window.keptSockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...args) { super(...args); window.keptSockets.push(this); }
};
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.keptConnections.push(this); }
};
"""
RECEIVED = """async () => {
  const sum = {frames: 0, samples: 0, energy: 0, connections: window.keptConnections.length};
  for (const connection of window.keptConnections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video") sum.frames += report.framesDecoded ?? 0;
      if (report.kind === "audio") {
        sum.samples += report.totalSamplesReceived ?? 0;
        sum.energy += report.totalAudioEnergy ?? 0;
      }
    }
  }
  return sum;
}"""
# Waits in the page: pictures are decoded and sound has energy, so something is seen and heard.
SEES_AND_HEARS = f"""async () => {{
  let sum = null;
  for (const until = Date.now() + 20_000; Date.now() < until; ) {{
    sum = await ({RECEIVED})();
    if (sum.frames > 0 && sum.samples > 0 && sum.energy > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }}
  return sum;
}}"""


def sees_and_hears(page: Page) -> None:
    received = page.evaluate(SEES_AND_HEARS)
    assert received is True, f"received only {received}"


def enter(page: Page, user: User, interview: Interview) -> None:
    page.add_init_script(KEEP_CONNECTIONS)
    step_inside(page, user)
    page.goto(f"/visio/{interview.token}/")


def let_in(adviser: Page, jobseeker: Page) -> None:
    adviser.get_by_role("button", name="Faire entrer").click()
    for page in (adviser, jobseeker):
        sees_and_hears(page)


def end_call(page: Page) -> None:
    page.get_by_role("button", name="Terminer l'appel").click()
    page.get_by_role("dialog").get_by_role("button", name="Terminer l'appel").click()


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
        assert page.evaluate(RECEIVED)["connections"] == 0, "before the person is let in nothing is connected"

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

    adviser.get_by_text("Ouvrir la conversation").click()
    expect(adviser.get_by_role("heading", name="Conversation")).to_be_visible()
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

    jobseeker.wait_for_function("() => window.keptSockets.length === 2 && window.keptSockets[1].readyState === 1")
    expect(jobseeker.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
    adviser.get_by_role("button", name="Lever la main").click()
    expect(jobseeker.locator("[data-hand]")).to_contain_text("lève la main")
    for page in (jobseeker, adviser):
        assert page.evaluate(RECEIVED)["connections"] == 1, "what stood between the two was never given up"


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
    adviser.get_by_text("Un problème technique l'a empêché ou interrompu").click()
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
    # The door opens only to say that it stays shut, and says the same of a room that does not exist.
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
