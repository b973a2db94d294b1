"""Typing in the search of a portfolio of 250 people, in a slow Chromium, beside the same page without script.

A letter takes from its key to the next paint; of each visit the slowest one counts. Beside it stands the longest task
of the page while it loads, and while the answers of the server come.
"""

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
SLOWER = {Size.FULL: 4, Size.SMALL: 1}
"""How many times slower than this machine the browser's is. A slow one takes as much of the processor."""
MOST_FOR_A_LETTER = 100  # ms
LONGEST_TASK = 50  # ms
TYPED = "mar"
PAUSE = 400
"""Milliseconds between two letters: the answer to the first comes before the second."""

WATCHED = """
window.letters = [];
window.tasks = [];
new PerformanceObserver((found) => {
  for (const { startTime, duration } of found.getEntries()) window.tasks.push({ startTime, duration });
}).observe({ type: "longtask", buffered: true });
document.addEventListener("keydown", ({ timeStamp }) => {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.letters.push(performance.now() - timeStamp);
    port2.postMessage(null);
  });
}, { capture: true });
"""
TASKS = "() => window.tasks.splice(0).reduce((longest, { duration }) => Math.max(longest, duration), 0)"


def run(size: Size) -> list[Row]:
    """Return the time of a letter, and the longest tasks, with all people of a portfolio."""
    people, slower = PEOPLE[size], SLOWER[size]
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
        letter = partial(_letter, browser, server.url, cookie, slower)
        runs = RUNS if size is Size.FULL else 1
        ours, theirs = in_turn(letter, partial(letter, scripts=False), runs=runs)
        browser.close()
    server.stop()
    databases.drop(name)
    seconds = [median(one["letter"] for one in side) for side in (ours, theirs)]
    loading, typing = (median(one[what] for one in ours) for what in ("loading", "typing"))
    bare = median(one["loading"] for one in theirs)
    return [
        Row(
            f"list of {people}: the slowest letter in its search, the browser at 1/{slower} of its speed",
            seconds[0],
            seconds[1],
            "ms",
            Target.AT_MOST,
            None,
            [
                (f"at most {MOST_FOR_A_LETTER} ms", seconds[0] <= MOST_FOR_A_LETTER),
                (f"no task over {LONGEST_TASK} ms while one types ({typing:.0f} ms)", typing <= LONGEST_TASK),
            ],
            [f"the longest task while the page loads: {loading:.0f} ms, without script {bare:.0f} ms"],
        )
    ]


def _letter(browser: Browser, url: str, cookie: str, slower: int, *, scripts: bool = True) -> dict[str, float]:
    """Return the time of the slowest letter, and the longest tasks, of one visit, in milliseconds."""
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800}, locale="fr-FR")
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
    page = context.new_page()
    if not scripts:
        page.route("**/*.js", _abort)
    page.add_init_script(WATCHED)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto("/portefeuille/")
    page.wait_for_load_state("networkidle")
    loading = page.evaluate(TASKS)
    page.get_by_label("Rechercher un nom ou un identifiant").focus()
    for letter in TYPED:
        _press(page, letter)
    for _ in TYPED:
        _press(page, "Backspace")
    letters, typing = page.evaluate("() => window.letters"), page.evaluate(TASKS)
    if len(letters) != 2 * len(TYPED):
        raise RuntimeError(f"{len(letters)} letters were seen of {2 * len(TYPED)}")
    context.close()
    return {"letter": max(letters), "loading": loading, "typing": typing}


def _press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.wait_for_timeout(PAUSE)
    page.wait_for_load_state("networkidle")


def _abort(route: Route) -> None:
    route.abort()
