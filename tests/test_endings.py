"""Every act that ends something says before it which things it ends, by name, and is never its page's strong button.

Kind: an act that cannot be undone, offered like any other. Every address that takes a POST is in one of two tables, so
that a new act must be put into one of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Tier
from accompaniment.models import AddressChange, LapseDelay, Note, Obligation, User
from accompaniment.rules.french import day_in_style, weekday_in_words
from accompaniment.services import addresses
from caseload.enums import ImportKind, ImportState
from caseload.models import Absence, ImportRun, Placement, Portfolio
from caseload.services.steering.import_changes import CONFIRM
from messaging.services.posting import post_message
from tests.access.house import House, build_house
from tests.access.messaging_rows import OWN_MESSAGE, dispatch_of, message_of, planned_of
from tests.access.table import TABLE
from tests.caseload.factories import PortfolioFactory, on_web_track, volunteer
from tests.space_page import words_of
from tests.visio.factories import InterviewFactory
from visio.models import Interview
from visio.reads.coming import day_hour_and_channel
from visio.services.feeds import make_feed

pytestmark = pytest.mark.django_db

CONTROL = re.compile(r"<(button|a)\b([^>]*)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True)
class Page:
    """What its reader sees before the act."""

    html: str
    names: tuple[str, ...]
    """What the act ends, as the page must name it."""


def page_for(user: User | None, path: str, data: dict[str, Any] | None = None, *, names: tuple[str, ...]) -> Page:
    """Open a page, or send a form whose answer asks before anything is done."""
    assert user is not None
    client = Client()
    client.force_login(user)
    answer = client.get(path) if data is None else client.post(path, data)
    assert answer.status_code in {200, 409}, (path, answer.status_code)
    html = answer.content.decode()
    return Page(html[html.index("<main") : html.index("</main>")], names)


def booked(house: House) -> str:
    return words_of(day_hour_and_channel(Interview.objects.with_people().get(pk=house.later.pk)))


def due(house: House) -> str:
    return words_of(weekday_in_words(Obligation.objects.get(pk=house.obligation_pk).due_on))


def transfer_of(house: House) -> Page:
    """The neighbour, whose transfer nobody has planned, goes to the follower's portfolio."""
    beside = Portfolio.objects.get(adviser__user=house.users["colleague"])
    person = Placement.objects.open().get(portfolio=beside).jobseeker
    later = Interview.objects.with_people().filter(jobseeker=person).latest("starts_at")
    facts = {
        "people": [Placement.objects.open().get(jobseeker=person).pk],
        "targets": [house.portfolio_pk],
        "reason": "Équilibrage",
        "token": "0123456789abcdef0123456789abcdef",
        "etape": "voir",
    }
    path = f"{reverse('transfer_new')}?personne={person.pk}"
    return page_for(house.users["colleague"], path, facts, names=(words_of(day_hour_and_channel(later)),))


def hand_over_of(house: House) -> Page:
    portfolio = PortfolioFactory(agency=house.owner.agency)
    person = on_web_track(portfolio)
    meeting = InterviewFactory(jobseeker=person, starts_at=timezone.now() + timedelta(days=2))
    meeting = Interview.objects.with_people().get(pk=meeting.pk)
    path = reverse("hand_over", args=[portfolio.adviser.user_id, portfolio.pk])
    names = (person.last_name, words_of(day_hour_and_channel(meeting)))
    return page_for(house.users["manager"], path, {"targets": [house.portfolio_pk], "reason": "Départ"}, names=names)


def absence_of(house: House) -> Page:
    """The colleague is away on the day of the neighbour's interview."""
    beside = Portfolio.objects.get(adviser__user=house.users["colleague"])
    person = Placement.objects.open().get(portfolio=beside).jobseeker
    later = Interview.objects.with_people().filter(jobseeker=person).latest("starts_at")
    day = later.starts_at.astimezone(beside.adviser.agency.zone).date()
    relay = Portfolio.objects.get(pk=house.portfolio_pk).adviser
    path = f"{reverse('declare_absence')}?du={day}&au={day}&relais_{beside.pk}={relay.pk}"
    return page_for(house.users["colleague"], path, names=(str(person), words_of(weekday_in_words(day))))


