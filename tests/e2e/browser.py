"""Helpers for tests with browsers."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    WebError,
    expect,
)
from playwright.sync_api import (
    TimeoutError as TooLate,
)

from accompaniment.models import User
from config.finders import made
from tests.e2e.for_everybody import faults_of
from tests.systems_script import UNNEEDED, parts

WHOLE_CHROMIUM = shutil.which("chromium")
CHROMIUM = shutil.which("chromium-headless-shell") or WHOLE_CHROMIUM
"""The browser of most tests; without one, Playwright takes its own.

The headless shell is Chromium without the window around the page. It takes a third less processor time. The window is
what asks whether a page may use the camera, so tests of this question use the whole Chromium.
"""


@dataclass
class Watch:
    """The unexpected problems in one person's browser, on the server at `url`."""

    url: str
    problems: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("response", self._response)
        context.on("requestfailed", self._failed)

    def unforgiven(self) -> list[str]:
        return [problem for problem in self.problems if not any(part in problem for part in self.forgiven)]

    def _console(self, message: ConsoleMessage) -> None:
        # `_response` judges the status and address of a response. A request that the page itself gives up is not a
        # problem.
        judged_below = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
        if message.type == "error" and not message.text.startswith(judged_below):
            self.problems.append(f"console: {message.text}")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"error: {error.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.url}")

    def _failed(self, request: Request) -> None:
        # A page that is left gives up its unfinished requests.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.failure} {request.url}")


watches: dict[BrowserContext, Watch] = {}


def forgive(page: Page, *parts: str) -> None:
    """Expect problems in this person's browser that contain one of these texts, such as "429" or
    "ERR_INTERNET_DISCONNECTED".

    Without a network, a part of the page that asks by itself says so in its own words too, if its time comes.
    """
    also = ("htmx:sendError",) if "ERR_INTERNET_DISCONNECTED" in parts else ()
    watches[page.context].forgiven.extend((*parts, *also))


def log_in(page: Page, email: str, password: str) -> None:
    """Log in through the log-in page, and wait for the page behind it."""
    page.goto("/connexion/")
    page.get_by_label("Adresse e-mail", exact=False).fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    expect_inside(page)


def expect_inside(page: Page) -> None:
    """Expect a page of somebody who is logged in; the log-out waits in a menu that is closed."""
    expect(page.get_by_role("button", name="Se déconnecter", include_hidden=True)).to_be_attached()


def log_out_button(page: Page) -> Locator:
    """Open the menu that holds the log-out, as the width of the page asks for, and return its button."""
    account = page.get_by_role("button", name="Mon compte")
    menu = page.get_by_role("button", name=re.compile("^(Menu|Plus)$"))
    (account if account.is_visible() else menu).click()
    button = page.get_by_role("button", name="Se déconnecter")
    expect(button).to_be_visible()
    return button


def step_inside(page: Page, user: User) -> None:
    """Log in without the log-in page, which has its own tests."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": watches[page.context].url}])


def wait_until(page: Page, condition: str, *, timeout: float | None = None) -> None:
    """Wait until a JavaScript expression is true; `timeout` in milliseconds, if not the default.

    The expression is passed as a function. A bare expression that is false at first would be evaluated again inside the
    page, and our content security policy forbids that.
    """
    page.wait_for_function(f"() => ({condition})", timeout=timeout)


SETTLED = """document.readyState === "complete" && document.fonts.status === "loaded" && !document.querySelector(
  "[data-panel=waiting], .htmx-request, .htmx-swapping, .htmx-settling"
)"""


def settle(page: Page, timeout: float | None = None) -> None:
    """Wait until the page and all of its panels are loaded; `timeout` in milliseconds, if not the default."""
    wait_until(page, SETTLED, timeout=timeout)


COLOURS = """(() => {
  const { Color } = axe.commons.color;
  const read = Color.prototype.parseString;
  const known = new Map();
  Color.prototype.parseString = function (text) {
    if (!known.has(text)) known.set(text, read.call(new Color(), text));
    const { r, g, b, alpha } = known.get(text);
    return Object.assign(this, { r, g, b, alpha });
  };
})()"""
"""Let axe read each colour of a page once. By itself it reads the same dozen again for every element."""
VIOLATIONS = "axe.run({ resultTypes: ['violations'] }).then((found) => found.violations)"
"""Only the violations: axe's list of passed checks is many times as long."""
CONTRAST = VIOLATIONS.replace("{", "{ exclude: 'tr:nth-child(n + 20)' }, { runOnly: 'color-contrast',", 1)
"""The rows of a long table have the same colours."""


