"""One server and one Chromium per worker; a browser of their own for each person of a test."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.asgi import application
from tests.e2e.browser import Watch, watches
from tests.e2e.server import LiveServer

NewPage = Callable[..., Page]

PATIENCE = 10_000
"""Milliseconds that a person waits for something before giving up."""

ARGUMENTS = (
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


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium for this package's tests of this worker.

    Playwright runs its event loop in this very thread, where Django would then refuse every query, and
    pytest-asyncio every test. So both end with the package, and until then Django is told that it is all right:
    no other code runs on that loop.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*ARGUMENTS])
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
    """The house over HTTP and websockets, on the test database; at rest again before the tables are emptied."""
    yield running_server
    running_server.application.wait_until_idle()


@pytest.fixture
def new_page(browser: Browser, server: LiveServer) -> Iterator[NewPage]:
    """Open a browser for one more person: `new_page()`, `new_page(width=390, permissions=["camera"])`.

    At the end nothing may have gone wrong in any of them: no error in the console, no breach of the content
    security policy, no failed answer (`forgive` names those that a test means to cause).
    """
    contexts: list[BrowserContext] = []

    def open_page(*, width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = browser.new_context(
            base_url=server.url, viewport={"width": width, "height": height}, locale="fr-FR", **options
        )
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
    """The browser of the one person of a test."""
    return new_page()
