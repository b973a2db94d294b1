"""A long conversation: where it opens, what loads above, and a message that a search has found."""

import pytest
from playwright.sync_api import Page, expect

from messaging.models import ReadMark
from messaging.services.conversations import mark_read
from tests.e2e.browser import check_axe, check_fits, step_inside
from tests.e2e.chat import aside
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e

PLACE = """() => document.querySelector("#message-101").getBoundingClientRect().top"""


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


def talk(two: Pair, count: int) -> None:
    for number in range(1, count + 1):
        say(two.conversation, two.person if number % 8 == 0 else two.adviser, f"Message {number}")


def opened(two: Pair, new_page: NewPage, address: str = "/messagerie/") -> Page:
    page = new_page()
    step_inside(page, two.person)
    page.goto(address)
    return page


def test_older_messages_load_above_without_a_jump(two: Pair, new_page: NewPage) -> None:
    aside(lambda: talk(two, 180))
    aside(lambda: mark_read(actor=two.person, conversation_id=two.conversation.pk, number=180))
    page = opened(two, new_page)
    expect(page.locator(".message")).to_have_count(100)
    page.evaluate("document.querySelector('[data-log]').scrollTop = 0")
    expect(page.locator(".message")).to_have_count(150)
    older = page.get_by_role("link", name="Messages plus anciens")
    older.focus()
    before = page.evaluate(PLACE)
    older.press("Enter")
    expect(page.locator(".message")).to_have_count(180)
    assert abs(page.evaluate(PLACE) - before) < 1
    expect(page.locator("[data-log]")).to_be_focused()
    expect(page.get_by_role("link", name="Messages plus anciens")).to_have_count(0)
    # Each in its place, and each day once.
    numbers = page.locator("[data-number]").evaluate_all("(rows) => rows.map((row) => Number(row.dataset.number))")
    assert numbers == list(range(1, 181))
    expect(page.locator("[data-day]")).to_have_count(1)
    assert page.locator("[data-list] > :first-child").get_attribute("data-day")
    check_axe(page)


def test_a_conversation_opens_at_the_first_unread_message_however_many_came(two: Pair, new_page: NewPage) -> None:
    """Kind: a page of fixed length that begins in the middle of what is new, and a count of that page alone."""
    aside(lambda: talk(two, 160))
    aside(lambda: mark_read(actor=two.person, conversation_id=two.conversation.pk, number=20))
    page = opened(two, new_page)
    expect(page.get_by_text("Nouveaux messages").first).to_be_in_viewport()
    expect(page.locator("#message-21")).to_be_in_viewport()
    expect(page.locator("#message-16")).to_be_attached()
    unread = 140 - len([number for number in range(21, 161) if number % 8 == 0])
    # Those that are in sight count as read a moment later.
    assert page.title().startswith("(")
    assert unread - 30 <= int(page.title()[1:].split(")")[0]) <= unread
    page.get_by_label("Votre message").focus()
    expect(page.locator("#message-21")).to_be_in_viewport()
    aside(lambda: expect_mark(two))


def expect_mark(two: Pair) -> None:
    mark = ReadMark.objects.filter(user=two.person).get()
    assert 20 <= mark.number < 60


def test_a_hit_of_the_search_opens_at_its_place(two: Pair, new_page: NewPage) -> None:
    aside(lambda: talk(two, 130))
    page = opened(two, new_page)
    page.get_by_role("link", name="Chercher dans mes messages").click()
    page.get_by_label("Un ou plusieurs mots").fill("mesage 11")
    page.get_by_label("Un ou plusieurs mots").press("Enter")
    expect(page.get_by_text("1 message trouvé.")).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        check_axe(page)
        check_fits(page)
    page.get_by_role("link", name="Message 11").click()
    expect(page.locator("#message-11")).to_be_in_viewport(ratio=1)
    assert (
        page.locator("#message-11 .message__body").evaluate("(body) => getComputedStyle(body).outlineStyle") == "solid"
    )
    check_axe(page)
    page.get_by_role("link", name="Revenir aux derniers messages").click()
    expect(page.locator("#message-130")).to_be_in_viewport()
