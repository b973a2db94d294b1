"""The jobseeker's own pages on a phone, with and without scripts: what comes first is in sight, no page is endless."""

import re
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accompaniment.models import Agency, User
from config.demonstration.logins import JOBSEEKER
from tests.caseload.factories import follower
from tests.e2e.browser import look, settle, step_inside, wait_until
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import come_to_rest, jobseeker_pages
from tests.visio.states_of_the_space import with_interview

pytestmark = pytest.mark.e2e

PANELS = ("panel_next_step", "space_adviser_panel")
HIGHEST = 2000  # px, of a page whose journals are folded
SMALLEST_RIGHT = 44  # px
RIGHTS = """() => [...document.querySelectorAll(".frame-rights__act")].map((act) => {
  const { top, height } = act.getBoundingClientRect();
  return [top, height, act.scrollWidth > act.clientWidth];
})"""


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
    # The three rights stand in one row, also where one of them is already asked for.
    page.locator(".frame-rights__act").nth(1).evaluate("(act) => act.append('\u00a0: demandé')")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 640})
        rights = page.evaluate(RIGHTS)
        assert len(rights) == 3
        assert len({top for top, _, _ in rights}) == 1, f"at {width} px a right stands below the others"
        assert all(height >= SMALLEST_RIGHT and not is_cut for _, height, is_cut in rights), width
    page.set_viewport_size({"width": 390, "height": 844})
    # Whoever turns the pages of a journal finds it open.
    page.get_by_role("link", name="Consultations seules").click()
    expect(page.locator("details#journal")).to_have_attribute("open", "")
    look(page, [390])


@pytest.mark.parametrize("scripts", [True, False])
def test_what_comes_next_and_who_answers_come_with_the_page(new_page: NewPage, scripts: bool) -> None:
    """Kind: a part that scripts ask for although the page has it. The live region speaks only of what changes."""
    person = with_interview()
    Agency.objects.update(phone="+33388000001")
    asked: list[str] = []
    page = new_page(width=390, height=844, java_script_enabled=scripts)
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    step_inside(page, person.user)
    page.goto(reverse("space"))
    card = page.get_by_role("region", name=re.compile("^(Lundi|Mardi|Mercredi|Jeudi|Vendredi|Samedi|Dimanche)"))
    expect(card).to_contain_text("Ma prochaine étape")
    expect(card.get_by_role("link", name="Tester mon matériel")).to_be_visible()
    who = page.get_by_role("region", name="Mon conseiller")
    expect(who).to_contain_text(str(follower(person).adviser))
    expect(who.locator("a[href^='tel:']")).to_be_visible()
    if scripts:
        settle(page)
        assert asked.count(reverse("interview_band")) == 1
        expect(page.locator("#annonces")).to_have_text("")
    assert [place for place in asked if place in map(reverse, PANELS)] == []

    card.get_by_role("link", name="Déplacer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Déplacer")
