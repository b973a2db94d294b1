"""What tests with browsers say again and again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, WebError, expect

from accompaniment.models import User

_axe = Axe()


@dataclass
class Watch:
    """What went wrong in one person's browser, on the server at `url`, without the person's doing."""

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
        # The status of a response is judged below, with its address; what the page itself gives up is no fault.
        judged_below = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
        if message.type == "error" and not message.text.startswith(judged_below):
            self.problems.append(f"console: {message.text}")

    def _error(self, error: WebError) -> None:
        self.problems.append(f"error: {error.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.url}")

    def _failed(self, request: Request) -> None:
        # A page that is left gives up what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.failure} {request.url}")


watches: dict[BrowserContext, Watch] = {}


def forgive(page: Page, *parts: str) -> None:
    """Expect, in this person's browser, problems that hold one of these: "429", "ERR_INTERNET_DISCONNECTED"."""
    watches[page.context].forgiven.extend(parts)


def log_in(page: Page, email: str, password: str) -> None:
    """Come in through the door, and wait until inside."""
    page.goto("/connexion/")
    page.get_by_label("Adresse e-mail", exact=False).fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    # On a telephone it is inside the closed menu.
    expect(page.get_by_role("button", name="Se déconnecter", include_hidden=True).first).to_be_attached()


def step_inside(page: Page, user: User) -> None:
    """Be logged in without the way through the door, which the tests of accounts go."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": watches[page.context].url}])


SETTLED = """() => document.readyState === "complete" && document.fonts.status === "loaded" && !document.querySelector(
  "[data-panel=waiting], .htmx-request, .htmx-swapping, .htmx-settling"
)"""


def settle(page: Page, timeout: float | None = None) -> None:
    """Wait until the page is there with all of its panels; `timeout` in milliseconds, where it is not the usual."""
    page.wait_for_function(SETTLED, timeout=timeout)


def check_axe(page: Page) -> None:
    """Let axe look at the page; it must find nothing."""
    violations = _axe.run(page).response["violations"]
    assert not violations, "\n".join(
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n  {node['html']}\n  {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    )


def check_fits(page: Page) -> None:
    """Nothing of the page reaches out of its width: it scrolls down, never sideways."""
    width, content = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    assert content <= width, f"{page.url} is {content} px wide in a window of {width} px"


NARROWEST = 320
WIDTHS = (1280, 390, NARROWEST)
"""A desk, a telephone, and the width at which nothing may be lost."""


def problems_of(page: Page, widths: Sequence[int] = WIDTHS) -> Iterator[str]:
    """Look at the page as it stands, in each width; yield what is wrong. Ends in the first width.

    Axe finds at 320 px what it finds on a telephone: the layout is the same.
    """
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        for check in (check_fits,) if width == NARROWEST else (check_axe, check_fits):
            try:
                check(page)
            except AssertionError as problem:
                yield f"{page.url} at {width} px: {problem}"
    page.set_viewport_size({"width": widths[0], "height": 800})


def look(page: Page, widths: Sequence[int] = WIDTHS) -> None:
    """Wait for the page, and look at it in each width: axe finds nothing, and it fits."""
    settle(page)
    problems = list(problems_of(page, widths))
    assert not problems, "\n".join(problems)


def focused(page: Page) -> str:
    """Return what the element that has the focus reads."""
    text: str = page.evaluate("document.activeElement.textContent.replace(/\\s+/g, ' ').trim()")
    return text


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus reads so; the keyboard must get there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == words:
            return
    raise AssertionError(f"“{words}” is not within reach of the keyboard")


def tab_to_field(page: Page, name: str) -> None:
    """Press Tab until a field of this name has the focus; the keyboard must get there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"the field {name} is not within reach of the keyboard")


def tick(box: Locator) -> None:
    """Tick a checkbox or radio button by the keyboard.

    The design system draws its own over the real one, and a click by coordinates misses when what loads above
    moves the page meanwhile.
    """
    if not box.is_checked():
        box.press("Space")
    expect(box).to_be_checked()
