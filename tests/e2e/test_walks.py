"""The pages of the demonstration, walked by keyboard: no focused element is hidden, cut or too small."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from accompaniment.models import User
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER, DemonstrationLogin
from tests.e2e.browser import check_fits, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import adviser_pages, come_to_rest, jobseeker_pages, manager_pages
from tests.e2e.walk import too_small, walk

pytestmark = pytest.mark.e2e

WINDOWS = ((1280, 800), (390, 844))
STEPS = 25
WALKED = (
    (ADVISER, ("my_portfolio", "person", "conversation", "my_day", "agenda", "registration")),
    (JOBSEEKER, ("space", "my_interviews", "take_interview", "conversations")),
    (MANAGER, ("steering", "portfolios", "person")),
)
PAGES = {ADVISER: adviser_pages, JOBSEEKER: jobseeker_pages, MANAGER: manager_pages}


@pytest.mark.parametrize(("login", "names"), WALKED, ids=["adviser", "jobseeker", "manager"])
@pytest.mark.usefixtures("demonstration")
def test_what_has_the_focus_is_under_no_bar_and_is_large_enough(
    new_page: NewPage, login: DemonstrationLogin, names: tuple[str, ...]
) -> None:
    """Down from the top of the page, and up from its foot, where a bar at the top could cover the focus."""
    addresses = PAGES[login]()
    page = new_page()
    step_inside(page, User.objects.get(email=login.email))
    wrong: list[str] = []
    for name in names:
        for width, height in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            wrong += come_to_rest(page, addresses[name])
            if name == "my_portfolio":
                if width == WINDOWS[0][0]:
                    wrong += too_few_people(page)
                page.locator("input[name=personne][type=checkbox]").nth(15).press("Space")
            else:
                page.locator("#contenu").focus()
            found = list(walk(page, "Tab", STEPS))
            page.locator("#pied-de-page").focus()
            found += list(walk(page, "Shift+Tab", STEPS))
            wrong += [f"{name} at {width} px: {problem}" for problem in [*found, *too_small(page)]]
    assert not wrong, "\n".join(wrong)


WHOLE = """() => [...document.querySelectorAll("tbody tr")].filter((row) => {
  const { top, bottom } = row.getBoundingClientRect();
  return top >= 0 && bottom <= window.innerHeight;
}).length"""


def too_few_people(page: Page) -> Iterator[str]:
    """Look at the portfolio on a small desk: nine people are wholly seen, and eight with the filters open."""
    page.evaluate("window.scrollTo(0, 0)")
    menu = page.get_by_text("Filtrer", exact=True)
    for least in (9, 8):
        seen = page.evaluate(WHOLE)
        if seen < least:
            yield f"{seen} people are seen in the portfolio, and not {least}"
        menu.click()
    low = page.locator("tbody tr").evaluate_all("rows => Math.max(...rows.map((row) => row.offsetHeight))")
    if low > 48:
        yield f"a row of the portfolio is {low} px high"


@pytest.mark.usefixtures("demonstration")
def test_every_answer_that_opens_in_place_fits_a_narrow_window(page: Page) -> None:
    """Kind: a page that fits until something in it is opened."""
    step_inside(page, User.objects.get(email=ADVISER.email))
    addresses = adviser_pages()
    page.set_viewport_size({"width": 320, "height": 640})
    for name in ("on_site_requests", "my_day", "person"):
        assert list(come_to_rest(page, addresses[name])) == []
        opened = page.evaluate(
            "[...document.querySelectorAll('main details')].map((one) => { one.open = true; return one; }).length"
        )
        if name == "my_day":  # which folds nothing before the first interview of a day was held
            act = page.locator("#panneau-a-repondre [data-act]").first
            act.press("Enter")
            expect(act).to_have_attribute("aria-expanded", "true")
            opened += 1
        assert opened > 0, name
        check_fits(page)
