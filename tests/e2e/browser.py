"""What tests with browsers say again and again."""

from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response, WebError, expect

_axe = Axe()


@dataclass
class Watch:
    """What went wrong in one person's browser without the person's doing."""

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
        # The status of a response is judged below, with its address.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
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


def tick(box: Locator) -> None:
    """Tick a checkbox or radio button by the keyboard.

    The design system draws its own over the real one, and a click by coordinates misses when what loads above
    moves the page meanwhile.
    """
    if not box.is_checked():
        box.press("Space")
    expect(box).to_be_checked()