def extension_of(house: House) -> Page:
    """The follower stays away one day more, on which the owner has an interview."""
    absence = Absence.objects.get(pk=house.absence_pk)
    day = absence.ends_on + timedelta(days=1)
    begins = datetime.combine(day, time(10), house.owner.agency.zone)
    InterviewFactory(jobseeker=house.owner, starts_at=begins)
    relay = Portfolio.objects.get(adviser__user=house.users["colleague"]).adviser
    path = f"{reverse('extend_absence', args=[absence.pk])}?au={day}&relais_{house.portfolio_pk}={relay.pk}"
    return page_for(house.users["follower"], path, names=(str(house.owner), words_of(weekday_in_words(day))))


def left_of(house: House) -> Page:
    adviser = Portfolio.objects.get(pk=house.portfolio_pk).adviser
    person = on_web_track(Portfolio.objects.get(pk=house.portfolio_pk))
    begun = timezone.now() - timedelta(days=3)
    InterviewFactory(jobseeker=person, starts_at=begun)
    names = (person.full_name, words_of(weekday_in_words(begun.astimezone(person.agency.zone).date())))
    return page_for(house.users["manager"], reverse("left_interviews", args=[adviser.pk]), names=names)


def feed_for(house: House) -> Page:
    make_feed(actor=house.users["owner"], tells_subject=False)
    return page_for(house.users["owner"], reverse("calendar_feed"), names=("son adresse ne répond plus",))


def waiting_of(house: House) -> Page:
    owner = house.owner
    post_message(actor=owner.user, conversation=house.conversation, client_id=uuid4(), body="Une question")
    return page_for(
        house.users["follower"], reverse("sequence_of", args=[house.conversation.pk]), names=(owner.full_name,)
    )


def import_of(house: House) -> Page:
    run = ImportRun.objects.create(
        kind=ImportKind.JOBSEEKERS,
        filename="inscriptions.csv",
        uploaded_by=house.users["national"],
        started_at=timezone.now(),
        state=ImportState.ASKING,
        foreseen={
            "title": "Ce fichier change la modalité d'une personne",
            "sentences": [],
            "people": [house.owner.pk],
            "parts": [{"title": "Autre modalité", "people": [house.owner.pk]}],
            "mark": "",
        },
    )
    path = reverse("import", args=[run.pk])
    return page_for(house.users["national"], path, names=(house.owner.identifier, booked(house), due(house)))


def shorter_delay_of(house: House) -> Page:
    LapseDelay.objects.create(state="asked", days=30, starts_on=timezone.localdate() - timedelta(days=90), reason="R")
    house.waiting.asked_at = timezone.now() - timedelta(days=20)
    house.waiting.save(update_fields=["asked_at"])
    facts = {"state": "asked", "days": 10, "starts_on": timezone.localdate().isoformat(), "reason": "Délai plus court"}
    return page_for(
        house.users["national"], reverse("lapse_delays"), facts, names=(house.waiting.jobseeker.identifier,)
    )


def opening_of(house: House) -> Page:
    later = (timezone.localdate() + timedelta(days=60)).isoformat()
    path = reverse("region_opening", args=[house.region])
    client = Client()
    client.force_login(house.users["national"])
    seen = re.search(r'name="seen" value="([^"]*)"', client.get(path).content.decode())
    facts = {"web_opens_on": later, "step": "voir", "seen": seen[1] if seen else ""}
    return page_for(house.users["national"], path, facts, names=(house.waiting.jobseeker.identifier,))


def publishing_of(house: House) -> Page:
    facts = {"title": "Votre accompagnement", "body": "Un texte.", "step": "relire"}
    return page_for(house.users["national"], reverse("consent_texts"), facts, names=("Un texte publié ne change plus",))


