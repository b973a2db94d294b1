"""A refused form shows its errors in the same way everywhere: title, summary, links to the fields, and the fields."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.forms import BaseForm, ChoiceField, Form, MultipleChoiceField, Select
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.forms import accounts as accounts_forms
from accompaniment.forms import consent, notices, phone, plans, workbook
from accompaniment.forms.display import DisplayForm
from accompaniment.forms.seen import SeenForm
from accompaniment.models import AddressChange, Jobseeker
from accompaniment.services import accounts, addresses
from accompaniment.services.enrolments.acceptance import leave_track
from caseload.forms.desk import portfolio_filter as desk
from caseload.forms.desk import selection
from caseload.forms.file.contacts import ContactForm
from caseload.forms.file.dossier import (
    CorrectionForm,
    DetailsForm,
    ReachForm,
    TierChangeForm,
    TierChoiceForm,
    TimelineForm,
)
from caseload.forms.file.search import PersonSearchForm
from caseload.forms.moves import absences, transfers
from caseload.forms.moves.transfers import PlaceForm
from caseload.forms.registration import interview as registration
from caseload.forms.steering import dashboard, imports, staff
from caseload.forms.steering.settings import AgencyPhoneForm, CapacityForm, ConsentTextForm, LapseDelayForm, OpeningForm
from messaging import forms as messaging_forms
from messaging.forms import (
    CallbackForm,
    CannedReplyChangeForm,
    CannedReplyForm,
    ConversationNoteForm,
    GroupMessageForm,
    GuardedForm,
    MessageChangeForm,
    MessageForm,
    MessageStepForm,
    NumberForm,
    OutcomeForm,
    PlannedMessageForm,
    ReminderForm,
    SequenceForm,
    SettleForm,
    UploadForm,
)
from tests.access.house import build_house
from tests.access.messaging_rows import planned_of
from tests.access.table import TABLE
from tests.accompaniment.factories import UserFactory, consent_text_in_force
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, validated, volunteer
from tests.forms import forms_of_the_house
from tests.visio.factories import InterviewFactory, bookable_portfolio
from visio import forms as visio_forms
from visio.forms import hours as hours_forms

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    """The ids of a page, its fields, and the links in its error summary."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: dict[str, dict[str, str | None]] = {}
        self.invalid: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.summaries = 0
        self.posting_with_fields: list[dict[str, str | None]] = []
        """The forms in which something is typed or chosen."""
        self._form: dict[str, str | None] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("id"):
            self.ids[str(known["id"])] = known
        self.summaries += "data-error-summary" in known
        if tag == "form":
            self._form = known
        typed = tag in {"textarea", "select"} or (tag == "input" and known.get("type") not in {"hidden", "submit"})
        if typed and self._form.get("method") == "post" and self._form not in self.posting_with_fields:
            self.posting_with_fields.append(self._form)
        if known.get("aria-invalid") == "true":
            self.invalid.append(known)
        href = known.get("href") or ""
        if tag == "a" and re.match(r"#id_|#[a-z]+-", href) and self.summaries:
            self.links.append(href[1:])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = {}


def as_jobseeker(name: str) -> Any:
    def place(client: Client) -> str:
        person = on_web_track(PortfolioFactory())
        client.force_login(person.user)
        return reverse(name)

    return place


def as_adviser(name: str) -> Any:
    def place(client: Client) -> str:
        portfolio = PortfolioFactory()
        person = on_web_track(portfolio)
        client.force_login(portfolio.adviser.user)
        return reverse(name, args=[person.pk])

    return place


def as_manager(name: str) -> Any:
    def place(client: Client) -> str:
        client.force_login(ManagerFactory().user)
        return reverse(name)

    return place


def acceptance(client: Client) -> str:
    consent_text_in_force()
    client.force_login(validated(PortfolioFactory(), with_account=True).jobseeker.user)
    return reverse("acceptance")


def activation(client: Client) -> str:
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    return reverse("activation", args=[accounts.issue_activation_link(user=user)])


def new_address(client: Client) -> str:
    """Return the link for an address that the staff has corrected. Its reader must prove who they are."""
    person = on_web_track(PortfolioFactory())
    addresses.ask_change(actor=person.user, address="nouvelle@exemple.fr")
    AddressChange.objects.update(by_owner=False)
    return reverse("confirm_address", args=[addresses.issue_link(user=person.user, address="nouvelle@exemple.fr")])


def slot_for_oneself(client: Client) -> str:
    client.force_login(on_web_track(bookable_portfolio()).user)
    return reverse("take_interview")


