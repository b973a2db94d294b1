"""The first visit of a page on a telephone, compared with a page of the design system's stylesheet and nothing else.

Chromium at 390 px, 1.6 Mbit/s, 150 ms of latency, a processor at a quarter of its speed, and an empty cache. The small
size opens only the log-in page, once, without the demonstration, and lets the processor be.
"""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, sync_playwright

from accompaniment.models import User
from config.asgi import application
from config.demonstration.logins import ADVISER, JOBSEEKER
from messaging.models import Conversation
from tests.benchmarks import databases
from tests.benchmarks.rows import RUNS, Row, Size, Target
from tests.e2e.browser import CHROMIUM
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.server import LiveServer, Receive, Send

NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = {Size.FULL: 4, Size.SMALL: 1}
TELEPHONE = {"width": 390, "height": 844}
LONGEST_PAINT = 1500  # ms
LONGEST_BESIDE = 1.8
"""The same limit as a ratio. On a quiet machine the other side paints after about 830 ms."""
HEAVIEST, HEAVIEST_BLOCKING = 90_000, 30_000  # bytes

ALONE = "/the-design-system-alone/"
ALONE_PAGE = b"""<!DOCTYPE html><html lang="fr"><title>Seule</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/static/dsfr/dist/dsfr.main.min.css"><h1>Accompagnement 100 % web</h1>"""

FACTS = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const resources = performance.getEntriesByType("resource");
    done({
      paint: list.getEntries().at(-1).startTime,
      blocking: resources.filter((one) => one.renderBlockingStatus === "blocking").map((one) => one.name),
    });
  }).observe({ type: "largest-contentful-paint", buffered: true });
})"""


@dataclass
class Visit:
    """What one first visit cost: milliseconds to the largest paint, and bytes as they were sent.

    `loaded` counts all of them, fonts included, and the heads of the answers.
    """

    paint: float
    loaded: int
    blocking: int
    fonts: int
    heads: int
    answers: int


def run(size: Size) -> list[Row]:
    """Return the 75th percentile of the largest paint of each page."""
    databases.fresh("first_page")
    pages = _pages() if size is Size.FULL else {"log-in": (reverse("login"), None)}
    runs = RUNS if size is Size.FULL else 1
    with _server() as url, _chromium() as browser:
        visit = partial(_visit, browser, url, SLOWER[size])
        if size is Size.FULL:
            for address, user in (*pages.values(), (ALONE, None)):
                visit(address, user)  # templates, copies of files
        return [_row(name, runs, visit, *page) for name, page in pages.items()]


def _pages() -> dict[str, tuple[str, User | None]]:
    call_command("seed_demo", verbosity=0)
    jobseeker, adviser = (User.objects.get(email=login.email) for login in (JOBSEEKER, ADVISER))
    conversation = Conversation.objects.get(jobseeker__email=JOBSEEKER.email)
    return {
        "log-in": (reverse("login"), None),
        "Mon espace": (reverse("space"), jobseeker),
        "Ma journée": (reverse("my_day"), adviser),
        "a conversation": (reverse("conversation", args=[conversation.pk]), adviser),
    }


def _row(name: str, runs: int, visit: partial[Visit], address: str, user: User | None) -> Row:
    ours, alone = [], []
    for _ in range(runs):
        ours.append(visit(address, user))
        alone.append(visit(ALONE, None))
    paint, other = (_p75([one.paint for one in visits]) for visits in (ours, alone))
    heaviest = max(ours, key=lambda one: one.loaded)
    return Row(
        f"first page, {name}",
        paint,
        other,
        "ms",
        Target.AT_MOST,
        LONGEST_BESIDE,
        [
            (f"largest paint within {LONGEST_PAINT} ms", paint <= LONGEST_PAINT),
            (
                f"{heaviest.loaded / 1000:.1f} kB loaded, {heaviest.fonts / 1000:.1f} of them fonts, at most 90 kB",
                heaviest.loaded <= HEAVIEST,
            ),
            (
                f"{heaviest.blocking / 1000:.1f} kB of it blocking, at most 30 kB",
                heaviest.blocking <= HEAVIEST_BLOCKING,
            ),
        ],
        [
            f"{heaviest.heads / 1000:.1f} kB are heads of {heaviest.answers} answers; HTTP/2 repeats nothing of them",
        ],
    )


def _p75(values: list[float]) -> float:
    return sorted(values)[math.ceil(len(values) * 0.75) - 1]


def _visit(browser: Browser, url: str, slower: int, address: str, user: User | None) -> Visit:
    context = browser.new_context(base_url=url, viewport=TELEPHONE, device_scale_factor=2, is_mobile=True)
    try:
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": session.key, "value": session.value, "url": url}])
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        for command, options in (
            ("Network.enable", {}),
            ("Network.emulateNetworkConditions", NETWORK),
            ("Emulation.setCPUThrottlingRate", {"rate": slower}),
        ):
            devtools.send(command, options)
        addresses: dict[str, str] = {}
        bytes_of: dict[str, float] = {}

        def asked(event: dict[str, Any]) -> None:
            addresses[event["requestId"]] = event["request"]["url"]

        def came(event: dict[str, Any]) -> None:
            where = addresses.get(event["requestId"], "")
            bytes_of[where] = bytes_of.get(where, 0) + event["encodedDataLength"]

        heads: list[float] = []

        def answered(event: dict[str, Any]) -> None:
            heads.append(event["response"]["encodedDataLength"])

        devtools.on("Network.requestWillBeSent", asked)
        devtools.on("Network.responseReceived", answered)
        devtools.on("Network.loadingFinished", came)
        answer = page.goto(address, wait_until="networkidle")
        if answer is None or answer.status != 200:
            raise RuntimeError(f"{address} answered {answer and answer.status}")
        facts = page.evaluate(FACTS)
        fonts = sum(size for name, size in bytes_of.items() if urlsplit(name).path.endswith(".woff2"))
        return Visit(
            facts["paint"],
            int(sum(bytes_of.values())),
            int(sum(bytes_of.get(name, 0) for name in facts["blocking"])),
            int(fonts),
            int(sum(heads)),
            len(heads),
        )
    finally:
        context.close()


@contextmanager
def _chromium() -> Iterator[Browser]:
    # Playwright runs its event loop in this thread, where Django would refuse every query.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextmanager
def _server() -> Iterator[str]:
    server = LiveServer(_with_the_system_alone)
    server.start()
    yield server.url
    server.stop()


async def _with_the_system_alone(scope: Any, receive: Receive, send: Send) -> None:
    if scope["type"] != "http" or scope["path"] != ALONE:
        await application(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": ALONE_PAGE})
