"""Typing in the search of a portfolio of 250 people, in a slow Chromium, beside the same page without script.

A letter takes from its key to the next paint; of each visit the slowest one counts. Beside it stands the longest task
of the page while it loads, and while the answers of the server come. A task that waits for a processor grows longer, so
its processor time, which other programs hardly change, is named too.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, Route, sync_playwright

from caseload.models import Portfolio
from config.asgi import application
from tests.benchmarks import databases
from tests.benchmarks.crowd import crowd
from tests.benchmarks.rows import RUNS, Row, Size, Target, in_turn
from tests.e2e.browser import CHROMIUM
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.server import LiveServer

PEOPLE = {Size.FULL: 250, Size.SMALL: 20}
SLOWER = {Size.FULL: (1, 4), Size.SMALL: (1,)}
"""How many times slower than this machine the browser's is. A slow one takes as much of the processor."""
MOST_FOR_A_LETTER = 100  # ms
LONGEST_TASK = 50  # ms
TYPED = "mar"
PAUSE = 400
"""Milliseconds between two letters: the answer to the first comes before the second."""

WATCHED = """
window.letters = [];
document.addEventListener("keydown", ({ timeStamp }) => {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.letters.push(performance.now() - timeStamp);
    port2.postMessage(null);
  });
}, { capture: true });
"""


@dataclass
class Task:
    """A task of the page: milliseconds from its begin to its end, and of these its own on a processor."""

    whole: float
    own: float

    def __str__(self) -> str:
        return f"{self.own:.0f} ms of processor time, {self.whole:.0f} with what others took meanwhile"


@dataclass
class Visit:
    """Milliseconds of the slowest letter, and the longest tasks, of one visit."""

    letter: float
    loading: Task
    typing: Task


def run(size: Size) -> list[Row]:
    """Return the time of a letter, and the longest tasks, with all people of a portfolio, for each speed."""
    people = PEOPLE[size]
    name = databases.fresh("list")
    crowd(people, in_portfolio=people)
    client = Client()
    client.force_login(Portfolio.objects.get(occupied=people).adviser.user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    server = LiveServer(application)
    server.start()
    # Playwright runs an event loop in this thread, where Django would refuse every query.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        visit = partial(_visit, browser, server.url, cookie)
        visit(1)  # templates, copies of files
        runs = RUNS if size is Size.FULL else 1
        rows = [_row(people, slower, visit, runs) for slower in SLOWER[size]]
        browser.close()
    server.stop()
    databases.drop(name)
    return rows


def _row(people: int, slower: int, visit: Callable[..., Visit], runs: int) -> Row:
    ours, theirs = in_turn(partial(visit, slower), partial(visit, slower, scripts=False), runs=runs)
    letter, bare = (median(one.letter for one in side) for side in (ours, theirs))
    loading, typing = (_median([one.loading for one in ours]), _median([one.typing for one in ours]))
    without = _median([one.loading for one in theirs])
    speed = "at full speed" if slower == 1 else f"at 1/{slower} of its speed"
    return Row(
        f"list of {people}: the slowest letter in its search, the browser {speed}",
        letter,
        bare,
        "ms",
        Target.AT_MOST,
        None,
        [
            (f"at most {MOST_FOR_A_LETTER} ms", letter <= MOST_FOR_A_LETTER),
            (f"no task over {LONGEST_TASK} ms while the page loads ({loading})", loading.own <= LONGEST_TASK),
            (f"no task over {LONGEST_TASK} ms while one types ({typing})", typing.own <= LONGEST_TASK),
        ],
        [f"the longest task while the page loads without script: {without}"],
    )


def _median(tasks: list[Task]) -> Task:
    return Task(median(one.whole for one in tasks), median(one.own for one in tasks))


def _visit(browser: Browser, url: str, cookie: str, slower: int, *, scripts: bool = True) -> Visit:
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800}, locale="fr-FR")
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
    page = context.new_page()
    if not scripts:
        page.route("**/*.js", _abort)
    page.add_init_script(WATCHED)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    browser.start_tracing(page=page, categories=["toplevel"])
    page.goto("/portefeuille/")
    page.wait_for_load_state("networkidle")
    loading = _longest(browser.stop_tracing())
    page.get_by_label("Rechercher un nom ou un identifiant").focus()
    browser.start_tracing(page=page, categories=["toplevel"])
    for letter in TYPED:
        _press(page, letter)
    for _ in TYPED:
        _press(page, "Backspace")
    typing = _longest(browser.stop_tracing())
    letters = page.evaluate("() => window.letters")
    if len(letters) != 2 * len(TYPED):
        raise RuntimeError(f"{len(letters)} letters were seen of {2 * len(TYPED)}")
    context.close()
    return Visit(max(letters), loading, typing)


def _longest(trace: bytes) -> Task:
    """Return the longest task of the thread that draws a page."""
    events = json.loads(trace)["traceEvents"]
    drawing = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        Task(event["dur"] / 1000, event["tdur"] / 1000)
        for event in events
        if "tdur" in event and (event["pid"], event["tid"]) in drawing
    ]
    return max(tasks, key=lambda task: task.own, default=Task(0, 0))


def _press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.wait_for_timeout(PAUSE)
    page.wait_for_load_state("networkidle")


def _abort(route: Route) -> None:
    route.abort()