def address_of(house: House) -> Page:
    addresses.ask_change(actor=house.owner.user, address="autre@exemple.fr")
    assert AddressChange.objects.exists()
    return page_for(house.users["owner"], reverse("change_address"), names=("autre@exemple.fr",))


def closing_of(house: House) -> Page:
    """An account is closed once nothing hangs on it; until then its page names what does."""
    adviser = Portfolio.objects.get(pk=house.portfolio_pk).adviser
    return page_for(
        house.users["manager"], reverse("member", args=[adviser.user_id]), names=(booked(house).split(",")[0],)
    )


def cover_of(house: House) -> Page:
    absence = Absence.objects.get(pk=house.absence_pk)
    first = words_of(day_in_style(absence.starts_on, "l j F Y"))
    return page_for(house.users["follower"], reverse("absence", args=[absence.pk]), names=(first,))


def planned_conversation(house: House) -> tuple[int]:
    planned_of(house)
    return (house.conversation.pk,)


def at(name: str, actor: str, *, args: Callable[[House], tuple[Any, ...]] = lambda house: (), query: str = "") -> Any:
    """Return how to open a page, before its names are known."""

    def opened(names: Callable[[House], tuple[str, ...]]) -> Callable[[House], Page]:
        return lambda house: page_for(
            house.users[actor], reverse(name, args=args(house)) + query.format(house=house), names=names(house)
        )

    return opened


def owner(house: House) -> tuple[int]:
    return (house.owner.pk,)


def later(house: House) -> tuple[int]:
    return (house.later.pk,)


def in_parts(house: House) -> tuple[str, ...]:
    return tuple(booked(house).split(", "))


def of_the_note(house: House) -> tuple[str]:
    return (Note.objects.get(pk=house.note_pk).body,)


