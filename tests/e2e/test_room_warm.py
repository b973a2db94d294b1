"""The connection is set up while the person waits, and nothing of the two passes before the admission."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import wait_until
from tests.e2e.room import RECEIVED, enter, let_in, sees_and_hears
from tests.visio.factories import InterviewFactory
from tests.visio.relay import ON_LOOPBACK, SECRET, coturn
from visio.models import Interview

pytestmark = pytest.mark.e2e

STANDS = "window.keptConnections.at(-1)?.connectionState === 'connected'"
DESCRIBED = "window.keptConnections.at(-1)?.remoteDescription && keptConnections.at(-1).signalingState === 'stable'"

MEDIA = """async () => {
  const bytes = { sent: 0, received: 0 };
  for (const connection of window.keptConnections) {
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "outbound-rtp") bytes.sent += report.bytesSent;
      if (report.type === "inbound-rtp") bytes.received += report.bytesReceived;
    }
  }
  return bytes;
}"""

CANDIDATES = """() => window.keptConnections.at(-1).remoteDescription.sdp.split("\\r\\n")
  .filter((line) => line.startsWith("a=candidate"))"""

SHOWN = "() => document.querySelector('[data-remote]').srcObject !== null"

USES = """async () => {
  const reports = await window.keptConnections.at(-1).getStats();
  for (const report of reports.values()) {
    if (report.type === "transport" && report.selectedCandidatePairId) {
      const pair = reports.get(report.selectedCandidatePairId);
      return reports.get(pair.localCandidateId).candidateType;
    }
  }
  return "";
}"""


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


def both_wait(jobseeker: Page, adviser: Page, interview: Interview, until: str) -> None:
    enter(jobseeker, interview.jobseeker.user, interview)
    enter(adviser, interview.adviser.user, interview)
    for page in (jobseeker, adviser):
        wait_until(page, until)


@pytest.mark.parametrize("relay_only", [True, False], ids=["all is relayed", "direct ways are used"])
def test_a_connection_stands_through_the_relay_before_the_admission_and_carries_nothing(
    new_page: Any, interview: Interview, settings: Any, tmp_path: Path, relay_only: bool
) -> None:
    settings.TURN_SECRET, settings.VIDEO_RELAY_ONLY = SECRET, relay_only
    with coturn(tmp_path, extra=ON_LOOPBACK) as relay:
        settings.TURN_URLS = [f"turn:127.0.0.1:{relay.port}?transport=udp"]
        jobseeker, adviser = new_page(), new_page()
        both_wait(jobseeker, adviser, interview, STANDS)
        for page in (jobseeker, adviser):
            assert page.evaluate(MEDIA) == {"sent": 0, "received": 0}
            ways = page.evaluate(CANDIDATES)
            assert all("typ relay raddr 0.0.0.0 rport 0" in way for way in ways)
            assert ways
            assert not page.evaluate(SHOWN)
            expect(page.locator("[data-quality-words]")).to_be_empty()
        expect(jobseeker.locator("[data-status]")).to_have_text("Vous êtes dans la salle d'attente.")

        let_in(adviser, jobseeker)
        for page in (jobseeker, adviser):
            assert page.evaluate("window.keptConnections.length") == 1, "the admission needs no new connection"
            expect(page.locator("[data-remote-note]")).to_be_empty()
        if relay_only:
            assert jobseeker.evaluate(USES) == adviser.evaluate(USES) == "relay"
        else:
            for page in (jobseeker, adviser):
                wait_until(page, f"({USES})().then((kind) => !['', 'relay'].includes(kind))")


@pytest.mark.parametrize("forger", ["the person", "the adviser"])
def test_what_the_other_browser_sends_before_the_admission_is_not_shown(
    new_page: Any, interview: Interview, settings: Any, tmp_path: Path, forger: str
) -> None:
    """The forger's page sends its camera and its microphone at once. The bytes arrive, which is the control."""
    settings.TURN_SECRET = SECRET
    with coturn(tmp_path, extra=ON_LOOPBACK) as relay:
        settings.TURN_URLS = [f"turn:127.0.0.1:{relay.port}?transport=udp"]
        jobseeker, adviser = new_page(), new_page()
        both_wait(jobseeker, adviser, interview, STANDS)
        forging, other = (jobseeker, adviser) if forger == "the person" else (adviser, jobseeker)
        forging.evaluate(
            """async () => {
              const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
              for (const { sender, receiver } of window.keptConnections.at(-1).getTransceivers()) {
                await sender.replaceTrack(stream.getTracks().find(({ kind }) => kind === receiver.track.kind));
              }
            }"""
        )
        wait_until(other, f"({MEDIA})().then(({{ received }}) => received > 20_000)")
        assert not other.evaluate(SHOWN)
        assert other.evaluate(MEDIA)["sent"] == 0, "nothing is answered"

        adviser.get_by_role("button", name="Faire entrer").click()
        sees_and_hears(forging)
        wait_until(other, f"({SHOWN})()")


def test_without_a_relay_no_way_passes_before_the_admission(new_page: Any, interview: Interview) -> None:
    jobseeker, adviser = new_page(), new_page()
    both_wait(jobseeker, adviser, interview, DESCRIBED)
    for page in (jobseeker, adviser):
        assert page.evaluate(CANDIDATES) == []
        assert page.evaluate(MEDIA) == {"sent": 0, "received": 0}
        assert not page.evaluate(f"() => {STANDS}"), "there is no way yet"
    let_in(adviser, jobseeker)
    for page in (jobseeker, adviser):
        assert page.evaluate(RECEIVED)["connections"] == 1