def callback_wish(client: Client) -> str:
    client.force_login(on_web_track(bookable_portfolio()).user)
    return reverse("ask_callback")


def decision_of_absence(client: Client) -> str:
    """Return the page of an absence declared for days with an interview."""
    portfolio = bookable_portfolio()
    interview = InterviewFactory(jobseeker=on_web_track(portfolio), starts_at=timezone.now() + timedelta(days=3))
    day = interview.starts_at.astimezone(portfolio.agency.zone).date().isoformat()
    client.force_login(portfolio.adviser.user)
    return f"{reverse('declare_absence')}?du={day}&au={day}"


def in_house(name: str, reader: str, args: Any = None) -> Any:
    """Return a function that opens a page of the data of `test_access`, as one of its readers."""

    def place(client: Client) -> str:
        house = build_house()
        user = house.users[reader]
        if user is not None:
            client.force_login(user)
        return reverse(name, args=(args or TABLE[name].args)(house))

    return place


def interview_without_address(name: str) -> Any:
    """Return a function that opens the registration interview of a person without an e-mail address."""

    def place(client: Client) -> str:
        portfolio = PortfolioFactory()
        enrolment = volunteer(portfolio)
        Jobseeker.objects.filter(pk=enrolment.jobseeker_id).update(email=None, user=None)
        client.force_login(portfolio.adviser.user)
        return reverse(name, args=[enrolment.pk])

    return place


def person_who_waits(client: Client) -> str:
    """Return the page that places a waiting person, while a portfolio has room."""
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    leave_track(actor=person.user, jobseeker=person)
    PortfolioFactory(agency=portfolio.agency, modality=Modality.GUIDE)
    client.force_login(ManagerFactory().user)
    return reverse("place_person", args=[person.pk])


def of_several(name: str, reader: str = "follower", query: str = "personne={}") -> Any:
    """Return a function that opens a page for a person ticked in the portfolio list."""

    def place(client: Client) -> str:
        house = build_house()
        client.force_login(house.users[reader])
        return f"{reverse(name)}?{query.format(house.owner.pk)}"

    return place


def people_to_transfer(client: Client) -> str:
    portfolio = PortfolioFactory()
    on_web_track(portfolio)
    PortfolioFactory(agency=portfolio.agency)
    client.force_login(ManagerFactory().user)
    placement = portfolio.placements.get()
    return f"{reverse('transfer_new')}?personne={placement.jobseeker_id}&people={placement.pk}"


TOO_LONG = "x" * 5001

