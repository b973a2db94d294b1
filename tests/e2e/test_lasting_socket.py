"""The socket of all pages: when it reconnects, how long it waits, and when it stays closed.

Kind: a page that tries for ever, or all pages that try at once. The first part drives the module with simulated sockets
and a clock that the test moves. The second part looks at the three pages that use it.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.templatetags.static import static
from playwright.sync_api import Page, WebSocketRoute, expect

from accompaniment.models import User
from tests.e2e.browser import forgive, step_inside, wait_until
from tests.e2e.chat import aside
from tests.e2e.conftest import PATIENCE, NewPage
from tests.e2e.room import Line, enter
from tests.visio.factories import InterviewFactory
from visio.models import Interview

pytestmark = pytest.mark.e2e

FIRST_WAIT, LONGEST_WAIT = 500, 20_000
ANSWER_WITHIN = 10_000
EVERY = 25_000
CALMED_DOWN_AFTER = 30_000
SESSION_ASKED_AFTER = 2_000
LONG = 15 * 60_000
"""All times are in milliseconds."""

SESSION_OVER, TOO_MANY = 4401, 4429
FOR_GOOD = (4403, 4404, 4409, 4410)
ORDINARY = (1001, 1006, 1011, 1013, 4408)

BEGIN = """async ([path, every, howMany, steady]) => {
  if (steady) Math.random = () => 1;
  window.made = [];
  window.heard = [];
  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    constructor() {
      super();
      this.readyState = 0;
      this.sent = [];
      this.at = Date.now();
      window.made.push(this);
    }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.readyState = 3; }
    takes() { this.readyState = 1; this.dispatchEvent(new Event("open")); }
    says(frame) { this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) })); }
    ends(code) { this.readyState = 3; this.dispatchEvent(new CloseEvent("close", { code })); }
  };
  const { LastingSocket } = await import(path);
  const tell = (...what) => { window.heard.push(what); };
  for (let number = 0; number < howMany; number += 1) {
    new LastingSocket("/ws/x/", {
      hello: () => ({ type: "hello" }),
      ping: () => ({ type: "ping" }),
      every,
      live: () => tell("live"),
      frame: (frame) => tell("frame", frame.type),
      lost: (failures) => tell("lost", failures),
      shut: (code, loggedOut) => tell("shut", code, loggedOut),
    }).open();
  }
}"""


@dataclass
class Driven:
    """The module in a browser, with simulated sockets."""

    page: Page

    @property
    def made(self) -> int:
        count: int = self.page.evaluate("window.made.length")
        return count

    @property
    def heard(self) -> list[list[Any]]:
        told: list[list[Any]] = self.page.evaluate("window.heard")
        return told

    def last(self, act: str) -> Any:
        return self.page.evaluate(f"window.made.at(-1).{act}")

    def live(self) -> None:
        self.last("takes()")
        self.last("says({ type: 'welcome' })")

    def after(self, milliseconds: float) -> int:
        """Let time pass, and return the number of sockets made so far."""
        self.page.clock.run_for(milliseconds)
        return self.made

    def online(self) -> int:
        self.page.evaluate("void window.dispatchEvent(new Event('online'))")
        return self.made


@pytest.fixture
def drive(page: Page) -> Callable[..., Driven]:
    def begin(how_many: int = 1, *, steady: bool = False, every: int = EVERY) -> Driven:
        """Open this many sockets, which ping `every` ms; `steady`: each wait has its full length, without the random
        part."""
        page.goto("/connexion/")
        page.clock.install()
        page.clock.pause_at(page.evaluate("Date.now() + 1000"))
        page.evaluate(BEGIN, [static("frame/socket.js"), every, how_many, steady])
        return Driven(page)

    return begin


def waits() -> list[int]:
    return [min(LONGEST_WAIT, FIRST_WAIT * 2**number) for number in range(8)]


@pytest.mark.parametrize("code", ORDINARY)
def test_an_ordinary_loss_comes_back_later_each_time(drive: Callable[..., Driven], code: int) -> None:
    driven = drive()
    for tries, wait in enumerate(waits(), start=1):
        assert driven.made == tries
        driven.last(f"ends({code})")
        # The wait is between half of its full length and the full length.
        assert driven.after(wait // 2 - 1) == tries
        assert driven.after(wait // 2 + 1) == tries + 1
    assert waits()[-1] == LONGEST_WAIT == waits()[-2]
    assert driven.heard == [["lost", failures] for failures in range(1, len(waits()) + 1)]
    driven.live()
    driven.last(f"ends({code})")
    assert driven.heard[-1] == ["lost", 1]
    assert driven.after(FIRST_WAIT) == len(waits()) + 2, "once it has been live, it waits as long as the first time"


def test_pages_that_were_cut_off_at_once_do_not_come_back_at_once(drive: Callable[..., Driven]) -> None:
    driven = drive(how_many=20)
    driven.page.evaluate("window.made.forEach((socket) => socket.ends(1006))")
    assert driven.after(FIRST_WAIT) == 40
    back = driven.page.evaluate("window.made.slice(20).map((socket) => socket.at)")
    assert max(back) - min(back) > FIRST_WAIT / 10, "twenty are very unlikely to fall within a fifth of the span"


def test_silence_is_a_loss(drive: Callable[..., Driven]) -> None:
    """A socket that does not open, one that never answers, and one that stops answering."""
    driven = drive(steady=True)
    for open_first, tries, wait in ((False, 1, FIRST_WAIT), (True, 2, 2 * FIRST_WAIT)):
        if open_first:
            driven.last("takes()")
        assert driven.after(ANSWER_WITHIN - 1) == tries
        assert driven.after(1 + wait) == tries + 1
    driven.live()
    assert driven.after(EVERY) == 3
    assert driven.last("sent") == [{"type": "hello"}, {"type": "ping"}]
    driven.last("says({ type: 'pong' })")
    assert driven.after(EVERY) == 3, "a socket that answers stays"
    assert driven.after(ANSWER_WITHIN + FIRST_WAIT) == 4


@pytest.mark.parametrize("every", [ANSWER_WITHIN // 4, ANSWER_WITHIN, EVERY])
def test_a_silent_socket_is_lost_however_often_it_is_asked(drive: Callable[..., Driven], every: int) -> None:
    """Kind: a wait that each new question begins anew, so that it never ends. The network is lost without a word."""
    driven = drive(every=every)
    driven.live()
    driven.after(every + ANSWER_WITHIN - 1)
    assert ["lost", 1] not in driven.heard
    driven.after(1)
    assert driven.heard[-1] == ["lost", 1]


def test_the_network_that_is_back_brings_the_socket_back_at_once(drive: Callable[..., Driven]) -> None:
    driven = drive()
    for wait in waits()[:6]:
        driven.last("ends(1006)")
        driven.after(wait)
    driven.last("ends(1006)")
    made = driven.made
    assert driven.after(100) == made, "the next try is many seconds away"
    assert driven.online() == made + 1
    assert driven.after(LONGEST_WAIT // 4) == made + 1, "the later try was cancelled"
    driven.live()
    assert driven.online() == made + 1
    assert driven.last("sent.at(-1)") == {"type": "ping"}, "a live socket is pinged"
    assert driven.after(ANSWER_WITHIN + FIRST_WAIT) == made + 2


@pytest.mark.parametrize("code", FOR_GOOD)
def test_what_is_over_for_good_is_never_tried_again(drive: Callable[..., Driven], code: int) -> None:
    driven = drive()
    driven.live()
    driven.last(f"ends({code})")
    assert driven.after(LONG) == driven.online() == 1
    assert driven.heard == [["live"], ["frame", "welcome"], ["shut", code, False]]


def test_too_many_waits_for_its_time_whatever_the_network_does(drive: Callable[..., Driven]) -> None:
    driven = drive(steady=True)
    driven.live()
    driven.last(f"ends({TOO_MANY})")
    assert driven.after(CALMED_DOWN_AFTER - 1) == driven.online() == 1
    assert driven.after(CALMED_DOWN_AFTER // 2 + 1) == 2


def test_a_session_that_is_over_is_asked_for_once_and_the_socket_tries_once_more(drive: Callable[..., Driven]) -> None:
    """A password was changed in another tab, so there is a new session.

    If the socket refuses it as well, it stays closed.
    """
    driven = drive()
    driven.live()
    driven.last(f"ends({SESSION_OVER})")
    driven.after(SESSION_ASKED_AFTER)
    wait_until(driven.page, "window.made.length === 2")
    driven.last(f"ends({SESSION_OVER})")
    assert driven.after(LONG) == driven.online() == 2
    assert driven.heard[-1] == ["shut", SESSION_OVER, False]


def test_a_new_session_that_has_lived_may_end_as_the_first_one_did(drive: Callable[..., Driven]) -> None:
    driven = drive()
    for made in (1, 2):
        driven.live()
        driven.last(f"ends({SESSION_OVER})")
        driven.after(SESSION_ASKED_AFTER)
        wait_until(driven.page, f"window.made.length === {made + 1}")
    assert ["shut", SESSION_OVER, False] not in driven.heard


def test_without_a_network_the_session_is_asked_for_later(drive: Callable[..., Driven]) -> None:
    driven = drive()
    forgive(driven.page, "ERR_FAILED")
    asked = itertools.count()
    driven.page.route("**/connexion/", lambda route: (next(asked), route.abort()))
    driven.live()
    driven.last(f"ends({SESSION_OVER})")
    driven.after(SESSION_ASKED_AFTER)
    wait_until(driven.page, "window.heard.at(-1)[0] === 'lost'")
    driven.page.unroute_all()
    assert driven.made == 1
    driven.online()
    wait_until(driven.page, "window.made.length === 2")
    assert next(asked) == 1


# --- The three pages -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Screen:
    """A page with a socket: its socket address, how to open it, and an expression that is true while it is live."""

    socket: str
    open: Callable[[Page, Interview], None]
    is_live: str


def open_chat(page: Page, interview: Interview) -> None:
    step_inside(page, interview.jobseeker.user)
    page.goto("/messagerie/")


def open_day(page: Page, interview: Interview) -> None:
    step_inside(page, interview.adviser.user)
    page.goto("/ma-journee/")


def open_room(page: Page, interview: Interview) -> None:
    enter(page, interview.jobseeker.user, interview)


SCREENS = {
    "the chat": Screen("**/ws/messagerie/**", open_chat, "document.querySelector('conversation-thread').link.live"),
    "the page of the day": Screen("**/ws/bureau/", open_day, "'live' in document.querySelector('[data-desk]').dataset"),
    "the room": Screen(
        "**/ws/visio/**", open_room, "document.querySelector('[data-status]').textContent.includes('pas encore')"
    ),
}


@pytest.fixture
def interview(server: Any) -> Interview:
    return InterviewFactory()


@dataclass
class Closing:
    """A server that closes each socket with the same code."""

    code: int
    tries: int = 0

    def __call__(self, socket: WebSocketRoute) -> None:
        self.tries += 1
        socket.close(code=self.code)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Let the page run until a condition holds in the test."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < deadline, "the condition never held"
        page.evaluate("0")


@pytest.mark.parametrize(("code", "tries"), [(4404, 1), (SESSION_OVER, 2)])
@pytest.mark.parametrize("name", SCREENS)
def test_no_page_tries_for_ever_where_the_server_says_that_it_is_over(
    new_page: NewPage, interview: Interview, name: str, code: int, tries: int
) -> None:
    """After 4401 the page asks once for its session.

    There is one, because the page answers, but the socket refuses it as well.
    """
    page = new_page()
    closing = Closing(code)
    page.route_web_socket(SCREENS[name].socket, closing)
    page.clock.install()
    SCREENS[name].open(page, interview)
    until(page, lambda: closing.tries == 1)
    if tries > 1:
        with page.expect_response(page.url):
            page.clock.fast_forward(SESSION_ASKED_AFTER)
        until(page, lambda: closing.tries == tries)
    for _ in range(20):
        page.clock.fast_forward(LONGEST_WAIT)
    page.evaluate("void window.dispatchEvent(new Event('online'))")
    page.clock.fast_forward(LONGEST_WAIT)
    assert closing.tries == tries


@pytest.mark.parametrize("name", SCREENS)
def test_each_page_comes_back_after_an_ordinary_loss(new_page: NewPage, interview: Interview, name: str) -> None:
    page = new_page()
    line = Line()
    page.route_web_socket(SCREENS[name].socket, line)
    SCREENS[name].open(page, interview)
    wait_until(page, SCREENS[name].is_live)
    line.cut()
    wait_until(page, f"!({SCREENS[name].is_live})")
    line.mend()
    wait_until(page, SCREENS[name].is_live)
    assert line.tries > 1


def end_sessions(user: User) -> None:
    user.set_password("un autre mot de passe 42")
    user.save(update_fields=["password"])


@pytest.mark.parametrize("name", ["the page of the day", "the room"])
def test_a_page_whose_session_is_over_gives_way_to_the_log_in(
    new_page: NewPage, interview: Interview, name: str
) -> None:
    page = new_page()
    SCREENS[name].open(page, interview)
    wait_until(page, SCREENS[name].is_live)
    user = interview.adviser.user if name == "the page of the day" else interview.jobseeker.user
    aside(lambda: end_sessions(user))
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible(timeout=ANSWER_WITHIN)


@pytest.mark.parametrize("name", ["the page of the day", "the room"])
def test_a_page_that_was_cut_off_while_its_session_ended_gives_way_too(
    new_page: NewPage, interview: Interview, name: str
) -> None:
    """Kind: a page that tries for ever. The browser learns from the close code why the socket is refused."""
    page = new_page()
    # The simulated line may pass the first frame on to a socket that the server has just closed.
    forgive(page, "WebSocket is already in CLOSING or CLOSED state")
    line = Line()
    page.route_web_socket(SCREENS[name].socket, line)
    SCREENS[name].open(page, interview)
    wait_until(page, SCREENS[name].is_live)
    line.cut()
    user = interview.adviser.user if name == "the page of the day" else interview.jobseeker.user
    aside(lambda: end_sessions(user))
    line.mend()
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible(timeout=ANSWER_WITHIN)