ENDS: dict[str, tuple[str, Callable[[House], Page]]] = {
    "leave_track": (
        "Quitter le 100 % web maintenant",
        at("leave_track", "owner")(lambda house: (booked(house), due(house))),
    ),
    "conversation_no_reply": ("Pas de réponse nécessaire", waiting_of),
    "cancel_interview": ("Annuler l'entretien", at("cancel_interview", "owner", args=later)(in_parts)),
    "cancel_booked": (
        "Annuler l'entretien",
        at("cancel_booked", "follower", args=later)(lambda house: in_parts(house)[:-1]),
    ),
    "cancel_callback": (
        "Annuler ma demande",
        at("ask_callback", "owner")(
            lambda house: (words_of(weekday_in_words(timezone.localdate(house.callback.window_starts_at))),)
        ),
    ),
    "withdraw_on_site": (
        "Retirer ma demande",
        at("ask_on_site", "owner")(lambda house: (words_of(weekday_in_words(timezone.localdate())),)),
    ),
    "withdraw_plan_wish": (
        "Retirer ma demande",
        at("ask_plan_change", "owner")(lambda house: (words_of(day_in_style(timezone.localdate(), "j F")),)),
    ),
    "remove_document": (
        "Retirer le document",
        at("remove_document", "owner", args=lambda house: (house.document_pk,))(lambda house: ("CV",)),
    ),
    "delete_message": (
        "Supprimer le message",
        at("delete_message", "follower", args=lambda house: (house.conversation.pk, message_of(house)))(
            lambda house: (OWN_MESSAGE,)
        ),
    ),
    "drop_address": ("Abandonner ce changement", address_of),
    "room_end": (
        "Terminer l'appel",
        at("room", "owner", args=lambda house: (house.interview.token,))(lambda house: (str(house.interview.adviser),)),
    ),
    "person_leaves": (
        "Enregistrer son départ",
        at("person_leaves", "follower", args=owner)(lambda house: (booked(house), due(house))),
    ),
    "person_tier": (
        "Confirmer le passage à « renforcé »",
        at("person_tier", "follower", args=owner, query=f"?modalite={Tier.RENFORCE}")(
            lambda house: (booked(house), due(house))
        ),
    ),
    "person_plan": (
        "Enregistrer",
        at("person_plan", "follower", args=owner, query="?decision=changer")(lambda house: (due(house),)),
    ),
    "plan_many": (
        "Changer le plan",
        at("plan_many", "follower", query="?personne={house.owner.pk}")(
            lambda house: (f"{house.owner.last_name} {house.owner.first_name} : ", due(house))
        ),
    ),
    "withdraw_note": (
        "Retirer la note",
        at("withdraw_note", "follower", args=lambda house: (house.note_pk,))(of_the_note),
    ),
    "delete_saved_view": (
        "Supprimer Sans réponse",
        at("saved_views", "follower")(lambda house: ("Sans réponse",)),
    ),
    "delete_canned_reply": (
        "Supprimer Relance",
        at("canned_replies", "follower")(lambda house: ("Relance",)),
    ),
    "remove_step": (
        "Retirer cette étape du plan",
        at("edit_step", "follower", args=lambda house: (house.step.pk,))(lambda house: (house.step.objective.title,)),
    ),
    "close_objective": (
        "Clore cet objectif : Passer le permis",
        at("action_plan", "follower", args=owner)(lambda house: ("Passer le permis",)),
    ),
    "hold_by_contact": ("", at("person_plan", "follower", args=owner)(lambda house: (due(house),))),
    "transfer_new": ("Transférer", transfer_of),
    "cancel_transfer": (
        "Annuler",
        at("transfer", "manager", args=lambda house: (house.batch_pk,))(lambda house: (house.owner.full_name,)),
    ),
    "planned_message": (
        "Retirer",
        at("conversation", "follower", args=planned_conversation)(lambda house: ("Voici ma réponse.",)),
    ),
    "stop_dispatch": (
        "Arrêter ce qui n'est pas encore parti",
        at("dispatch", "follower", args=lambda house: (dispatch_of(house),))(lambda house: ("0 sur 1 envoyé",)),
    ),
    "hand_over": ("Transférer", hand_over_of),
    "declare_absence": ("Enregistrer l'absence", absence_of),
    "extend_absence": ("Prolonger l'absence", extension_of),
    "end_absence": ("Annuler l'absence", cover_of),
    "replace_cover": ("", cover_of),
    "decide_absence": (
        "Enregistrer la décision",
        at("decide_absence", "follower", args=lambda house: (house.noted.pk,))(
            lambda house: (words_of(weekday_in_words(timezone.localdate(house.noted.starts_at))),)
        ),
    ),
    "left_interviews": ("Clore cet entretien", left_of),
    "end_calendar_feed": ("Arrêter l'abonnement", feed_for),
    "member_account": ("", closing_of),
    "confirm_import": (CONFIRM, import_of),
    "lapse_delays": ("", shorter_delay_of),
    "consent_texts": ("Publier la version", publishing_of),
    "region_opening": ("Confirmer", opening_of),
}
"""By the address that does it: the words on its button, and the page before it. Without words, the page has no button
for it in this state, and only the names are looked for."""