FORMS: dict[str, tuple[type[Form], Any, dict[str, Any]]] = {
    "acceptance": (consent.AcceptanceForm, acceptance, {"version": "1"}),
    "log_in": (accounts_forms.LogInForm, in_house("login", "anonymous"), {}),
    "password_forgotten": (accounts_forms.PasswordForgottenForm, in_house("password_forgotten", "anonymous"), {}),
    "first_access": (accounts_forms.FirstAccessForm, in_house("first_access", "anonymous"), {}),
    "activation": (accounts_forms.ChoosePasswordForm, activation, {}),
    "password_change": (accounts_forms.ChangePasswordForm, as_jobseeker("password_change"), {}),
    "change_address": (accounts_forms.ChangeAddressForm, as_jobseeker("change_address"), {}),
    "confirm_address": (accounts_forms.ConfirmAddressForm, new_address, {}),
    "plan_wish": (plans.PlanWishForm, as_jobseeker("ask_plan_change"), {}),
    "my_channel": (phone.PreferredChannelForm, as_jobseeker("my_channel"), {"channel": "pigeon"}),
    "my_notices": (notices.NoticesForm, as_jobseeker("my_notices"), {"quiet_from": "25:00"}),
    "my_phone": (phone.PhoneForm, as_jobseeker("my_phone"), {}),
    "own_document": (workbook.DocumentForm, in_house("own_documents", "owner"), {}),
    "document": (workbook.DocumentForm, in_house("person_documents", "follower"), {}),
    "note": (workbook.NoteForm, in_house("add_note", "follower"), {}),
    "objective": (workbook.ObjectiveForm, in_house("action_plan", "follower"), {}),
    "edit_objective": (workbook.EditObjectiveForm, in_house("edit_objective", "follower"), {}),
    "step": (
        workbook.StepForm,
        in_house("add_step", "follower", lambda house: (house.step.objective_id,)),
        {},
    ),
    "edit_step": (workbook.EditStepForm, in_house("edit_step", "follower"), {}),
    "change_plan": (plans.PlanDecisionForm, as_adviser("person_plan"), {}),
    "contact": (ContactForm, in_house("person_contact", "follower"), {}),
    "details": (DetailsForm, in_house("edit_details", "follower"), {"email": "x"}),
    "tier": (TierChangeForm, as_adviser("person_tier"), {"tier": "renforce"}),
    "registration": (registration.RegistrationForm, in_house("registration", "follower"), {}),
    "registration_email": (
        registration.EmailForm,
        interview_without_address("registration_email"),
        {"email": "x"},
    ),
    "registration_correction": (
        CorrectionForm,
        in_house("registration", "follower"),
        {"correction-phone": "x"},
    ),
    "saved_view": (selection.SavedViewForm, in_house("saved_view", "follower"), {}),
    "new_view": (selection.SavedViewForm, of_several("saved_views", query="besoin=reponse"), {}),
    "plan_of_several": (selection.PlansForm, of_several("plan_many"), {}),
    "message_to_several": (GroupMessageForm, of_several("message_many"), {}),
    "absence": (absences.AbsenceForm, in_house("declare_absence", "follower"), {}),
    "longer_absence": (absences.ExtensionForm, in_house("extend_absence", "follower"), {}),
    "booked_in_absence": (absences.DecisionForm, decision_of_absence, {}),
    "shorter_absence": (absences.EndForm, in_house("end_absence", "follower"), {"raccourcir": "1"}),
    "other_relay": (absences.ReplaceForm, in_house("replace_cover", "follower"), {}),
    "day_hours": (hours_forms.DayHoursForm, in_house("day_hours", "follower"), {"begin_0": "x"}),
    "outside_calendar": (hours_forms.OutsideCalendarForm, in_house("outside_calendar", "follower"), {}),
    "booking_settings": (hours_forms.BookingSettingsForm, in_house("booking_settings", "follower"), {}),
    "one_more_relay": (absences.AddCoverForm, in_house("add_cover", "follower"), {}),
    "invite": (staff.InvitationForm, as_manager("invite"), {}),
    "adviser": (staff.AdviserForm, in_house("member", "manager"), {}),
    "staff_address": (staff.StaffAddressForm, in_house("member_address", "manager"), {}),
    "hand_over": (staff.HandOverForm, in_house("hand_over", "manager"), {}),
    "transfer": (transfers.TransferForm, people_to_transfer, {}),
    "place": (PlaceForm, person_who_waits, {}),
    "agency_phone": (AgencyPhoneForm, in_house("agency_phone", "manager"), {"phone": "x"}),
    "opening": (OpeningForm, in_house("region_opening", "national"), {"web_opens_on": "x", "step": "voir"}),
    "consent_texts": (ConsentTextForm, as_manager("consent_texts"), {}),
    "capacities": (CapacityForm, as_manager("capacities"), {}),
    "lapse_delays": (LapseDelayForm, as_manager("lapse_delays"), {}),
    "imports": (imports.ImportForm, as_manager("imports"), {"kind": "agencies"}),
    "own_message": (MessageForm, in_house("conversation", "owner"), {"client_id": str(uuid4())}),
    "message": (MessageForm, in_house("conversation", "follower"), {"client_id": str(uuid4())}),
    "message_in_sequence": (MessageForm, in_house("sequence_of", "follower"), {"client_id": str(uuid4())}),
    "reminder": (ReminderForm, in_house("conversation_remind", "follower"), {}),
    "note_beside_messages": (ConversationNoteForm, in_house("conversation_note", "follower"), {}),
    "change_message": (MessageChangeForm, in_house("change_message", "follower"), {}),
    "step_of_message": (MessageStepForm, in_house("message_step", "follower"), {}),
    "own_reply": (CannedReplyForm, in_house("canned_replies", "follower"), {}),
    "agency_reply": (CannedReplyForm, in_house("agency_replies", "manager"), {}),
    "change_reply": (CannedReplyChangeForm, in_house("canned_reply", "follower"), {}),
    "planned_message": (
        PlannedMessageForm,
        in_house("planned_message", "follower", lambda house: (planned_of(house),)),
        {},
    ),
    "ask_callback": (CallbackForm, callback_wish, {}),
    "callback": (OutcomeForm, in_house("callback", "follower"), {}),
    "own_slot": (visio_forms.SlotForm, slot_for_oneself, {}),
    "slot": (visio_forms.BookForForm, in_house("book_for", "follower"), {}),
    "moved_slot": (visio_forms.SlotForm, in_house("move_booked", "follower"), {}),
    "cancelled": (visio_forms.CancelForm, in_house("cancel_booked", "follower"), {}),
    "cancelled_by_oneself": (visio_forms.CancelForm, in_house("cancel_interview", "owner"), {"reason": TOO_LONG}),
    "slots_to_offer": (visio_forms.SlotOfferForm, in_house("offer_slots", "follower"), {}),
    "on_site": (visio_forms.OnSiteForm, in_house("ask_on_site", "owner"), {"comment": TOO_LONG}),
    "answer_on_site": (visio_forms.OnSiteMeetingForm, in_house("answer_on_site", "follower"), {}),
    "explain_absence": (visio_forms.AbsenceAnswerForm, in_house("explain_absence", "owner"), {}),
    "decide_absence": (visio_forms.AbsenceDecisionForm, in_house("decide_absence", "follower"), {}),
    "report": (visio_forms.ReportForm, in_house("interview_report", "follower"), {}),
    "held": (visio_forms.ReportForm, in_house("interview_report", "follower"), {"outcome": "held"}),
}
"""Every form that people fill in: its class, what opens its page, and what is sent."""

