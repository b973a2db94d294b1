"""What goes wrong at an awkward moment of a call: a socket is cut in the middle of an offer, an offer comes late, both
leave at once, a session ends elsewhere.
"""

import json
from typing import Any

import pytest
from playwright.sync_api import WebSocketRoute, expect

from accompaniment.models import User
from tests.e2e.browser import forgive, log_out_button, wait_until
from tests.e2e.room import GONE_AWAY, Line, enter, let_in, sees_and_hears
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


class CutByAnOffer(Line):
    """A line that breaks with the first offer, which is lost."""

    def __call__(self, socket: WebSocketRoute) -> None:
        self.tries += 1
        server, first = socket.connect_to_server(), self.tries == 1

        def pass_on(frame: str | bytes) -> None:
            if not first or json.loads(frame)["type"] != "signal":
                server.send(frame)
            elif self.up:
                self.up = False
                socket.close(code=GONE_AWAY)

        socket.on_message(pass_on)


def test_a_socket_that_is_cut_in_the_middle_of_the_offer_begins_anew(new_page: Any, interview: Interview) -> None:
    line = CutByAnOffer()
    jobseeker, adviser = new_page(), new_page()
    forgive(adviser, "WebSocket")
    adviser.route_web_socket("**/ws/visio/**", line)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    wait_until(adviser, "window.keptConnections.length > 1")
    assert line.tries > 1
    let_in(adviser, jobseeker)
    expect(adviser.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")


def test_an_offer_of_a_former_call_that_comes_late_means_nothing(new_page: Any, interview: Interview) -> None:
    """The control is the same offer under a name that no call has had: it begins a connection."""
    sockets: list[WebSocketRoute] = []
    offers: list[dict[str, Any]] = []
    jobseeker, adviser = new_page(), new_page()

    def listen(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        def pass_on(frame: str | bytes) -> None:
            told = json.loads(frame)
            if told["type"] == "signal" and told["data"].get("description", {}).get("type") == "offer":
                offers.append(told)
            socket.send(frame)

        server.on_message(pass_on)

    jobseeker.route_web_socket("**/ws/visio/**", listen)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    first = offers[0]
    adviser.reload()
    sees_and_hears(adviser)
    tab = offers[-1]["from"]
    made = jobseeker.evaluate("window.keptConnections.length")
    sockets[-1].send(json.dumps({**first, "from": tab}))
    sockets[-1].send(json.dumps({"type": "hand", "raised": True}))
    expect(jobseeker.locator("[data-hand]")).to_contain_text("lève la main")
    assert jobseeker.evaluate("window.keptConnections.length") == made
    expect(jobseeker.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")

    sockets[-1].send(
        json.dumps({**first, "from": tab, "call": first["call"][::-1].replace("-", "")[:8] + first["call"][8:]})
    )
    wait_until(jobseeker, f"window.keptConnections.length === {made + 1}")


def test_both_leave_at_once_and_meet_again_without_being_let_in(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    for page in (jobseeker, adviser):
        page.evaluate("location.reload()")
    for page in (jobseeker, adviser):
        expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
        sees_and_hears(page)


@pytest.mark.parametrize("how", ["the person logs out elsewhere", "the adviser's account is closed"])
def test_a_session_that_ends_elsewhere_ends_the_call_at_both_sides(
    new_page: Any, interview: Interview, how: str
) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    if how == "the person logs out elsewhere":
        gone, stays, name = jobseeker, adviser, interview.jobseeker
        elsewhere = jobseeker.context.new_page()
        elsewhere.goto("/mon-espace/")
        log_out_button(elsewhere).click()
    else:
        gone, stays, name = adviser, jobseeker, interview.adviser
        User.objects.filter(pk=interview.adviser.user_id).update(is_active=False)
    expect(gone.get_by_role("button", name="Se connecter", exact=True)).to_be_visible()
    expect(stays.locator("[data-status]")).to_contain_text(f"{name} n'est plus dans la salle")
    wait_until(stays, "window.keptConnections.every((one) => one.connectionState === 'closed')")
    wait_until(stays, "document.querySelector('[data-remote]').srcObject === null")
