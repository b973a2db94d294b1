"""The pages of the demonstration, by role."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Request
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from accompaniment.enums import Channel
from accompaniment.models import Agency, Enrolment, Jobseeker, OnSiteRequest, Region, User
from caseload.enums import ImportKind, ImportState
from caseload.models import Absence, Adviser, ImportRun, TransferBatch
from caseload.reads.moves.waiting_list import waiting_for
from caseload.services.desk.saved_views import save_view
from config.demonstration.logins import ADVISER, JOBSEEKER, MANAGER
from messaging.models import CallbackRequest, CannedReply, Conversation, Dispatch, PlannedMessage
from messaging.services.dispatches import send_dispatches, start_dispatch
from messaging.services.posting import post_message
from tests.e2e.browser import settle
from tests.visio.factories import first_slots
from visio.models import Interview
from visio.services.offers import offer_slots

LAST_NAME = "Andrianampoinimerinatompokoindrindra-de-La-Rochefoucauld-Doudeauville"
FIRST_NAME = "Marie-Charlotte-Élisabeth-Antoinette-Joséphine"
"""The longest names that we allow for."""

PATIENCE = 60_000  # milliseconds, for a page whose panels load while other tests run


def public_pages() -> dict[str, str]:
    names = (
        "login",
        "password_forgotten",
        "password_forgotten_sent",
        "first_access",
        "first_access_sent",
        "accessibility",
        "site_plan",
        "personal_data",
        "legal_notice",
        "display",
        "offline",
        "sent_emails",
    )
    return {name: reverse(name) for name in names}


def sent_to_several(adviser: Adviser, person: Jobseeker) -> Dispatch:
    """Return a dispatch that has left."""
    dispatch = start_dispatch(actor=adviser.user, people=[person.pk], token=uuid4(), body="Atelier mardi à 9\u00a0h.")
    send_dispatches()
    return dispatch


def written_for_later(adviser: Adviser, conversation: Conversation) -> PlannedMessage:
    """Return a message that waits until the agency opens, at whatever hour the test runs."""
    now = timezone.now()
    planned: PlannedMessage = PlannedMessage.objects.create(
        conversation=conversation,
        author=adviser.user,
        client_id=uuid4(),
        body="Je vous appelle demain.",
        written_at=now,
        due_at=now + timedelta(days=1),
        next_try_at=now + timedelta(days=1),
        after_number=conversation.last_number,
    )
    return planned


def adviser_pages() -> dict[str, str]:
    adviser = Adviser.objects.get(user__email=ADVISER.email)
    mine = {"jobseeker__placements__portfolio__adviser": adviser, "jobseeker__placements__ended_at": None}
    person = Jobseeker.objects.get(email=JOBSEEKER.email)
    conversation = Conversation.objects.filter(**mine).order_by("-last_number")[0]
    volunteer = Enrolment.objects.awaiting_decision().filter(jobseeker__agency=adviser.agency)[0]
    meeting = Interview.objects.live().get(jobseeker=person)
    tomorrow = timezone.now() + timedelta(days=1)
    booked = Interview.objects.coming(tomorrow).filter(adviser=adviser, starts_at__gt=tomorrow, **mine)[0]
    covered = Absence.objects.standing().filter(covers__colleague=adviser)[0]
    view = save_view(actor=adviser.user, name="Sans réponse", query="besoin=reponse")
    other = Conversation.objects.filter(**mine).exclude(jobseeker=person).order_by("-last_number")[5].jobseeker
    offer = offer_slots(
        actor=adviser.user,
        jobseeker=other,
        channel=Channel.VIDEO,
        slots=first_slots(other)[:2],
        text="",
        client_id=uuid4(),
    )
    reply = CannedReply.objects.filter(author=adviser.user)[0]
    several = f"?personne={person.pk}"
    own = post_message(actor=adviser.user, conversation=conversation, client_id=uuid4(), body="Bonjour")
    return {
        "person_leaves": reverse("person_leaves", args=[person.pk]),
        "person_tier": reverse("person_tier", args=[person.pk]) + "?modalite=renforce",
        "saved_views": reverse("saved_views"),
        "saved_view": reverse("saved_view", args=[view.pk]),
        "plan_many": reverse("plan_many") + several,
        "message_many": reverse("message_many") + several,
        "dispatch": reverse("dispatch", args=[sent_to_several(adviser, person).pk]),
        "transfer_new": reverse("transfer_new") + several,
        "transfers": reverse("transfers"),
        "absences": reverse("absences"),
        "declare_absence": reverse("declare_absence"),
        "absence": reverse("absence", args=[covered.pk]),
        "my_day": reverse("my_day"),
        "my_portfolio": reverse("my_portfolio"),
        "person": reverse("person", args=[person.pk]),
        "book_for": reverse("book_for", args=[person.pk]),
        "move_booked": reverse("move_booked", args=[booked.pk]),
        "cancel_booked": reverse("cancel_booked", args=[booked.pk]),
        "person_contact": reverse("person_contact", args=[person.pk]),
        "person_search": f"{reverse('person_search')}?q=petit",
        "registrations": reverse("registrations"),
        "record_wish": f"{reverse('record_wish')}?q=petit",
        "registration": reverse("registration", args=[volunteer.pk]),
        "agenda": reverse("agenda"),
        "hours": reverse("hours"),
        "booking_settings": reverse("booking_settings"),
        "outside_calendar": reverse("outside_calendar"),
        "day_hours": reverse("day_hours") + f"?jour={(timezone.localdate() + timedelta(days=7)).isoformat()}",
        "absences_to_decide": reverse("absences_to_decide"),
        "on_site_requests": reverse("on_site_requests"),
        "answer_on_site": reverse("answer_on_site", args=[OnSiteRequest.objects.open().filter(**mine)[0].pk]),
        "interview_report": reverse("interview_report", args=[meeting.pk]),
        "conversations": reverse("conversations"),
        "conversation": reverse("conversation", args=[conversation.pk]),
        "conversation_remind": reverse("conversation_remind", args=[conversation.pk]),
        "conversation_note": reverse("conversation_note", args=[conversation.pk]),
        "offer_slots": reverse("offer_slots", args=[person.pk]),
        "slot_card": reverse("slot_card", args=[offer.message.conversation_id, offer.message.number]),
        "message_step": reverse("message_step", args=[conversation.pk, own.number]),
        "canned_replies": reverse("canned_replies"),
        "canned_reply": reverse("canned_reply", args=[reply.pk]),
        "conversation_replies": reverse("conversation_replies", args=[conversation.pk]),
        "change_message": reverse("change_message", args=[conversation.pk, own.number]),
        "delete_message": reverse("delete_message", args=[conversation.pk, own.number]),
        "planned_messages": reverse("planned_messages"),
        "planned_message": reverse("planned_message", args=[written_for_later(adviser, conversation).pk]),
        "search_messages": f"{reverse('search_messages')}?q=bonjour",
        "sequence": reverse("sequence"),
        "sequence_of": reverse("sequence_of", args=[conversation.pk]),
        "late_replies": reverse("late_replies"),
        "callbacks": reverse("callbacks"),
        "callback": reverse("callback", args=[CallbackRequest.objects.open().filter(**mine)[0].pk]),
        "room": reverse("room", args=[meeting.token]),
        "password_change": reverse("password_change"),
        "change_address": reverse("change_address"),
    }


def jobseeker_pages() -> dict[str, str]:
    person = Jobseeker.objects.get(email=JOBSEEKER.email)
    meeting = Interview.objects.live().get(jobseeker=person)
    return {
        "space": reverse("space"),
        "acceptance": reverse("acceptance"),
        "leave_track": reverse("leave_track"),
        "my_accompaniment": reverse("my_accompaniment"),
        "own_data": reverse("own_data"),
        "my_interviews": reverse("my_interviews"),
        "take_interview": reverse("take_interview"),
        "move_interview": reverse("move_interview", args=[meeting.pk]),
        "cancel_interview": reverse("cancel_interview", args=[meeting.pk]),
        "ask_on_site": reverse("ask_on_site"),
        "device_test": reverse("device_test"),
        "room": reverse("room", args=[meeting.token]),
        "rescue": reverse("rescue", args=[meeting.token]),
        "calendar_feed": reverse("calendar_feed"),
        "my_phone": reverse("my_phone"),
        "my_channel": reverse("my_channel"),
        "my_notices": reverse("my_notices"),
        "conversations": reverse("conversations"),
        "search_messages": f"{reverse('search_messages')}?q=bonjour",
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
        "agency_replies": reverse("agency_replies", args=[Agency.objects.filter(departement__region=region)[0].code]),
        "steering": reverse("steering"),
        "portfolios": reverse("portfolios"),
        "teams": reverse("teams"),
        "late_replies": reverse("late_replies"),
        "imports": reverse("imports"),
        "import": reverse("import", args=[run.pk]),
        "settings": reverse("settings"),
        "region_opening": reverse("region_opening", args=[Region.objects.filter(web_opens_on=None)[0].pk]),
        "person": reverse("person", args=[Jobseeker.objects.get(email=JOBSEEKER.email).pk]),
    }


def come_to_rest(page: Page, address: str) -> Iterator[str]:
    """Open a page and wait for all of its panels. After a minute, yield the requests that are still open."""
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