def check_axe(page: Page, violations_of: str = VIOLATIONS) -> None:
    """Run axe on the page; it must find nothing."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(COLOURS)
    violations = page.evaluate(violations_of)
    assert not violations, "\n".join(
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n  {node['html']}\n  {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    )


def check_fits(page: Page) -> None:
    """Check that the page is not wider than its window, so that it never scrolls sideways."""
    width, content = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    assert content <= width, f"{page.url} is {content} px wide in a window of {width} px"


NARROWEST = 320
WIDTHS = (1280, 390, NARROWEST)
"""A desk, a telephone, and the narrowest width at which a page must work."""


def problems_of(page: Page, widths: Sequence[int] = WIDTHS) -> Iterator[str]:
    """Check the page as it is, in each width, and yield what is wrong. It ends in the first width.

    At 320 px the layout is that of a telephone, so axe does not run again.
    """
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        for check in (check_fits,) if width == NARROWEST else (check_axe, check_fits):
            try:
                check(page)
            except AssertionError as problem:
                yield f"{page.url} at {width} px: {problem}"
    page.set_viewport_size({"width": widths[0], "height": 800})
    if unstyled := left_out() & set(page.evaluate(NAMES)):
        yield f"{page.url}: the stylesheet leaves out the rules of {', '.join(sorted(unstyled))}"
    if dead := not_run(page):
        yield f"{page.url}: the script of the design system does not run {', '.join(dead)}"


NOT_RUN = """(parts) => parts.filter((part) => "oneKey" in document.documentElement.dataset &&
  [...document.querySelectorAll(`.fr-${part}`)].some((element) => !element.hasAttribute(`data-fr-js-${part}`)))"""
"""The script of the design system marks each part that it runs. Without our own scripts it does not come."""
TO_COME = 2_000
"""Milliseconds that it may take after the part."""


def not_run(page: Page) -> list[str]:
    """Return the parts of the page that need the script of the design system, and that it does not run."""
    needed = sorted(parts() - UNNEEDED)
    try:
        page.wait_for_function(f"(parts) => ({NOT_RUN})(parts).length === 0", arg=needed, timeout=TO_COME)
    except TooLate:
        found: list[str] = page.evaluate(NOT_RUN, needed)
        return found
    return []


def problems_in_the_dark(page: Page) -> Iterator[str]:
    """Check the contrasts of the page as it is in the dark theme, and yield what is wrong. It ends in the light one."""
    page.emulate_media(color_scheme="dark")
    try:
        check_axe(page, CONTRAST)
    except AssertionError as problem:
        yield f"{page.url} in the dark theme: {problem}"
    page.emulate_media(color_scheme="light")


NAMES = "[...document.querySelectorAll('*')].flatMap((element) => [element.id, ...element.classList])"


@cache
def left_out() -> set[str]:
    """Return the classes and ids whose rules `config.stylesheet` left out, as those of no page."""
    return made().left_out


looked_at: set[tuple[str, str]] = set()


def look(page: Page, widths: Sequence[int] = WIDTHS) -> None:
    """Wait for the page and check it in each width with axe and for its width, and once what it holds for everybody."""
    settle(page)
    problems = list(problems_of(page, widths))
    path = re.sub(r"\d+", "0", urlsplit(page.url).path)
    state = path, page.get_by_role("heading", level=1).first.inner_text()
    if state not in looked_at:
        looked_at.add(state)
        problems += faults_of(page)
    assert not problems, "\n".join(problems)


def focused(page: Page) -> str:
    """Return the text of the focused element."""
    text: str = page.evaluate("document.activeElement.textContent.replace(/\\s+/g, ' ').trim()")
    return text


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the focused element has this text; fail if the keyboard cannot reach it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == words:
            return
    raise AssertionError(f"“{words}” cannot be reached by the keyboard")


def tab_to_field(page: Page, name: str) -> None:
    """Press Tab until a field of this name has the focus; fail if the keyboard cannot reach it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"the field {name} cannot be reached by the keyboard")


def toasts(page: Page) -> Locator:
    """Return what the page says of the last act. It says the same again to screen readers, a moment later."""
    return page.locator("#toasts")


def tick(box: Locator) -> None:
    """Tick a checkbox or radio button by the keyboard.

    The design system draws its own control over the real one. A click by coordinates misses if the page moves while
    panels load above.
    """
    if not box.is_checked():
        box.press("Space")
    expect(box).to_be_checked()