ENDS_NOTHING: dict[str, tuple[str, ...]] = {
    "it opens or closes a session": ("home", "login", "log_out", "session_time", "activation"),
    "it asks for a link, or uses one": ("password_forgotten", "first_access", "password_reset", "confirm_address"),
    "it changes how one enters": ("password_change", "change_address"),
    "it writes something that can be written again": (
        "my_phone",
        "my_channel",
        "my_notices",
        "my_device",
        "display",
        "tick_step",
        "saved_views",
        "saved_view",
        "canned_replies",
        *("booking_settings", "day_hours", "hold_slot", "outside_calendar"),
        "canned_reply",
        "agency_replies",
        "edit_details",
        "edit_objective",
        "edit_step",
        "change_message",
        "add_note",
        "conversation_note",
        "conversation_keep",
        "conversation_dealt_with",
        "conversation_remind",
        "person_contact",
        "action_plan",
        "add_step",
        "message_step",
        "own_documents",
        "attachment_upload",
        "attachment_about",
        "person_documents",
        "reopen_objective",
        "registration_draft",
        "registration_email",
        "member",
        "member_address",
        "agency_phone",
        "capacities",
        "cancel_capacity",
        "cancel_lapse_delay",
        "agency_opening",
        "explain_absence",
        "room_number",
        "device_test_result",
        "calendar_feed",
    ),
    "it asks for something, or answers": (
        "ask_enrolment",
        "ask_plan_change",
        "ask_on_site",
        "ask_callback",
        "rescue",
        "change_callback",
        "acceptance",
        "record_wish",
        "record_on_site",
        "answer_on_site",
        "callback",
        "next_callback",
        "claim_callback",
        "release_callback",
        "invite",
        "imports",
    ),
    "it sends or reads": (
        "person_details",
        "message_many",
        "offer_slots",
        "conversation",
        "sequence_of",
        "conversation_read",
        "registration_device_link",
        "room_trouble",
        "room_phone",
    ),
    "it books, or moves to another hour that is chosen first": (
        "take_interview",
        "slot_card",
        "choose_slot",
        "move_interview",
        "move_booked",
        "book_for",
    ),
    "it places, or adds a colleague": ("place_person", "add_cover"),
    "it is the work itself: an interview is concluded, with its reason": (
        "registration",
        "interview_report",
    ),
}
"""What takes a POST and ends nothing that somebody counts on, with the reason."""


def acts() -> set[str]:
    return {
        name for name, row in TABLE.items() if any(status not in {"login", "403", "405"} for status in row.post.split())
    }


def test_every_act_is_known_to_end_something_or_nothing() -> None:
    harmless = [name for names in ENDS_NOTHING.values() for name in names]
    assert len(harmless) == len(set(harmless))
    assert not set(harmless) & set(ENDS)
    assert sorted(acts() ^ (set(harmless) | set(ENDS))) == []


def is_strong(attributes: str) -> bool:
    classes = re.search(r'class="([^"]*)"', attributes)
    worn = set(classes[1].split()) if classes else set()
    return "fr-btn" in worn and not {one for one in worn if re.search("--(secondary|tertiary|close)", one)}


def buttons_of(html: str) -> list[tuple[str, bool]]:
    return [(words_of(inner).strip(), is_strong(attributes)) for _, attributes, inner in CONTROL.findall(html)]


@pytest.mark.parametrize("name", ENDS)
def test_an_act_that_ends_something_names_it_and_is_not_the_strong_button(name: str) -> None:
    button, opened = ENDS[name]
    page = opened(build_house())
    said = words_of(unescape(page.html))
    assert page.names
    missing = [what for what in page.names if what.casefold() not in said.casefold()]
    assert not missing, said
    if button:
        found = [strong for words, strong in buttons_of(page.html) if words.startswith(button)]
        assert found, [words for words, _ in buttons_of(page.html)]
        assert not any(found), button


def test_a_strong_button_is_known_from_another() -> None:
    """Control: the test above can fail."""
    planted = (
        '<button class="fr-btn" type="submit">Supprimer</button><a class="fr-btn fr-btn--sm fr-btn--secondary">x</a>'
    )
    assert buttons_of(planted) == [("Supprimer", True), ("x", False)]


def test_a_volunteer_s_request_is_given_up_on_the_page_that_says_what_ends() -> None:
    """Kind: an act from a page that does not say what it ends."""
    person = volunteer(PortfolioFactory(), with_account=True).jobseeker
    client = Client()
    client.force_login(person.user)
    for name in ("acceptance", "panel_next_step"):
        html = client.get(reverse(name)).content.decode()
        assert f'href="{reverse("leave_track")}"' in html, name
