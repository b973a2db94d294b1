"""« À la suite » with the keyboard alone."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import Conversation, WaitEnd
from tests.caseload.factories import PortfolioFactory
from tests.e2e.browser import check_axe, look, step_inside
from tests.e2e.chat import aside
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e


@pytest.fixture
def four(transactional_db: None) -> list[Pair]:
    portfolio = PortfolioFactory()
    pairs = [pair(portfolio) for _ in range(4)]
    for hours, one in enumerate(pairs):
        with time_machine.travel(timezone.now() - timedelta(hours=20 - hours)):
            say(one.conversation, one.person, f"Question {hours}")
    return pairs


def expect_on(page: Page, one: Pair) -> None:
    expect(page).to_have_url(re.compile(rf"/a-la-suite/{one.conversation.pk}/"))
    expect(page.get_by_label("Votre message")).to_be_focused()


def waits(one: Pair) -> bool:
    return aside(lambda: Conversation.objects.awaiting_reply().filter(pk=one.conversation.pk).exists())


def test_a_sitting_without_the_list_and_without_the_mouse(page: Page, four: list[Pair]) -> None:
    first, second, third, fourth = four
    step_inside(page, first.adviser)
    page.goto("/ma-journee/")
    expect(page.get_by_role("link", name="Répondre à la suite")).to_be_visible()
    page.keyboard.press("s")
    expect_on(page, first)
    look(page)
    page.keyboard.type("Voici ma réponse")
    page.keyboard.press("Enter")
    expect_on(page, second)
    assert not waits(first)
    page.keyboard.press("Alt+Shift+S")
    expect_on(page, third)
    assert waits(second)
    page.keyboard.press("Alt+Shift+R")
    expect_on(page, fourth)
    assert aside(lambda: WaitEnd.objects.get().conversation_id) == third.conversation.pk
    # The first press closes what is open, the next one leaves.
    page.keyboard.press("Alt+Shift+D")
    expect(page.get_by_role("button", name="Demain")).to_be_visible()
    check_axe(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Demain")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/ma-journee/"))


def test_a_message_that_is_not_acknowledged_opens_nothing(page: Page, four: list[Pair]) -> None:
    """Kind: an act that counts as done because it was sent. This socket takes everything and answers nothing."""
    first, *_ = four
    step_inside(page, first.adviser)
    page.route_web_socket(re.compile("/ws/messagerie/"), lambda socket: None)
    page.goto("/messagerie/a-la-suite/")
    expect_on(page, first)
    page.keyboard.type("Voici ma réponse")
    page.keyboard.press("Enter")
    expect(page.locator("[data-client]")).to_have_text(re.compile("Envoi…"))
    expect_on(page, first)
    assert waits(first)
