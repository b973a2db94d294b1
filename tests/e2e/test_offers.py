"""Slots offered in a message: the card in both conversations, live and without scripts."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from accompaniment.enums import Channel
from tests.e2e.browser import check_axe, check_fits, step_inside
from tests.e2e.chat import aside
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair
from tests.visio.factories import bookable_portfolio, first_slots
from visio.models import Interview, SlotOffer
from visio.services.offers import offer_slots

pytestmark = pytest.mark.e2e


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair(bookable_portfolio())


def offered(two: Pair) -> SlotOffer:
    return offer_slots(
        actor=two.adviser,
        jobseeker=two.jobseeker,
        channel=Channel.VIDEO,
        slots=first_slots(two.jobseeker)[:3],
        text="Quand vous convient-il ?",
        client_id=uuid4(),
    )


def test_the_card_comes_live_and_one_press_books(two: Pair, new_page: NewPage) -> None:
    person, adviser = new_page(width=390, height=844), new_page()
    step_inside(person, two.person)
    person.goto("/messagerie/")
    expect(person.get_by_label("Votre message")).to_be_visible()
    step_inside(adviser, two.adviser)
    adviser.goto(f"/messagerie/{two.conversation.pk}/")
    adviser.get_by_role("link", name="Proposer des créneaux").click()
    check_axe(adviser)
    adviser.get_by_text("En visio").click()
    for place in (0, 1, 2):
        adviser.locator("input[name=slots]").nth(place).check(force=True)
    adviser.get_by_label("Votre message").fill("Quand vous convient-il ?")
    adviser.get_by_role("button", name="Envoyer ces créneaux").click()
    expect(adviser.get_by_text("Pas encore de choix.")).to_be_visible()
    check_axe(adviser)
    expect(person.get_by_text("Réservez un de ces créneaux, en visio")).to_be_visible()
    check_axe(person)
    check_fits(person)
    person.get_by_role("button", name="Réserver").nth(1).press("Enter")
    expect(person.get_by_text("Réservé :")).to_be_visible()
    expect(person.get_by_role("button", name="Réserver")).to_have_count(0)
    check_axe(person)
    adviser.reload()
    expect(adviser.get_by_text("Réservé :")).to_be_visible()
    offer, interview = aside(lambda: (SlotOffer.objects.get(), Interview.objects.get()))
    assert interview.starts_at == offer.slots[1]


def test_without_scripts_the_card_is_a_page(two: Pair, new_page: NewPage) -> None:
    aside(lambda: offered(two))
    page = new_page(java_script_enabled=False)
    step_inside(page, two.person)
    page.goto("/messagerie/")
    page.get_by_role("link", name="Choisir un de ces créneaux").click()
    page.get_by_role("button", name="Réserver").first.click()
    expect(page.get_by_text("Réservé :")).to_be_visible()
    assert aside(Interview.objects.count) == 1
