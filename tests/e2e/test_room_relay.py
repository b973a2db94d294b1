"""A call through a real coturn with the configuration that the service prints."""

import json
from pathlib import Path
from time import time
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.browser import wait_until
from tests.e2e.room import RECEIVED, enter, let_in, refuse
from tests.visio.factories import InterviewFactory
from tests.visio.relay import ON_LOOPBACK, SECRET, coturn
from visio.models import Interview

pytestmark = pytest.mark.e2e

WITHIN = 2_000
"""Milliseconds after which a page must say that nothing arrives."""

WAYS = """async () => {
  const found = [];
  for (const connection of window.keptConnections) {
    const reports = await connection.getStats();
    for (const pair of reports.values()) {
      if (pair.type !== "candidate-pair" || !pair.nominated) continue;
      found.push([reports.get(pair.localCandidateId).candidateType, reports.get(pair.remoteCandidateId).candidateType]);
    }
  }
  return found;
}"""

NAMED = """() => window.keptConnections.flatMap((connection) =>
  [connection.localDescription, connection.remoteDescription].flatMap(({ sdp }) =>
    sdp.split("\\r\\n").filter((line) => line.startsWith("a=candidate")).map((line) => / typ (\\w+)/.exec(line)[1])))"""


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def test_where_all_is_relayed_neither_learns_the_others_address_and_both_see_and_hear(
    new_page: Any, interview: Interview, settings: Any, tmp_path: Path
) -> None:
    settings.TURN_SECRET, settings.VIDEO_RELAY_ONLY = SECRET, True
    with coturn(tmp_path, extra=ON_LOOPBACK) as relay:
        settings.TURN_URLS = [f"turn:127.0.0.1:{relay.port}"]
        jobseeker, adviser = new_page(), new_page()
        enter(jobseeker, interview.jobseeker.user, interview)
        enter(adviser, interview.adviser.user, interview)
        let_in(adviser, jobseeker)
        for page in (jobseeker, adviser):
            assert page.evaluate(WAYS) == [["relay", "relay"]]
            assert set(page.evaluate(NAMED)) == {"relay"}


FIRST_WORDS = """() => {
  const words = document.querySelector("[data-quality-words]");
  window.saidAt = new Promise((resolve) => new MutationObserver(() => {
    if (words.textContent === "Rien n'arrive") resolve(performance.timeOrigin + performance.now());
  }).observe(words, { childList: true, characterData: true, subtree: true }));
}"""
"""Notes when the page says that nothing arrives, in milliseconds of the clock that all processes share."""


def test_nothing_arrives_is_said_within_two_seconds_and_the_call_comes_back_by_itself(
    new_page: Any, interview: Interview, settings: Any, tmp_path: Path
) -> None:
    """Kind: words of a moment ago over a picture that stands still. The server of the room answers all the while."""
    settings.TURN_SECRET, settings.VIDEO_RELAY_ONLY = SECRET, True
    with coturn(tmp_path, extra=ON_LOOPBACK) as relay:
        settings.TURN_URLS = [f"turn:127.0.0.1:{relay.port}?transport=udp"]
        jobseeker, adviser = new_page(), new_page()
        enter(jobseeker, interview.jobseeker.user, interview)
        enter(adviser, interview.adviser.user, interview)
        let_in(adviser, jobseeker)
        for page in (jobseeker, adviser):
            expect(page.locator("[data-quality-words]")).to_have_text("Bonne connexion")
            page.evaluate(FIRST_WORDS)
        frozen_at = time() * 1_000
        relay.freeze()
        try:
            for page in (jobseeker, adviser):
                assert page.evaluate("() => window.saidAt") - frozen_at < WITHIN
                expect(page.locator("[data-status]")).to_contain_text("Rien n'arrive de")
        finally:
            relay.go_on()
        for page in (jobseeker, adviser):
            expect(page.locator("[data-status]")).to_contain_text("Vous êtes en conversation avec")
            expect(page.locator("[data-quality-words]")).not_to_have_text("Rien n'arrive")
            frames = page.evaluate(RECEIVED)["frames"]
            wait_until_more(page, frames)


def wait_until_more(page: Page, frames: int) -> None:
    """Wait until more pictures have come than these."""
    page.evaluate(
        f"""async (before) => {{
          for (const until = Date.now() + 20_000; Date.now() < until; ) {{
            if ((await ({RECEIVED})()).frames > before) return;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }}
          throw new Error("no more pictures");
        }}""",
        frames,
    )


@pytest.mark.parametrize("who", ["the person", "the adviser"])
def test_who_is_quiet_and_unseen_is_still_there(new_page: Any, interview: Interview, who: str) -> None:
    """Neither sound nor picture is no silence: the two have each other's beats."""
    jobseeker, adviser = new_page(), new_page()
    quiet, other = (jobseeker, adviser) if who == "the person" else (adviser, jobseeker)
    refuse(quiet, audio="NotFoundError", video="NotFoundError")
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    adviser.get_by_role("button", name="Faire entrer").click()
    expect(other.locator("[data-remote-note]")).to_contain_text("micro coupé")
    other.evaluate(
        """async () => {
          const words = document.querySelector("[data-quality-words]");
          for (const until = Date.now() + 3_000; Date.now() < until; ) {
            if (words.textContent === "Rien n'arrive") throw new Error("said to be silent");
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }"""
    )
    expect(other.locator("[data-quality-words]")).to_have_text("Bonne connexion")


def test_control_where_nothing_is_relayed_each_learns_the_others_address(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    assert "host" in jobseeker.evaluate(NAMED)


def test_a_new_log_in_reaches_the_connection_that_stands(new_page: Any, interview: Interview) -> None:
    """Kind: a call that outlives its log-in. Its next restart uses the new one."""
    sockets: list[WebSocketRoute] = []
    jobseeker, adviser = new_page(), new_page()

    def listen(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    adviser.route_web_socket("**/ws/visio/**", listen)
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    let_in(adviser, jobseeker)
    relay = {"urls": ["turn:127.0.0.1:3478"], "username": "2:7-adviser", "credential": "new"}
    sockets[-1].send(json.dumps({"type": "relays", "ice_servers": [relay]}))
    wait_until(adviser, "window.keptConnections.at(-1).getConfiguration().iceServers[0]?.username === '2:7-adviser'")
