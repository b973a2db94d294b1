"""A call through a real coturn with the configuration that the service prints."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import WebSocketRoute

from tests.e2e.browser import wait_until
from tests.e2e.room import enter, let_in
from tests.visio.factories import InterviewFactory
from tests.visio.relay import ON_LOOPBACK, SECRET, coturn
from visio.models import Interview

pytestmark = pytest.mark.e2e

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
