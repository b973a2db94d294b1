"""Every page of the demonstration, for everybody who has it: wide, on a telephone and at 320 px.

Axe finds nothing, nothing scrolls sideways, and no console complains, about the content security policy or else.
"""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Request
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from accompaniment.enums import ObligationState
from accompaniment.models import Agency, Enrolment, Jobseeker, Obligation, OnSiteRequest, Region, User
from caseload.enums import ImportKind, ImportState
from caseload.models import Absence, Adviser, ImportRun, TransferBatch
from caseload.reads.moves.waiting_list import waiting_for
from caseload.services.desk.saved_views import save_view
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER
from messaging.models import CallbackRequest, Conversation
from tests.e2e.browser import problems_of, settle, step_inside
from tests.e2e.conftest import NewPage
from tests.french_examples import wrong_words
from tests.test_access import addresses
from visio.models import Interview

pytestmark = pytest.mark.e2e

PATIENCE = 60_000  # milliseconds, for a page whose panels load beside the other tests

NO_PAGES = {
    # Parts of pages, which their pages load.
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
    "panel_to_answer",
    "panel_person_conversation",
    "space_messages_panel",
    "panel_callbacks",
    "space_callback_panel",
    "conversation_messages",
    "gauges_panel",
    "plans_panel",
    "panel_next_free",
    # Acts, which answer with another page.
    "home",
    "log_out",
    "person_details",
    "registration_draft",
    "registration_email",
    "ask_enrolment",
    "decline_enrolment",
    "take_interview",
    "record_on_site",
    "room_end",
    "room_number",
    "withdraw_on_site",
    "withdraw_plan_wish",
    "room_trouble",
    "room_phone",
    "conversation_read",
    "conversation_with",
    "cancel_callback",
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
    "my_portfolio_export",
    "certificate",
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
"""Looked at in the same widths, with a very long name, by the tests of a person's file."""

IN_A_THREAD = {"explain_absence", "decide_absence"}
"""Looked at in each of their states by tests/e2e/test_missed.py."""

NEED_A_SECRET = {"activation", "password_reset", "confirm_address"}
"""Visited by the tests of accounts, which have the secret at hand."""


def public_pages() -> dict[str, str]:
    names = (
        "login",
        "password_forgotten",
        "password_forgotten_sent",
        "first_access",
        "first_access_sent",
        "accessibility",
        "personal_data",
        "legal_notice",
        "sent_emails",
    )
    return {name: reverse(name) for name in names}


def adviser_pages() -> dict[str, str]:
    adviser = Adviser.objects.get(user__email=ADVISER.email)
    mine = {"jobseeker__placements__portfolio__adviser": adviser, "jobseeker__placements__ended_at": None}
    person = Jobseeker.objects.get(email=JOBSEEKER.email)
    conversation = Conversation.objects.filter(**mine).order_by("-last_number")[0]
    volunteer = Enrolment.objects.awaiting_decision().filter(jobseeker__agency=adviser.agency)[0]
    meeting = Interview.objects.live().get(jobseeker=person)
    covered = Absence.objects.standing().filter(covers__colleague=adviser)[0]
    view = save_view(actor=adviser.user, name="Sans réponse", query="besoin=reponse")
    several = f"?personne={person.pk}"
    return {
        "person_leaves": reverse("person_leaves", args=[person.pk]),
        "person_tier": reverse("person_tier", args=[person.pk]) + "?modalite=renforce",
        "saved_views": reverse("saved_views"),
        "saved_view": reverse("saved_view", args=[view.pk]),
        "plan_many": reverse("plan_many") + several,
        "message_many": reverse("message_many") + several,
        "transfer_new": reverse("transfer_new") + several,
        "transfers": reverse("transfers"),
        "absences": reverse("absences"),
        "declare_absence": reverse("declare_absence"),
        "absence": reverse("absence", args=[covered.pk]),
        "my_day": reverse("my_day"),
        "my_portfolio": reverse("my_portfolio"),
        "person": reverse("person", args=[person.pk]),
        "book_for": reverse("book_for", args=[person.pk]),
        "registrations": reverse("registrations"),
        "record_wish": f"{reverse('record_wish')}?q=petit",
        "registration": reverse("registration", args=[volunteer.pk]),
        "agenda": reverse("agenda"),
        "absences_to_decide": reverse("absences_to_decide"),
        "on_site_requests": reverse("on_site_requests"),
        "answer_on_site": reverse("answer_on_site", args=[OnSiteRequest.objects.open().filter(**mine)[0].pk]),
        "interview_report": reverse("interview_report", args=[meeting.pk]),
        "conversations": reverse("conversations"),
        "conversation": reverse("conversation", args=[conversation.pk]),
        "callbacks": reverse("callbacks"),
        "callback": reverse("callback", args=[CallbackRequest.objects.open().filter(**mine)[0].pk]),
        "room": reverse("room", args=[meeting.token]),
        "password_change": reverse("password_change"),
        "change_address": reverse("change_address"),
    }


def jobseeker_pages() -> dict[str, str]:
    person = Jobseeker.objects.get(email=JOBSEEKER.email)
    meeting = Interview.objects.live().get(jobseeker=person)
    obligation = Obligation.objects.filter(jobseeker=person, state=ObligationState.DUE)[0]
    return {
        "space": reverse("space"),
        "acceptance": reverse("acceptance"),
        "leave_track": reverse("leave_track"),
        "my_accompaniment": reverse("my_accompaniment"),
        "own_data": reverse("own_data"),
        "my_interviews": reverse("my_interviews"),
        "choose_slot": reverse("choose_slot", args=[obligation.pk]),
        "move_interview": reverse("move_interview", args=[meeting.pk]),
        "cancel_interview": reverse("cancel_interview", args=[meeting.pk]),
        "ask_on_site": reverse("ask_on_site"),
        "device_test": reverse("device_test"),
        "room": reverse("room", args=[meeting.token]),
        "my_phone": reverse("my_phone"),
        "conversations": reverse("conversations"),
        "ask_callback": reverse("ask_callback"),
    }


def manager_pages() -> dict[str, str]:
    now = timezone.now()
    run = ImportRun.objects.create(
        kind=ImportKind.AGENCIES,
        filename="agences.csv",
        started_at=now,
        state=ImportState.DONE,
        finished_at=now,
        summary={"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1},
        rejected_rows=[{"line": 3, "column": "code", "reason": "Code absent.", "value": ""}],
        rejected_csv="code;nom",
    )
    manager = User.objects.get(email=MANAGER.email)
    region = Region.objects.filter(departements__agencies__isnull=False)[0]
    closed = waiting_for(manager)[0]
    away = Absence.objects.visible_to(manager).standing()[0]
    return {
        "extend_absence": reverse("extend_absence", args=[away.pk]),
        "waiting_list": reverse("waiting_list"),
        "place_person": reverse("place_person", args=[closed.pk]),
        "transfer": reverse("transfer", args=[TransferBatch.objects.all()[0].pk]),
        "left_interviews": reverse("left_interviews", args=[Adviser.objects.get(user__email=ADVISER.email).pk]),
        "invite": reverse("invite"),
        "member": reverse("member", args=[Adviser.objects.get(user__email=ADVISER.email).user_id]),
        "capacities": reverse("capacities"),
        "lapse_delays": reverse("lapse_delays"),
        "consent_texts": reverse("consent_texts"),
        "region_agencies": reverse("region_agencies", args=[region.pk]),
        "agency_opening": reverse("agency_opening", args=[Agency.objects.filter(departement__region=region)[0].code]),
        "agency_phone": reverse("agency_phone", args=[Agency.objects.filter(departement__region=region)[0].code]),
        "steering": reverse("steering"),
        "portfolios": reverse("portfolios"),
        "teams": reverse("teams"),
        "imports": reverse("imports"),
        "import": reverse("import", args=[run.pk]),
        "settings": reverse("settings"),
        "region_opening": reverse("region_opening", args=[Region.objects.filter(web_opens_on=None)[0].pk]),
        "person": reverse("person", args=[Jobseeker.objects.get(email=JOBSEEKER.email).pk]),
    }


VISITORS = (
    (None, public_pages),
    (ADVISER, adviser_pages),
    (JOBSEEKER, jobseeker_pages),
    (MANAGER, manager_pages),
)


@pytest.mark.usefixtures("server")
def test_every_page(new_page: NewPage) -> None:
    """One load of the demonstration for all: it takes seconds."""
    call_command("seed_demo", verbosity=0)
    wrong: list[str] = []
    visited: set[str] = set()
    for login, pages in VISITORS:
        page = new_page(permissions=["camera", "microphone"])
        if login is not None:
            step_inside(page, User.objects.get(email=login.email))
        for name, address in pages().items():
            visited.add(name)
            wrong += [f"{name}: {sentence}" for sentence in look_at(page, address)]
        page.context.close()
    assert not wrong, "\n".join(wrong)
    # An address that is neither visited nor known to be no page of its own fails.
    assert set(addresses()) - visited - NO_PAGES - IN_A_FILE - IN_A_THREAD - NEED_A_SECRET == set()


def come_to_rest(page: Page, address: str) -> Iterator[str]:
    """Open a page and wait until all of its panels are there; yield what it still waits for after a minute."""
    under_way: list[str] = []

    def began(request: Request) -> None:
        under_way.append(request.url)

    def ended(request: Request) -> None:
        if request.url in under_way:
            under_way.remove(request.url)

    page.on("request", began)
    page.on("requestfinished", ended)
    page.on("requestfailed", ended)
    try:
        page.goto(address)
        settle(page, timeout=PATIENCE)
    except PlaywrightTimeoutError:
        yield f"still waits for {', '.join(under_way) or 'nothing'}"
    finally:
        page.remove_listener("request", began)
        page.remove_listener("requestfinished", ended)
        page.remove_listener("requestfailed", ended)


def look_at(page: Page, address: str) -> Iterator[str]:
    """Open a page and look at it in three widths; yield what is wrong."""
    yield from come_to_rest(page, address)
    yield from problems_of(page)
    yield from wrong_words(page.locator("body").inner_text())
