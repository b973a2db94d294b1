"""The pages of the demonstration, walked by the keyboard: nothing that has the focus is hidden, cut or too small."""

import pytest
from django.core.management import call_command
from playwright.sync_api import Page

from accompaniment.models import User
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER, DemonstrationLogin
from tests.e2e.browser import check_fits, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.test_pages import adviser_pages, come_to_rest, jobseeker_pages, manager_pages
from tests.e2e.walk import too_small, walk

pytestmark = pytest.mark.e2e

WINDOWS = ((1280, 800), (390, 844))
STEPS = 25
WALKED = (
    (ADVISER, ("my_portfolio", "person", "conversation", "my_day", "agenda", "registration")),
    (JOBSEEKER, ("space", "my_interviews", "choose_slot", "conversations")),
    (MANAGER, ("steering", "portfolios", "person")),
)
PAGES = {ADVISER: adviser_pages, JOBSEEKER: jobseeker_pages, MANAGER: manager_pages}


@pytest.mark.parametrize(("login", "names"), WALKED, ids=["adviser", "jobseeker", "manager"])
@pytest.mark.usefixtures("server")
def test_what_has_the_focus_is_under_no_bar_and_is_large_enough(
    new_page: NewPage, login: DemonstrationLogin, names: tuple[str, ...]
) -> None:
    """From the top of the page down, and from its foot up, where a bar at the top is met."""
    call_command("seed_demo", verbosity=0)
    addresses = PAGES[login]()
    page = new_page()
    step_inside(page, User.objects.get(email=login.email))
    wrong: list[str] = []
    for name in names:
        for width, height in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            wrong += come_to_rest(page, addresses[name])
            if name == "my_portfolio":
                page.locator("input[name=personne][type=checkbox]").nth(15).press("Space")
            else:
                page.locator("#contenu").focus()
            found = list(walk(page, "Tab", STEPS))
            page.locator("#pied-de-page").focus()
            found += list(walk(page, "Shift+Tab", STEPS))
            wrong += [f"{name} at {width} px: {problem}" for problem in [*found, *too_small(page)]]
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("server")
def test_every_answer_that_opens_in_place_fits_a_narrow_window(page: Page) -> None:
    """Kind: a page that fits until something in it is opened."""
    call_command("seed_demo", verbosity=0)
    step_inside(page, User.objects.get(email=ADVISER.email))
    addresses = adviser_pages()
    page.set_viewport_size({"width": 320, "height": 640})
    for name in ("agenda", "on_site_requests", "my_day", "person"):
        assert list(come_to_rest(page, addresses[name])) == []
        opened = page.evaluate(
            "[...document.querySelectorAll('main details')].map((one) => { one.open = true; return one; }).length"
        )
        assert opened > 0, name
        check_fits(page)
