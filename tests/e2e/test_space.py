"""The pages of the demonstration's jobseeker on a phone: what comes first is in sight, and no page goes on and on."""

import pytest
from playwright.sync_api import expect

from accompaniment.models import User
from config.demonstration.logins import JOBSEEKER
from tests.e2e.browser import look, step_inside, wait_until
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import come_to_rest, jobseeker_pages

pytestmark = pytest.mark.e2e

HIGHEST = 2000  # px, of a page whose journals are folded


@pytest.mark.usefixtures("demonstration")
def test_the_next_step_is_in_sight_and_the_journals_are_folded(new_page: NewPage) -> None:
    addresses = jobseeker_pages()
    page = new_page(width=390, height=844)
    step_inside(page, User.objects.get(email=JOBSEEKER.email))
    assert list(come_to_rest(page, addresses["space"])) == []
    card = page.locator(".space-card--next")
    assert page.evaluate("scrollY") == 0
    for button in card.get_by_role("link").all():
        expect(button).to_be_in_viewport(ratio=1)

    for name in ("my_accompaniment", "own_data"):
        assert list(come_to_rest(page, addresses[name])) == []
        wait_until(page, "document.fonts.check('1em Marianne')")  # the letters of another font need more lines
        assert page.evaluate("document.documentElement.scrollHeight") < HIGHEST, name
        journal = page.locator("details#journal")
        expect(journal.locator("summary")).to_contain_text("la dernière du")
        journal.locator("summary").press("Enter")
        expect(journal.get_by_role("listitem").or_(journal.get_by_role("row")).last).to_be_visible()
    # Whoever turns the pages of a journal finds it open.
    page.get_by_role("link", name="Consultations seules").click()
    expect(page.locator("details#journal")).to_have_attribute("open", "")
    look(page, [390])
