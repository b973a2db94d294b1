"""Which URLs leave an audit row of a reading, by reader (docs/security.md gives the reasons).

The table lists every URL that a colleague who covers today, the manager of the region or a former adviser who may still
read can open. A URL that is missing from it fails the test.
"""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, FilePart, ReaderCapacity
from accompaniment.models import AuditEntry, OnSiteRequest, User
from accompaniment.services import audit
from caseload.models import Portfolio
from messaging.models import CallbackRequest
from tests.access.house import House, build_house, handed_over
from tests.access.messaging_rows import message_of
from tests.access.table import TABLE
from tests.caseload.factories import AdviserFactory, CoverFactory, PortfolioFactory, on_web_track
from tests.messaging.factories import say
from tests.sessions import client_of
from visio.models import Interview

pytestmark = pytest.mark.django_db

NOTHING = "none"
"""It can be opened and leaves no row: it shows nobody, or only names and work to do, but nobody's words."""
CLOSED = "-"

TABLE_OF_READINGS = {
    # For a colleague who covers today, the manager of the region, and a former adviser who may still read.
    "absence": "- none -",
    "absences": "none none none",
    "absences_to_decide": "none none none",
    "accessibility": "none none none",
    "action_plan": "action_plan - -",
    "agency_opening": "- none -",
    "agency_phone": "- none -",
    "agenda": "none - none",
    "hours": "none - none",
    "day_hours": "none - none",
    "booking_settings": "none - none",
    "outside_calendar": "none - none",
    "answer_on_site": "on_site_request - -",
    "book_for": "none - -",
    "callback": "callback+contact_details - -",
    "callbacks": "callback none none",
    "capacities": "- none -",
    "certificate": "certificate certificate certificate",
    "consent_texts": "- none -",
    "attachment": "conversation - conversation",
    "attachment_preview": "conversation - conversation",
    "attachment_shown": "conversation - conversation",
    "attachment_about": "conversation - conversation",
    "conversation": "conversation+last_message - conversation",
    "offer_slots": "none - -",
    "slot_card": "conversation - conversation",
    "message_step": "conversation - -",
    "step_source": "none - none",
    "canned_replies": "none - none",
    "agency_replies": "- none -",
    "conversation_replies": "none - -",
    "conversation_messages": "conversation - conversation",
    "conversation_note": "none - none",
    "conversation_remind": "none - none",
    "conversation_with": "none - none",
    "late_replies": "none none none",
    "planned_messages": "none - none",
    "conversation_planned": "none - none",
    "search_messages": "none - none",
    "sequence": "none - none",
    "sequence_of": "conversation+file - conversation+file",
    "conversations": "last_message - none",
    "decide_absence": "interview interview -",
    "declare_absence": "none none none",
    "device_test": "none - none",
    "edit_details": "contact_details - -",
    "edit_objective": "action_plan - -",
    "display": "none none none",
    "edit_step": "action_plan - -",
    "extend_absence": "- none -",
    "first_access": "none none none",
    "first_access_sent": "none none none",
    "gauges_panel": "none - none",
    "home": "none none none",
    "import": "- none -",
    "import_rejected_rows": "- none -",
    "imports": "- none -",
    "interview_band": "none none none",
    "interview_report": "interview - -",
    "calendar_feed": "none - none",
    "invite": "- none -",
    "lapse_delays": "- none -",
    "legal_notice": "none none none",
    "login": "none none none",
    "left_interviews": "- none -",
    "member": "- none -",
    "message_many": "none - none",
    "my_day": "none - none",
    "my_notices": "none none none",
    "my_portfolio": "none none none",
    "my_portfolio_export": "none - none",
    "offline": "none none none",
    "on_site_requests": "on_site_request on_site_request none",
    "panel_callbacks": "none - none",
    "panel_absences": "none - none",
    "panel_next_free": "none - none",
    "panel_obligations": "none - none",
    "panel_on_site": "on_site_request - none",
    "panel_person_conversation": "conversation - conversation",
    "panel_person_interviews": "file file file",
    "panel_person_on_site": "on_site_request none none",
    "panel_to_answer": "last_message - none",
    "panel_today": "none - none",
    "change_address": "none none none",
    "password_change": "none none none",
    "password_forgotten": "none none none",
    "password_forgotten_sent": "none none none",
    "person_contact": "none - -",
    "person": "file file file",
    "person_document": "document document document",
    "person_documents": "documents documents documents",
    "person_leaves": "file - -",
    "person_plan": "contact_plan - -",
    "person_search": "none none none",
    "person_sheet": "sheet sheet sheet",
    "person_tier": "file file -",
    "personal_data": "none none none",
    "place_person": "waiting waiting waiting",
    "note_for_one": "none - none",
    "plan_many": "none - none",
    "plans_panel": "none - none",
    "portfolios": "- none -",
    "record_wish": "none - none",
    "region_agencies": "- none -",
    "registration": "registration - registration",
    "registrations": "none - none",
    "remove_document": "documents - -",
    "room": "interview - -",
    "rescue": "none - -",
    "rescue_news": "none - -",
    "saved_views": "none - none",
    "session_time": "none none none",
    "site_plan": "none none none",
    "sent_emails": "none none none",
    "service_worker": "none none none",
    "settings": "- none -",
    "steering": "- none -",
    "steering_export": "- none -",
    "teams": "- none -",
    "transfer": "- none -",
    "transfer_new": "none none none",
    "transfers": "none none none",
    "volunteers_panel": "none - none",
    "waiting_list": "none none none",
    "waiting_panel": "none - none",
    "withdraw_note": "none - -",
}