ANSWERED_WITH_200 = {
    accounts_forms.LogInForm,
    accounts_forms.PasswordForgottenForm,
    accounts_forms.ChoosePasswordForm,
}
"""Log-in pages, which count the attempts and say nothing by their status."""

NOT_FILLED_IN: dict[type[Form], str] = {
    notices.DeviceForm: "what a browser gives of itself, sent by a script",
    accounts_forms.CurrentPasswordForm: "a part of others",
    ReachForm: "a part of others",
    GuardedForm: "a part of others",
    UploadForm: "sent by the script of a conversation, which shows the answer",
    visio_forms.OnSiteAnswerForm: "sent to the page of `OnSiteMeetingForm`, which shows its errors",
    visio_forms.SlotOnLineForm: "`SlotForm` on a line of a list: tests/caseload/desk/test_acts.py",
    SeenForm: "a part of others",
    DisplayForm: "one of its choices is always made; others: tests/accompaniment/test_display.py",
    registration.WishForm: "a button",
    imports.ImportKindForm: "a button",
    visio_forms.OfferedSlotForm: "a button",
    visio_forms.RescueForm: "three buttons",
    visio_forms.CalendarFeedForm: "one box, ticked or not",
    visio_forms.TroubleForm: "read by a script",
    visio_forms.DeviceCheckForm: "read by a script",
    NumberForm: "read from an address",
    SequenceForm: "read from an address",
    SettleForm: "a button",
    TierChoiceForm: "read from an address",
    registration.SearchForm: "a search: tests/test_searches.py",
    messaging_forms.SearchForm: "a search: tests/test_searches.py",
    messaging_forms.ReplyChoiceForm: "a search: tests/messaging/test_canned_replies.py",
    messaging_forms.MessageSearchForm: "a search: tests/messaging/test_message_search.py",
    PersonSearchForm: "a search: tests/caseload/file/test_person_search.py",
    desk.PortfolioFilterForm: "a search: tests/test_searches.py",
    dashboard.PeriodForm: "a filter",
    dashboard.StaffFilterForm: "a filter",
    TimelineForm: "a filter",
    absences.AdviserChoiceForm: "leads to a page",
}


def test_every_form_of_the_house_is_here() -> None:
    """A new form goes into the list above, with what opens its page, or into the list of forms that nobody fills in."""
    listed = {form for form, _, _ in FORMS.values()} | NOT_FILLED_IN.keys()
    assert {form for form in forms_of_the_house() if issubclass(form, Form)} - listed == set()


def forms_shown(response: Any) -> list[BaseForm]:
    """Return every form in the template's context, under any name or in any list."""
    found: dict[int, BaseForm] = {}
    for layer in [one for context in response.context for one in context.dicts]:
        for value in layer.values():
            for one in value if isinstance(value, list | tuple) else [value]:
                for form in one if isinstance(one, tuple) else [one]:
                    if isinstance(form, BaseForm):
                        found[id(form)] = form
    return list(found.values())


