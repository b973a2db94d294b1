"""Helpers for tests of a conversation in a browser."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection
from playwright.sync_api import Page, expect

T = TypeVar("T")


CUT = "Connexion coupée — vos messages partiront dès son retour."


def aside(act: Callable[[], T]) -> T:
    """Do server-side work in another thread, because Playwright's event loop runs in this one."""

    def run() -> T:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def write(page: Page, text: str) -> None:
    page.get_by_label("Votre message").fill(text)
    page.get_by_label("Votre message").press("Enter")


def expect_shown(page: Page, *bodies: str) -> None:
    expect(page.locator(".message__body")).to_have_text(list(bodies))
