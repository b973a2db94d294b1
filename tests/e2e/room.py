"""Two people in a video room, each in their own browser."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Page, WebSocketRoute

from accompaniment.models import User
from tests.e2e.browser import step_inside
from visio.models import Interview

# Remembers the page's connections, so that a test can read their statistics, and the sockets of the room, so that a
# test can cut them. The product has no such hook.
KEEP_CONNECTIONS = """
window.keptConnections = [];
window.keptSockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...args) { super(...args); if (this.url.includes("/ws/visio/")) window.keptSockets.push(this); }
};
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...args) { super(...args); window.keptConnections.push(this); }
};
"""


RECEIVED = """async () => {
  const sum = {frames: 0, samples: 0, energy: 0, connections: window.keptConnections.length, states: []};
  for (const connection of window.keptConnections) {
    sum.states.push(`${connection.signalingState} ${connection.iceConnectionState} ${connection.connectionState}`);
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


# Waits in the page until pictures are decoded and sound has energy.
SEES_AND_HEARS = f"""async () => {{
  let sum = null;
  for (const until = Date.now() + 40_000; Date.now() < until; ) {{
    sum = await ({RECEIVED})();
    if (sum.frames > 0 && sum.samples > 0 && sum.energy > 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }}
  return sum;
}}"""


def sees_and_hears(page: Page) -> None:
    received = page.evaluate(SEES_AND_HEARS)
    assert received is True, f"received only {received}: {page.locator('[data-status]').text_content()}"


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


KEEP_TRACKS = """
window.keptTracks = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  const stream = await open(wish);
  window.keptTracks.push(...stream.getTracks());
  return stream;
};
"""


CUT = re.compile("Connexion coupée|La salle ne répond pas")
"""The first sentence, and the one after some failed tries."""


GONE_AWAY = 1011


@dataclass
class Line:
    """The connection to the server's sockets, which a test can cut at the server's end."""

    up: bool = True
    open: list[WebSocketRoute] = field(default_factory=list)
    tries: int = 0

    def __call__(self, socket: WebSocketRoute) -> None:
        self.tries += 1
        if self.up:
            socket.connect_to_server()
            self.open.append(socket)
        else:
            socket.close(code=GONE_AWAY)

    def cut(self) -> None:
        self.up = False
        while self.open:
            self.open.pop().close(code=GONE_AWAY)

    def mend(self) -> None:
        self.up = True


# Refuses the named kinds of device as a browser would, until the test changes `window.refusals`.
REFUSES = """
window.refusals = %s;
const really = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wish) => {
  for (const kind of ["audio", "video"]) {
    if (wish[kind] && window.refusals[kind]) return Promise.reject(new DOMException("no", window.refusals[kind]));
  }
  return really(wish);
};
"""


def refuse(page: Page, **kinds: str) -> None:
    page.add_init_script(REFUSES % repr(kinds))
