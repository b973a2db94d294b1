"""Every page of the demonstration, for each role: wide, on a telephone and at 320 px.

Axe finds nothing, no contrast is too low in the dark theme, nothing scrolls sideways, and no console reports an error
or a violation of the content security policy.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from accompaniment.models import User
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER
from tests.access.table import addresses
from tests.e2e.browser import problems_in_the_dark, problems_of, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.demonstration_pages import (
    adviser_pages,
    come_to_rest,
    jobseeker_pages,
    manager_pages,
    public_pages,
)
from tests.e2e.first_sight import out_of_sight
from tests.e2e.for_everybody import faults_of, repeats_of
from tests.e2e.walk import too_small
from tests.french_examples import wrong_words

pytestmark = pytest.mark.e2e


NO_PAGES = {
    # Parts of pages.
    "volunteers_panel",
    "space_adviser_panel",
    "interview_band",
    "panel_next_step",
    "panel_today",
    "panel_absences",
    "panel_obligations",
    "panel_on_site",
    "panel_person_on_site",
    "waiting_panel",
    "panel_person_interviews",
    "hold_slot",
    "panel_to_answer",
    "conversation_planned",
    "rescue_news",
    "panel_person_conversation",
    "panel_callbacks",
    "conversation_messages",
    "gauges_panel",
    "plans_panel",
    "panel_next_free",
    # Acts, which redirect to another page.
    "session_time",
    "stop_dispatch",
    "my_device",
    "attachment_upload",
    "home",
    "log_out",
    "person_details",
    "registration_draft",
    "registration_email",
    "ask_enrolment",
    "record_on_site",
    "room_end",
    "room_number",
    "withdraw_on_site",
    "withdraw_plan_wish",
    "room_trouble",
    "room_phone",
    "end_calendar_feed",
    "conversation_read",
    "conversation_no_reply",
    "conversation_keep",
    "conversation_dealt_with",
    "conversation_with",
    "cancel_callback",
    "claim_callback",
    "release_callback",
    "next_callback",
    "note_for_one",
    "add_note",
    "add_step",
    "close_objective",
    "reopen_objective",
    "remove_step",
    "tick_step",
    "hold_by_contact",
    "cancel_capacity",
    "cancel_lapse_delay",
    "cancel_transfer",
    "delete_saved_view",
    "delete_canned_reply",
    "step_source",
    "device_test_result",
    "registration_device_link",
    "end_absence",
    "add_cover",
    "replace_cover",
    "hand_over",
    "member_account",
    "member_address",
    "drop_address",
    # Files.
    "interview_file",
    "calendar_feed_file",
    "service_worker",
    "attachment",
    "attachment_about",
    "attachment_preview",
    "attachment_shown",
    "my_portfolio_export",
    "certificate",
    "person_sheet",
    "own_document",
    "person_document",
    "steering_export",
    "confirm_import",
    "import_rejected_rows",
}
IN_A_FILE = {
    "person_plan",
    "edit_details",
    "action_plan",
    "edit_objective",
    "edit_step",
    "withdraw_note",
    "remove_document",
    "person_documents",
    "own_documents",
    "ask_plan_change",
}
"""The tests of a person's file check these in the same widths, with a very long name."""

IN_A_THREAD = {"explain_absence", "decide_absence"}
"""tests/e2e/test_missed.py checks these in each of their states."""

IN_A_CALLBACK = {"change_callback"}
"""tests/e2e/test_chat.py checks this with an open request."""

IN_AN_INTERVIEW = {"choose_slot"}
"""tests/e2e/test_interviews.py checks this; in the demonstration no interview is left to be fixed."""

NEED_A_SECRET = {"activation", "password_reset", "confirm_address"}
"""The tests of accounts visit these, because they know the secret."""


VISITORS = (
    (None, public_pages),
    (ADVISER, adviser_pages),
    (JOBSEEKER, jobseeker_pages),
    (MANAGER, manager_pages),
)


@pytest.mark.usefixtures("demonstration")
def test_every_page(new_page: NewPage) -> None:
    """One test for all pages, because loading the demonstration takes seconds."""
    wrong: list[str] = []
    visited: set[str] = set()
    for login, pages in VISITORS:
        page = new_page(permissions=["camera", "microphone"])
        if login is not None:
            step_inside(page, User.objects.get(email=login.email))
        for name, address in pages().items():
            visited.add(name)
            wrong += [
                f"{name}: {sentence}" for sentence in look_at(page, name, address, has_figures=login is not MANAGER)
            ]
        if login is None:
            # The control: a class that no page carries, so that its rules were left out.
            page.evaluate("document.body.classList.add('fr-quote')")
            assert "the rules of fr-quote" in "\n".join(problems_of(page))
            # Another one: a colour of the light theme that is none of the system's variables.
            page.evaluate("document.querySelector('h1').style.color = '#3a3a3a'")
            assert "color-contrast" not in "\n".join(problems_of(page, widths=[1280]))
            assert "color-contrast" in "\n".join(problems_in_the_dark(page))
        page.context.close()
    assert not wrong, "\n".join(wrong)
    # Every URL is visited or known not to be a page.
    elsewhere = IN_A_FILE | IN_A_THREAD | IN_A_CALLBACK | IN_AN_INTERVIEW | NEED_A_SECRET
    assert set(addresses()) - visited - NO_PAGES - elsewhere == set()


def look_at(page: Page, name: str, address: str, *, has_figures: bool) -> Iterator[str]:
    """Open a page and check it in three widths, and what it shows first; yield what is wrong.

    A manager, who answers for nobody, sees no conversation in a file, so the figures are the other people's.
    """
    yield from come_to_rest(page, address)
    if has_figures:
        yield from out_of_sight(page, name)
    yield from problems_of(page)
    yield from problems_in_the_dark(page)
    yield from faults_of(page)
    yield from repeats_of(page)
    yield from (f"{page.url}: {problem}" for problem in too_small(page))
    yield from wrong_words(page.locator("body").inner_text())
