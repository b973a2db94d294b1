"""« Mes notifications »: alerts of this browser are turned on and off, and a refusal of the browser is said.

Chromium asks a push service of its maker for a subscription, and there is none in a test. Only that answer is made up;
the permission, the service worker and the page are real.
"""

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accompaniment.models import Device
from tests.caseload.factories import on_web_track
from tests.e2e.browser import check_axe, check_fits, forgive, step_inside
from tests.e2e.conftest import NewPage

pytestmark = pytest.mark.e2e

KEY = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"
ON, OFF = "Activer les alertes sur cet appareil", "Arrêter les alertes sur cet appareil"
ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc"
SUBSCRIBED = """endpoint => {
  let made = null;
  const coded = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  PushManager.prototype.getSubscription = async () => made;
  PushManager.prototype.subscribe = async options => {
    window.asked = options;
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    const key = await crypto.subtle.exportKey("raw", pair.publicKey);
    const keys = { p256dh: coded(key), auth: coded(new Uint8Array(16)) };
    made = { endpoint, toJSON: () => ({ endpoint, keys }), unsubscribe: async () => { made = null; return true; } };
    return made;
  };
}"""


@pytest.fixture
def page(new_page: NewPage, settings: Settings, transactional_db: None) -> Page:
    """A person's browser, in which alerts of this service are allowed."""
    settings.VAPID_PRIVATE_KEY = KEY
    opened = new_page(width=390, service_workers="allow", permissions=["notifications"])
    step_inside(opened, on_web_track().user)
    return opened


def test_they_are_turned_on_and_off(page: Page) -> None:
    page.goto("/mon-compte/notifications/")
    page.evaluate(SUBSCRIBED, ENDPOINT)
    said = page.locator("notice-device [role=status]")
    expect(page.get_by_role("button", name=OFF)).to_be_hidden()
    page.get_by_role("button", name=ON).press("Enter")
    expect(said).to_have_text("C'est fait\u00a0: cet appareil vous alerte.")
    expect(page.get_by_role("button", name=ON)).to_be_hidden()
    expect(page.get_by_role("button", name=OFF)).to_be_focused()
    assert list(Device.objects.values_list("endpoint", flat=True)) == [ENDPOINT]
    assert page.evaluate("window.asked.userVisibleOnly && window.asked.applicationServerKey.length > 80")
    check_axe(page)
    check_fits(page)
    page.keyboard.press("Enter")
    expect(said).to_have_text("C'est fait\u00a0: cet appareil ne vous alerte plus.")
    expect(page.get_by_role("button", name=ON)).to_be_focused()
    assert not Device.objects.exists()


def test_an_address_that_is_none_of_a_push_service_is_not_kept(page: Page) -> None:
    page.goto("/mon-compte/notifications/")
    page.evaluate(SUBSCRIBED, "https://inside.example/")
    forgive(page, "400")
    page.get_by_role("button", name=ON).click()
    expect(page.locator("notice-device [role=status]")).to_have_text("Cela n'a pas abouti. Réessayez plus tard.")
    expect(page.get_by_role("button", name=ON)).to_be_focused()
    assert page.evaluate("PushManager.prototype.getSubscription()") is None
    assert not Device.objects.exists()


def test_without_a_push_service_the_page_says_that_it_failed(page: Page) -> None:
    """The answer of this Chromium, whose windows of tests reach none."""
    forgive(page, "Push API")
    page.goto("/mon-compte/notifications/")
    page.get_by_role("button", name=ON).click()
    expect(page.locator("notice-device [role=status]")).to_have_text("Cela n'a pas abouti. Réessayez plus tard.")
    expect(page.get_by_role("button", name=ON)).to_be_enabled()
    assert not Device.objects.exists()


def test_a_browser_that_allows_none_says_where_to_change_that(page: Page) -> None:
    page.context.clear_permissions()
    page.goto("/mon-compte/notifications/")
    page.get_by_role("button", name=ON).click()
    expect(page.locator("notice-device [role=status]")).to_contain_text("Votre navigateur n'autorise pas les alertes")
    assert not Device.objects.exists()
