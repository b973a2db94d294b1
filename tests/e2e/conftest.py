"""One server and one Chromium per worker, and a separate browser context for each person of a test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from config.asgi import application
from tests.accompaniment import factories
from tests.e2e.browser import CHROMIUM, Watch, watches
from tests.e2e.demonstration import demonstration, load_demonstration
from tests.e2e.server import LiveServer

__all__ = ("demonstration", "load_demonstration")

NewPage = Callable[..., Page]

PATIENCE = 20_000
"""Milliseconds that a page may take to show something, on a slow machine where other tests run."""

PARTS_OF_CHROMIUM_LEFT_OUT = (
    # Two pages behind the address bar, which each new window would load: two fifths of what a window costs.
    "WebUIOmniboxPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxAimPopup",
    # What Playwright leaves out; its own list is replaced by this one.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)

ARGUMENTS = (
    f"--disable-features={','.join(PARTS_OF_CHROMIUM_LEFT_OUT)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(autouse=True)
def _no_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every message leave at once, at whatever hour a test runs; `hours=True` makes an agency that closes."""
    monkeypatch.setattr(factories, "OPENS_BY_DEFAULT", False)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of this package in this worker.

    Playwright runs its event loop in this thread. There Django would refuse every query, and pytest-asyncio every test.
    Both browser and loop end with the package, and until then Django is told to allow queries: no other code runs on
    that loop.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def running_server() -> Iterator[LiveServer]:
    server = LiveServer(application)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running_server: LiveServer, transactional_db: None) -> Iterator[LiveServer]:
    """The whole service over HTTP and websockets, on the test database. It is idle before the tables are emptied."""
    yield running_server
    running_server.application.wait_until_idle()


@pytest.fixture
def new_page(browser: Browser, server: LiveServer) -> Iterator[NewPage]:
    """Open a browser for one more person: `new_page()`, `new_page(width=390, permissions=["camera"])`.

    The test fails at the end if there was an error in a console, a violation of the content security policy or a failed
    answer. `forgive` names the problems that a test causes on purpose. The service worker, which would ask for its
    files after each page, has its own tests.
    """
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = 1280, height: int = 800, **options: Any) -> Page:
        usual = {"locale": "fr-FR", "service_workers": "block", "viewport": {"width": width, "height": height}}
        context = browser.new_context(base_url=server.url, **usual | options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        watch = watches[context] = Watch(server.url)
        watch.attach(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    problems = [problem for context in contexts for problem in watches.pop(context).unforgiven()]
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """The browser of a test that has only one person."""
    return new_page()
