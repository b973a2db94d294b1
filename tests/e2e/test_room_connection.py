"""« Connexion coupée » disappears when the connection is back, in every phase of the room and on both sides.

The connection is cut in the browser (offline) or at the server (its end of the socket closes).
"""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.browser import forgive, wait_until
from tests.e2e.room import CUT, Line, enter, let_in, sees_and_hears
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e

WAITS = "n'est pas encore"
TALKS = "Vous êtes en conversation avec"


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def status(page: Page) -> Any:
    return page.locator("[data-status]")


@pytest.mark.parametrize("by_adviser", [False, True], ids=["the person", "the adviser"])
def test_before_the_call_the_cut_is_said_and_goes_with_the_network_s_return(
    new_page: Any, interview: Interview, by_adviser: bool
) -> None:
    line = Line()
    page = new_page()
    forgive(page, "WebSocket", "ERR_INTERNET_DISCONNECTED")
    page.route_web_socket("**/ws/visio/**", line)
    enter(page, (interview.adviser if by_adviser else interview.jobseeker).user, interview)
    expect(status(page)).to_contain_text(WAITS)
    page.context.set_offline(True)
    line.cut()
    expect(status(page)).to_contain_text(CUT)
    line.mend()
    page.context.set_offline(False)
    expect(status(page)).to_contain_text(WAITS)
    expect(status(page)).not_to_contain_text(CUT)


@pytest.mark.parametrize("by_adviser", [False, True], ids=["the person", "the adviser"])
def test_in_the_call_the_cut_is_said_and_goes_and_the_conversation_never_stopped(
    new_page: Any, interview: Interview, by_adviser: bool
) -> None:
    line = Line()
    jobseeker, adviser = new_page(), new_page()
    who, other = (adviser, jobseeker) if by_adviser else (jobseeker, adviser)
    who.route_web_socket("**/ws/visio/**", line)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)

    line.cut()
    expect(status(who)).to_contain_text(CUT)
    expect(status(who)).to_contain_text("La salle ne répond pas")
    assert line.tries >= 3, "the page has tried again by itself"
    sees_and_hears(who)
    for page in (who, other):
        expect(page.locator("[data-ended]")).to_be_hidden()

    line.mend()
    expect(status(who)).to_contain_text(TALKS)
    other.get_by_role("button", name="Lever la main").click()
    expect(who.locator("[data-hand]")).to_contain_text("lève la main")
    expect(status(other)).to_contain_text(TALKS)
    for page in (who, other):
        assert page.evaluate("window.keptConnections.length") == 1, "the connection between the two people survived"


def test_after_the_call_the_words_of_the_end_stay_while_the_line_comes_back(
    new_page: Any, interview: Interview
) -> None:
    line = Line()
    jobseeker, adviser = new_page(), new_page()
    jobseeker.route_web_socket("**/ws/visio/**", line)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    adviser.get_by_role("button", name="Terminer l'appel").click()
    adviser.get_by_role("dialog").get_by_role("button", name="Terminer l'appel").click()
    expect(status(jobseeker)).to_contain_text("L'entretien est terminé")
    tried = line.tries
    line.cut()
    line.mend()
    wait_until(jobseeker, "document.querySelector('[data-phase=ended]') !== null")
    expect(adviser.locator("[data-resume]")).to_be_enabled()
    adviser.get_by_role("button", name="Reprendre l'appel").click()
    expect(jobseeker.locator("[data-resumed]")).to_be_visible()
    assert line.tries > tried, "the news came over a new socket"


def test_a_call_whose_first_signal_is_lost_is_begun_anew(new_page: Any, interview: Interview) -> None:
    """The adviser's first offer never arrives; nobody is left in « Mise en relation… »."""
    lost: list[str] = []

    def lose_the_first_call(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(frame: str | bytes) -> None:
            told = json.loads(frame)
            if told["type"] == "signal" and (not lost or told["call"] == lost[0]):
                lost.append(told["call"])
            else:
                server.send(frame)

        socket.on_message(pass_on)

    jobseeker, adviser = new_page(), new_page()
    adviser.route_web_socket("**/ws/visio/**", lose_the_first_call)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    assert lost
    assert adviser.evaluate("window.keptConnections.length") == 2, "the call was begun anew, once"
