"""Very long names of a person, an adviser and a manager: no page overflows, and log-out stays in reach."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from accompaniment.models import Jobseeker, User
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER, DemonstrationLogin
from tests.e2e.browser import check_fits, log_out_button, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import (
    FIRST_NAME,
    LAST_NAME,
    adviser_pages,
    come_to_rest,
    jobseeker_pages,
    manager_pages,
)

pytestmark = pytest.mark.e2e

WIDTHS = (1280, 992, 320)
"""A desk, the narrowest window with the header of a desk, and the narrowest telephone."""
WITHOUT_A_HEADER = {"room"}


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize(
    ("login", "pages"),
    [(ADVISER, adviser_pages), (JOBSEEKER, jobseeker_pages), (MANAGER, manager_pages)],
    ids=["adviser", "jobseeker", "manager"],
)
def test_every_page_holds_a_very_long_name_and_log_out_is_in_reach(
    new_page: NewPage, login: DemonstrationLogin, pages: Callable[[], dict[str, str]]
) -> None:
    for model in (User, Jobseeker):
        model.objects.filter(email__in=[ADVISER.email, JOBSEEKER.email, MANAGER.email]).update(
            first_name=FIRST_NAME, last_name=LAST_NAME
        )
    page = new_page(permissions=["camera", "microphone"])
    step_inside(page, User.objects.get(email=login.email))
    wrong: list[str] = []
    for name, address in pages().items():
        wrong += [f"{name}: {sentence}" for sentence in look_at(page, address, has_header=name not in WITHOUT_A_HEADER)]
    assert not wrong, "\n".join(wrong)


def look_at(page: Page, address: str, *, has_header: bool) -> Iterator[str]:
    """Open a page and check it in each width; yield what is wrong."""
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    yield from come_to_rest(page, address)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        try:
            check_fits(page)
            if has_header:
                check_log_out(page, width)
        except AssertionError as problem:
            yield f"{address} at {width} px: {problem}"


def check_log_out(page: Page, width: int) -> None:
    """Check that the log-out button is in sight at the top and not cut, once its menu is open."""
    box = log_out_button(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0, f"log-out begins at {box['x']} px"
    assert box["x"] + box["width"] <= width, f"log-out ends at {box['x'] + box['width']} px"
    page.keyboard.press("Escape")