@pytest.mark.parametrize(("form", "place", "typed"), FORMS.values(), ids=list(FORMS))
def test_a_form_sent_empty_says_where_each_error_is(
    client: Client, form: type[Form], place: Any, typed: dict[str, str]
) -> None:
    address = place(client)
    assert "<title>Erreur" not in client.get(address).content.decode()
    response = client.post(address, {"csrfmiddlewaretoken": "", **typed, **parse_qs_of(address)})
    text = response.content.decode()
    page = Page(text)
    assert response.status_code == (200 if form in ANSWERED_WITH_200 else 422)
    assert "<title>Erreur – " in text
    # Kind: a wrong length. A server cuts a page that is longer than its header says, and the request never ends.
    assert int(response["Content-Length"]) == len(response.content)
    assert any(type(one) is form and one.errors for one in forms_shown(response))
    assert page.summaries == 1
    assert page.links
    for target in page.links:
        assert target in page.ids, target
    assert page.invalid
    for field in page.invalid:
        described = str(field.get("aria-describedby") or "").split()
        group = page.ids.get(str(field["name"] and f"id_{field['name']}"), {})
        described += str(group.get("aria-labelledby") or "").split()
        assert any(name.endswith("_error") for name in described), field
        assert all(name in page.ids for name in described if name.endswith("_error")), field
        label = re.search(rf'<label[^>]*for="{field.get("id")}"[^>]*>(.*?)</label>', text, re.DOTALL)
        assert label is None or "(facultatif)" not in label[1] or typed.get(str(field["name"]))
    # Without `novalidate`, the browser's own messages would come in place of ours.
    assert all("novalidate" in one for one in page.posting_with_fields)


CHOSEN_ALREADY: dict[tuple[type[Form], str], str] = {
    (CallbackForm, "way"): "by telephone, which is what a call-back is; the other ways are for who cannot telephone",
    (notices.NoticesForm, "quiet_from"): "what the person has chosen, or what holds for everybody until they choose",
    (notices.NoticesForm, "quiet_until"): "the same",
    (plans.PlanDecisionForm, "contact"): "what the person wishes, or the plan that is in force",
    (plans.PlanDecisionForm, "interval_days"): "what the person wishes, or the plan that is in force",
    (registration.RegistrationForm, "has_webcam"): "what the person declared",
    (registration.RegistrationForm, "bandwidth"): "what the person declared",
    (registration.RegistrationForm, "tier"): "the tier that the person has",
    (staff.AdviserForm, "agency"): "where the adviser works",
    (visio_forms.BookForForm, "channel"): "the same as of `SlotForm`",
    (visio_forms.SlotForm, "channel"): "what the person prefers; below without it",
    (visio_forms.SlotOfferForm, "channel"): "the same",
    (visio_forms.AbsenceDecisionForm, "decision"): "the only one that can be taken yet",
}


@pytest.mark.parametrize("name", FORMS)
def test_no_choice_that_must_be_made_is_made_before_somebody_makes_it(client: Client, name: str) -> None:
    """Kind: a page that answers for its reader. A known fact about the person does not count as such an answer."""
    _, place, _ = FORMS[name]
    response = client.get(place(client))
    if response.status_code == 405:
        return
    made = []
    for form in forms_shown(response):
        for bound in form.visible_fields():
            field = bound.field
            must = field.required or bound.name in getattr(form, "sometimes_required", ())
            if not must or not isinstance(field, ChoiceField) or isinstance(field, MultipleChoiceField):
                continue
            if (type(form), bound.name) in CHOSEN_ALREADY:
                continue
            offered = [value for value, _ in field.choices]
            if bound.value() or (type(field.widget) is Select and len(offered) > 1 and offered[0] != ""):
                made.append((type(form).__name__, bound.name, bound.value()))
    assert not made


@pytest.mark.parametrize("preferred", ["", "phone"])
def test_the_channel_of_a_slot_is_the_one_that_the_person_prefers_or_none(client: Client, preferred: str) -> None:
    person = on_web_track(bookable_portfolio())
    Jobseeker.objects.filter(pk=person.pk).update(preferred_channel=preferred)
    client.force_login(person.user)
    page = client.get(reverse("take_interview")).content.decode()
    assert re.findall(r'id="canal-(\w+)"[^>]*\schecked', page) == ([preferred] if preferred else [])


def parse_qs_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def test_the_same_text_is_refused_before_it_is_read_again(client: Client) -> None:
    """The preview of an unchanged text could only lead to a refusal. One changed word leads to the preview."""
    text = consent_text_in_force()
    client.force_login(ManagerFactory().user)
    typed = {"title": text.title, "body": text.body, "step": "relire"}
    refused = client.post(reverse("consent_texts"), typed)
    assert refused.status_code == 422
    assert "celui de la version en vigueur" in refused.content.decode()
    assert client.post(reverse("consent_texts"), {**typed, "body": f"{text.body} Oui."}).status_code == 200


def test_no_role_is_chosen_before_somebody_chooses(client: Client) -> None:
    """Kind: a mandatory choice that the page makes by itself."""
    client.force_login(ManagerFactory().user)
    page = client.get(reverse("invite")).content.decode()
    assert not re.search(r'name="role"[^>]*checked', page)