def covering(house: House) -> User:
    """Return a colleague who covers the portfolio today, and who has been given the person's present interview."""
    portfolio = Portfolio.objects.get(adviser__user=house.users["follower"])
    cover = CoverFactory(portfolio=portfolio)
    PortfolioFactory(adviser=cover.colleague)
    Interview.objects.filter(pk=house.interview.pk).update(adviser=cover.colleague)
    return cover.colleague.user


def furnished_house() -> House:
    """Return data in which the person has written wherever a person can write."""
    house = build_house()
    OnSiteRequest.objects.filter(pk=house.on_site.pk).update(comment="Je préfère le matin.")
    CallbackRequest.objects.filter(pk=house.callback.pk).update(comment="Après 15 h.")
    message_of(house)  # before the person's, which waits for an answer
    say(house.conversation, house.owner.user, "Je n'ai pas reçu l'attestation.")
    return house


def rows_left(user: User, address: str) -> str:
    """Return the parts of files for which one visit of a URL leaves rows; everything is rolled back."""
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    client = client_of(user)
    with transaction.atomic():
        response = client.get(address)
        if response.streaming:
            b"".join(response)
        left = AuditEntry.objects.filter(action=AuditAction.READ, actor=user).exclude(pk__in=before)
        parts = sorted({entry.details["part"].partition(":")[0] for entry in left})
        transaction.set_rollback(True)
    if response.status_code >= 400:
        return CLOSED
    return "+".join(parts) or NOTHING


def test_which_openings_leave_a_row() -> None:
    house = furnished_house()
    former = handed_over(house, keep_reading=True)
    manager = house.users["manager"]
    assert manager is not None
    readers = (covering(house), manager, former)
    found = {}
    for name, row in TABLE.items():
        address = reverse(name, args=row.args(house))
        found[name] = " ".join(rows_left(reader, address) for reader in readers)
    opened = {name: got for name, got in found.items() if got != "- - -"}
    expected = TABLE_OF_READINGS
    wrong = [
        f"{name}: expected {expected.get(name)}, got {opened.get(name)}"
        for name in sorted(expected.keys() | opened.keys())
        if expected.get(name) != opened.get(name)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_opening_by_the_adviser_or_the_person_leaves_a_row() -> None:
    house = furnished_house()
    others = {"place_person": "waiting", "registration": "registration"}  # people without an adviser
    for name, expected in (("follower", others), ("owner", {})):
        reader = house.users[name]
        assert reader is not None
        left = {address: rows_left(reader, reverse(address, args=row.args(house))) for address, row in TABLE.items()}
        assert {address: got for address, got in left.items() if got not in {NOTHING, CLOSED}} == expected


def readings(user: User) -> list[dict[str, str]]:
    rows = AuditEntry.objects.filter(action=AuditAction.READ, actor=user).order_by("pk")
    return list(rows.values_list("details", flat=True))


def test_a_row_says_in_which_capacity_somebody_read() -> None:
    house = furnished_house()
    former, manager = handed_over(house, keep_reading=True), house.users["manager"]
    colleague = AdviserFactory(agency=house.owner.agency).user
    assert manager is not None
    for reader, capacity in (
        (covering(house), ReaderCapacity.COVER),
        (manager, ReaderCapacity.MANAGER),
        (former, ReaderCapacity.FORMER),
        (colleague, ReaderCapacity.COLLEAGUE),
    ):
        audit.record_reading(actor=reader, jobseeker=house.owner)
        assert readings(reader) == [{"part": "file", "capacity": capacity}]


def test_a_cover_that_has_not_begun_is_no_capacity() -> None:
    cover = CoverFactory(
        starts_on=timezone.localdate() + timedelta(days=2), ends_on=timezone.localdate() + timedelta(days=9)
    )
    audit.record_reading(actor=cover.colleague.user, jobseeker=on_web_track(cover.portfolio))
    assert readings(cover.colleague.user) == [{"part": "file", "capacity": ReaderCapacity.COLLEAGUE}]


@pytest.mark.parametrize("size", [2, 20])
def test_a_panel_leaves_a_row_for_each_person_once_a_day_with_two_statements(size: int) -> None:
    cover = CoverFactory()
    people = [on_web_track(cover.portfolio) for _ in range(size)]
    mine = on_web_track(PortfolioFactory(adviser=cover.colleague))
    shown = [person.pk for person in [*people, mine]]
    reader = cover.colleague.user
    with CaptureQueriesContext(connection) as queries:
        audit.record_readings(actor=reader, people=shown, part=FilePart.LAST_MESSAGE)
    assert len(queries) == 2
    rows = AuditEntry.objects.filter(action=AuditAction.READ, actor=reader)
    assert sorted(rows.values_list("jobseeker", flat=True)) == sorted(person.pk for person in people)
    with time_machine.travel(timezone.now() + timedelta(hours=7), tick=False):
        audit.record_readings(actor=reader, people=shown, part=FilePart.LAST_MESSAGE)
        assert rows.count() == size
    with time_machine.travel(timezone.now() + timedelta(hours=9), tick=False):
        audit.record_readings(actor=reader, people=shown, part=FilePart.LAST_MESSAGE)
        assert rows.count() == 2 * size
