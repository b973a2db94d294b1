"""Live and stored messages show the reader's own hour, and name its zone if the other side reads another hour."""

import re

import pytest
from playwright.sync_api import Page, expect

from accompaniment.models import Region
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.e2e.browser import step_inside
from tests.e2e.conftest import NewPage
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.e2e


@pytest.fixture
def two(transactional_db: None) -> Pair:
    return pair()


def moved(two: Pair, zone: str) -> None:
    """Move the person's agency to another zone; everybody else is in Paris."""
    Region.objects.update(timezone="Europe/Paris")
    two.jobseeker.agency = AgencyFactory(region=RegionFactory(timezone=zone))
    two.jobseeker.save(update_fields=["agency"])


def hours(page: Page) -> list[str]:
    return [text.replace("\u00a0", " ") for text in page.locator(".message__time").all_inner_texts()]


def both(two: Pair, new_page: NewPage) -> tuple[Page, Page]:
    person, adviser = new_page(), new_page()
    for page, user in ((person, two.person), (adviser, two.adviser)):
        step_inside(page, user)
        page.goto(f"/messagerie/{two.conversation.pk}/")
    return person, adviser


def test_both_sides_read_whose_hour_it_is_live_and_after_a_reload(two: Pair, new_page: NewPage) -> None:
    moved(two, "Indian/Reunion")
    say(two.conversation, two.person, "Un, déjà là")
    person, adviser = both(two, new_page)
    person.get_by_label("Votre message").fill("Deux, vu arriver")
    person.get_by_label("Votre message").press("Enter")
    for page, words in ((person, "heure de La Réunion"), (adviser, "heure de Paris")):
        expect(page.locator(".message__body")).to_have_text(["Un, déjà là", "Deux, vu arriver"])
        expect(page.locator("[data-client]")).to_have_count(0)
        live = hours(page)
        for text in live:
            assert re.fullmatch(rf"\d{{1,2}} h(?: \d\d)? \({words}\)", text)
        titles = page.locator(".message__time").evaluate_all("(times) => times.map((time) => time.title)")
        page.reload()
        assert hours(page) == live
        assert page.locator(".message__time").evaluate_all("(times) => times.map((time) => time.title)") == titles


def test_nothing_is_said_where_both_read_the_same_hour(two: Pair, new_page: NewPage) -> None:
    moved(two, "Europe/Brussels")
    person, adviser = both(two, new_page)
    person.get_by_label("Votre message").fill("Bonjour")
    person.get_by_label("Votre message").press("Enter")
    for page in (person, adviser):
        expect(page.locator(".message__body")).to_have_text(["Bonjour"])
        assert "heure de" not in "".join(hours(page))
