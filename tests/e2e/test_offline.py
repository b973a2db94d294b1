"""Without network a page of ours says what to do, what was typed is kept, and no cache holds a person's page."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accompaniment.models import OnSiteRequest
from tests.accompaniment.factories import PASSWORD, JobseekerFactory
from tests.e2e.browser import (
    check_axe,
    check_fits,
    expect_inside,
    forgive,
    log_in,
    log_out_button,
    settle,
    toasts,
    wait_until,
)
from tests.e2e.conftest import NewPage

pytestmark = pytest.mark.e2e

INSTALLED_WITHIN = 60.0
"""Seconds. A browser installs a worker beside the pages, and after them when the machine is busy."""

ADDRESS = "/etre-recu/"
TEXT = "Un fauteuil roulant à faire entrer."
TITLE = "La connexion est coupée"
IN_CHARGE = """navigator.serviceWorker.controller?.state === "activated" """
CACHES = """async () => {
  const found = {};
  for (const name of await caches.keys()) {
    const kept = await (await caches.open(name)).keys();
    found[name] = kept.map((request) => new URL(request.url).pathname);
  }
  return found;
}"""
NAMES = "caches.keys()"
KEPT = ["/hors-connexion/", "/static/frame/favicon.svg", "/static/dsfr/dist/used.css", "/static/frame/offline.js"]


def caches(page: Page) -> dict[str, list[str]]:
    found: dict[str, list[str]] = page.evaluate(CACHES)
    return found


def wait_for_caches(page: Page, accepted: Callable[[list[str]], bool]) -> None:
    """Wait until the names of the caches are accepted. The browser says when it has them, and not at once.

    Ask for the names alone: to open a cache that the worker has just removed would make it again.
    """
    end = time.monotonic() + INSTALLED_WITHIN
    while not accepted(names := page.evaluate(NAMES)):
        assert time.monotonic() < end, names
        page.wait_for_timeout(50)


def visitor(new_page: NewPage, **options: Any) -> Page:
    """Return a page of a browser that runs service workers, as real ones do, after a log-in."""
    page = new_page(service_workers="allow", **options)
    forgive(page, "ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_NETWORK_CHANGED")
    log_in(page, JobseekerFactory(with_account=True).user.email, PASSWORD)
    # A page that was on its way while the worker became active stays without it; the next one is in its charge.
    wait_until(page, "navigator.serviceWorker.getRegistration().then((found) => found?.active?.state === 'activated')")
    page.reload()
    wait_until(page, IN_CHARGE)
    settle(page)
    return page


def heading(page: Page) -> Any:
    return expect(page.get_by_role("heading", level=1))


def test_without_network_a_page_of_ours_shows_and_what_was_typed_comes_back(new_page: NewPage) -> None:
    page = visitor(new_page, width=390, height=844)
    page.goto(ADDRESS)
    settle(page)
    page.get_by_role("textbox").fill(TEXT)
    page.context.set_offline(True)
    # The form does not leave. Its page is shown again, so that a reload sends nothing.
    page.get_by_role("button", name="Demander un rendez-vous").click()
    heading(page).to_have_text(TITLE)
    assert page.url.endswith(ADDRESS)
    expect(page.get_by_role("link", name="01 99 00 00 01")).to_have_attribute("href", "tel:0199000001")
    assert page.evaluate("getComputedStyle(document.querySelector('.fr-btn')).backgroundColor") == "rgb(0, 0, 145)"
    check_axe(page)
    check_fits(page)
    page.get_by_role("link", name="Réessayer").click()
    heading(page).to_have_text(TITLE)
    page.context.set_offline(False)
    expect(page.get_by_role("textbox")).to_have_value(TEXT)
    assert not OnSiteRequest.objects.exists()
    settle(page)
    page.get_by_role("button", name="Demander un rendez-vous").click()
    expect(page.get_by_text(TEXT)).to_be_visible()
    assert OnSiteRequest.objects.get().comment == TEXT


def test_after_the_log_out_nothing_of_the_person_comes_from_a_cache(new_page: NewPage) -> None:
    page = visitor(new_page)
    page.goto("/mon-espace/")
    settle(page)
    assert list(caches(page).values()) == [KEPT]
    log_out_button(page).click()
    expect(toasts(page)).to_contain_text("Vous êtes déconnecté")
    wait_until(page, IN_CHARGE)
    assert list(caches(page).values()) == [KEPT]
    assert page.evaluate("Object.keys(localStorage).length") == 0
    settle(page)
    page.context.set_offline(True)
    page.go_back()
    heading(page).to_have_text(TITLE)
    page.goto("/mon-espace/")
    heading(page).to_have_text(TITLE)


def test_a_new_version_replaces_the_old_one_and_a_withdrawn_one_goes(new_page: NewPage, settings: Settings) -> None:
    page = visitor(new_page)
    [first] = caches(page)
    settings.OPERATOR_PHONE = "01 99 00 00 09"
    page.goto(ADDRESS)  # the browser asks for the worker at each page
    settle(page)
    wait_for_caches(page, lambda names: len(names) == 1 and names != [first])
    wait_until(page, IN_CHARGE)
    page.context.set_offline(True)
    page.goto(ADDRESS)
    expect(page.get_by_role("link", name="01 99 00 00 09")).to_be_visible()
    settings.WITHDRAW_SERVICE_WORKER = True
    page.context.set_offline(False)  # and the page comes back by itself
    expect_inside(page)
    settle(page)
    wait_for_caches(page, lambda names: names == [])
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((found) => found.length)") == 0
