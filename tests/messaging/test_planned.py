"""A message that waits until the agency opens: who sees it, when it leaves, and what becomes of it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import AuditEntry, Notification, OpeningHours, User
from caseload.enums import PlacementEnd
from caseload.models import CaseSummary
from caseload.rules.portfolio import Situation, needs_of
from caseload.services.moves.placements import end_placement
from messaging.models import Attachment, Conversation, Message, PlannedMessage
from messaging.services.planned import plan_message, send_planned, shown_of
from messaging.services.posting import post_message
from messaging.services.unread import tell_unread
from tests.accompaniment.factories import AgencyFactory, RegionFactory
from tests.caseload.factories import CoverFactory, PortfolioFactory
from tests.messaging.factories import Pair, pair, say
from tests.messaging.files import PDF

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
SATURDAY = datetime(2026, 12, 5, 20, 30, tzinfo=PARIS)
MONDAY = datetime(2026, 12, 7, 9, tzinfo=PARIS)
WHEN = "lundi 7 décembre à 9 h"


@pytest.fixture
def evening() -> Iterator[time_machine.Traveller]:
    """Saturday evening: the agency is closed until Monday, 9 h."""
    with time_machine.travel(SATURDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def two(evening: time_machine.Traveller) -> Pair:
    return pair(last_name="Moreau", first_name="Awa")


def client_of(user: User) -> Client:
    """Return a client that has just logged in: a session of another day is over."""
    client = Client()
    client.force_login(user)
    return client


def plan(two: Pair, body: str = "Voici ma réponse.", client_id: UUID | None = None) -> PlannedMessage:
    planned = plan_message(actor=two.adviser, conversation=two.conversation, client_id=client_id or uuid4(), body=body)
    assert isinstance(planned, PlannedMessage)
    return planned


def text_of(answer: HttpResponse) -> str:
    page = re.sub(r"<(script|style|template)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).replace("\u00a0", " ").split())


def page_of(two: Pair) -> str:
    return reverse("conversation", args=[two.conversation.pk])


def write(client: Client, two: Pair, **facts: Any) -> HttpResponse:
    return client.post(page_of(two), {"body": "Voici ma réponse.", "client_id": str(uuid4())} | facts, follow=True)


# --- When it leaves -----------------------------------------------------------------------------------------------


def test_it_leaves_once_after_the_opening_however_many_rounds_there_are(
    two: Pair, evening: time_machine.Traveller
) -> None:
    planned = plan(two)
    assert planned.due_at == MONDAY
    evening.move_to(MONDAY - timedelta(seconds=1))
    assert [send_planned() for _ in range(3)] == [0, 0, 0]
    evening.move_to(MONDAY)
    assert [send_planned() for _ in range(3)] == [1, 0, 0]
    message = Message.objects.get()
    assert (message.body, message.author, message.client_id) == ("Voici ma réponse.", two.adviser, planned.client_id)
    assert (message.created_at, message.collective) == (MONDAY, False)
    evening.move_to(MONDAY + timedelta(days=30))
    assert send_planned() == 0
    call_command("check_invariants")


def test_after_an_outage_it_leaves_late_and_once(two: Pair, evening: time_machine.Traveller) -> None:
    plan(two)
    evening.move_to(MONDAY + timedelta(days=4, hours=5))
    assert [send_planned() for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("open_at", [MONDAY, MONDAY + timedelta(hours=7, minutes=59)])
def test_while_the_agency_is_open_it_leaves_at_once(
    two: Pair, evening: time_machine.Traveller, open_at: datetime
) -> None:
    evening.move_to(open_at)
    sent = plan_message(actor=two.adviser, conversation=two.conversation, client_id=uuid4(), body="Bonjour")
    assert isinstance(sent, Message)
    evening.move_to(MONDAY + timedelta(hours=3))
    assert isinstance(plan(two), PlannedMessage)


def test_an_agency_without_hours_changes_nothing(two: Pair) -> None:
    OpeningHours.objects.filter(agency=two.jobseeker.agency).delete()
    sent = plan_message(actor=two.adviser, conversation=two.conversation, client_id=uuid4(), body="Bonjour")
    assert isinstance(sent, Message)
    page = client_of(two.adviser).get(page_of(two)).content.decode()
    assert "Envoyer à l'ouverture" not in unescape(page)


def test_a_message_of_the_person_never_waits(two: Pair) -> None:
    answer = write(client_of(two.person), two, quand="ouverture")
    assert answer.status_code == 200
    assert Message.objects.get().author == two.person
    assert not PlannedMessage.objects.exists()
    assert "Envoyer à l'ouverture" not in text_of(answer)


@pytest.mark.parametrize(
    ("zone", "opens"), [("Indian/Reunion", 5), ("America/Martinique", 13), ("Europe/Paris", 8), ("Pacific/Noumea", -2)]
)
def test_it_waits_for_the_agency_s_own_hour(evening: time_machine.Traveller, zone: str, opens: int) -> None:
    agency = AgencyFactory(region=RegionFactory(timezone=zone))
    far = pair(PortfolioFactory(agency=agency))
    assert plan(far).due_at == datetime(2026, 12, 7, tzinfo=UTC) + timedelta(hours=opens)


# --- Who sees it --------------------------------------------------------------------------------------------------


def test_the_person_sees_nothing_of_it_before_it_has_left(two: Pair, evening: time_machine.Traveller) -> None:
    """On no page, in no frame, in no letter, and not in the journal of who opened the file."""
    plan(two, "Un secret de polichinelle")
    evening.move_to(MONDAY - timedelta(minutes=1))
    person = client_of(two.person)
    tell_unread()
    for address in (
        page_of(two),
        f"{reverse('conversation_messages', args=[two.conversation.pk])}?apres=0",
        reverse("space"),
        reverse("own_data"),
        reverse("my_accompaniment"),
        reverse("search_messages") + "?q=polichinelle",
    ):
        answer = person.get(address)
        assert answer.status_code == 200, address
        assert "secret de" not in answer.content.decode(), address
    assert person.get(reverse("conversation_planned", args=[two.conversation.pk])).status_code == 403
    assert not AuditEntry.objects.filter(jobseeker=two.jobseeker, action="message").exists()
    assert not Notification.objects.filter(kind="unread_messages").exists()
    evening.move_to(MONDAY)
    assert send_planned() == 1
    assert "secret de" in person.get(page_of(two)).content.decode()
    assert AuditEntry.objects.filter(jobseeker=two.jobseeker, action="message").count() == 1


def test_its_author_sees_it_in_the_conversation_and_a_colleague_only_that_it_is_there(two: Pair) -> None:
    planned = plan(two)
    own = text_of(client_of(two.adviser).get(page_of(two)))
    assert f"À envoyer {WHEN}" in own
    assert "Voici ma réponse." in own
    relay = CoverFactory(portfolio=two.portfolio).colleague.user
    other = text_of(client_of(relay).get(page_of(two)))
    assert f"Réponse prévue {WHEN} par {two.adviser.full_name}." in other
    assert "Voici ma réponse." not in other
    assert client_of(relay).get(reverse("planned_message", args=[planned.pk])).status_code == 404
    assert client_of(relay).post(reverse("planned_message", args=[planned.pk]), {"acte": "retirer"}).status_code == 404


def test_the_hour_is_that_of_the_reader(evening: time_machine.Traveller) -> None:
    agency = AgencyFactory(region=RegionFactory(timezone="Indian/Reunion"))
    far = pair()
    far.jobseeker.agency = agency
    far.jobseeker.save(update_fields=["agency"])
    plan(far)
    assert "À envoyer lundi 7 décembre à 6 h (heure de Paris)" in text_of(client_of(far.adviser).get(page_of(far)))


# --- The wait for an answer ---------------------------------------------------------------------------------------


def test_the_wait_ends_when_it_has_left_and_lists_say_that_an_answer_is_planned(
    two: Pair, evening: time_machine.Traveller
) -> None:
    say(two.conversation, two.person, "Une question")
    plan(two)
    relay = CoverFactory(
        portfolio=two.portfolio, starts_on=SATURDAY.date(), ends_on=SATURDAY.date() + timedelta(days=5)
    ).colleague.user
    conversation = Conversation.objects.get()
    assert conversation.awaiting_reply_since == SATURDAY
    said = f"Réponse prévue {WHEN}"
    for reader, expected in ((two.adviser, said), (relay, f"{said} ({two.adviser.full_name})")):
        client = client_of(reader)
        for address in ("conversations", "panel_to_answer"):
            assert expected in text_of(client.get(reverse(address))), address
        one = client.get(reverse("sequence"))["Location"]
        state = client.get(one, headers={"HX-Request": "true"})
        assert expected in text_of(state)
    summary = CaseSummary.objects.get(jobseeker=two.jobseeker)
    assert (summary.awaiting_reply_since, summary.reply_planned_at) == (SATURDAY, MONDAY)
    situation = Situation(awaiting_reply_since=SATURDAY - timedelta(hours=3), reply_planned_at=MONDAY)
    (need,) = [one for one in needs_of(situation, now=SATURDAY, zone=PARIS) if "Sans réponse" in one.phrase]
    assert need.phrase == "Sans réponse depuis 3\u00a0h, réponse prévue"
    call_command("check_invariants")
    evening.move_to(MONDAY)
    assert send_planned() == 1
    conversation.refresh_from_db()
    assert conversation.awaiting_reply_since is None
    summary.refresh_from_db()
    assert (summary.awaiting_reply_since, summary.reply_planned_at) == (None, None)
    assert "Réponse prévue" not in text_of(client_of(relay).get(reverse("conversations")))
    call_command("check_invariants")


def test_late_replies_say_that_an_answer_is_planned(two: Pair, evening: time_machine.Traveller) -> None:
    say(two.conversation, two.person, "Une question")
    evening.move_to(datetime(2026, 12, 9, 22, tzinfo=PARIS))
    plan(two)
    colleague = PortfolioFactory(agency=two.portfolio.agency).adviser.user
    assert "Réponse prévue jeudi 10 décembre à 9 h" in text_of(client_of(colleague).get(reverse("late_replies")))


def test_the_author_learns_that_the_person_has_written_since(two: Pair) -> None:
    planned, client = plan(two), client_of(two.adviser)
    news = "Un message est arrivé depuis."
    part = reverse("conversation_planned", args=[two.conversation.pk])
    page = reverse("planned_message", args=[planned.pk])
    assert news not in text_of(client.get(part))
    say(two.conversation, two.person, "Finalement, c'est réglé")
    for address in (part, page, page_of(two), reverse("planned_messages")):
        assert news in text_of(client.get(address)), address
    client.post(page, {"body": "Très bien.", "seen": shown_of(planned).token})
    assert news not in text_of(client.get(part))


# --- What its author can do ---------------------------------------------------------------------------------------


def test_it_can_be_changed(two: Pair, evening: time_machine.Traveller) -> None:
    planned, client = plan(two), client_of(two.adviser)
    page = reverse("planned_message", args=[planned.pk])
    answer = client.post(page, {"body": "Une meilleure réponse.", "seen": shown_of(planned).token}, follow=True)
    assert f"Le message est changé. Il partira {WHEN}." in text_of(answer)
    evening.move_to(MONDAY)
    assert send_planned() == 1
    assert Message.objects.get().body == "Une meilleure réponse."


def test_two_screens_do_not_overwrite_each_other(two: Pair) -> None:
    planned, client = plan(two), client_of(two.adviser)
    page, seen = reverse("planned_message", args=[planned.pk]), shown_of(planned).token
    client.post(page, {"body": "Du premier écran", "seen": seen})
    answer = client.post(page, {"body": "Du second écran", "seen": seen})
    assert answer.status_code == 409
    assert "Du premier écran" in text_of(answer)
    assert "Du second écran" in text_of(answer)
    planned.refresh_from_db()
    assert planned.body == "Du premier écran"


def test_it_can_be_sent_now(two: Pair, evening: time_machine.Traveller) -> None:
    planned, client = plan(two), client_of(two.adviser)
    answer = client.post(reverse("planned_message", args=[planned.pk]), {"acte": "envoyer"}, follow=True)
    assert "Votre message est envoyé à Awa Moreau." in text_of(answer)
    assert Message.objects.get().client_id == planned.client_id
    evening.move_to(MONDAY)
    assert send_planned() == 0


def test_it_can_be_withdrawn_and_its_text_is_back_in_the_field(two: Pair, evening: time_machine.Traveller) -> None:
    planned, client = plan(two), client_of(two.adviser)
    answer = client.post(reverse("planned_message", args=[planned.pk]), {"acte": "retirer"}, follow=True)
    assert "Le message est retiré." in text_of(answer)
    assert ">Voici ma réponse.</textarea>" in answer.content.decode()
    evening.move_to(MONDAY)
    assert send_planned() == 0
    assert not Message.objects.exists()
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).reply_planned_at is None


@pytest.mark.parametrize("facts", [{"acte": "envoyer"}, {"acte": "retirer"}, {"body": "Autre chose"}])
def test_what_has_left_meanwhile_is_said_and_nothing_typed_is_lost(
    two: Pair, evening: time_machine.Traveller, facts: dict[str, str]
) -> None:
    planned = plan(two)
    seen = shown_of(planned).token
    evening.move_to(MONDAY)
    assert send_planned() == 1
    answer = client_of(two.adviser).post(reverse("planned_message", args=[planned.pk]), {"seen": seen} | facts)
    assert answer.status_code in {409, 422}
    assert "Ce message est parti." in text_of(answer)
    assert facts.get("body", "") in text_of(answer)
    assert Message.objects.get().body == "Voici ma réponse."


def test_without_the_right_it_does_not_leave_and_its_author_keeps_the_text(
    two: Pair, evening: time_machine.Traveller
) -> None:
    say(two.conversation, two.person, "Une question")
    planned = plan(two)
    with transaction.atomic():
        end_placement(actor=None, jobseeker=two.jobseeker, reason=PlacementEnd.LEFT, at=timezone.now())
    evening.move_to(MONDAY)
    client = client_of(two.adviser)
    assert [send_planned() for _ in range(2)] == [0, 0]
    assert not Message.objects.filter(author=two.adviser).exists()
    assert Conversation.objects.get().awaiting_reply_since == SATURDAY
    assert client.get(page_of(two)).status_code == 404
    assert "1 message prévu n'est pas parti" in text_of(client.get(reverse("panel_to_answer")))
    listed = text_of(client.get(reverse("planned_messages")))
    assert "Cette conversation ne vous est plus ouverte." in listed
    assert "Voici ma réponse." in listed
    page = reverse("planned_message", args=[planned.pk])
    assert "Ce message n'est pas parti." in text_of(client.get(page))
    answer = client.post(page, {"acte": "vu"}, follow=True)
    assert "Aucun message à envoyer" in text_of(answer)
    assert "n'est pas parti" not in text_of(client.get(reverse("panel_to_answer")))
    assert CaseSummary.objects.get(jobseeker=two.jobseeker).reply_planned_at is None
    call_command("check_invariants")


def test_who_has_lost_the_right_can_still_withdraw_it(two: Pair) -> None:
    planned, client = plan(two), client_of(two.adviser)
    with transaction.atomic():
        end_placement(actor=None, jobseeker=two.jobseeker, reason=PlacementEnd.LEFT, at=timezone.now())
    page = reverse("planned_message", args=[planned.pk])
    refused = client.post(page, {"acte": "envoyer"})
    assert refused.status_code == 409
    assert "Cette conversation ne vous est plus ouverte." in text_of(refused)
    answer = client.post(page, {"acte": "retirer"}, follow=True)
    assert "Ce message est retiré." in text_of(answer)
    assert "Voici ma réponse." in text_of(answer)


def test_the_same_client_id_is_one_message_whatever_the_way(two: Pair, evening: time_machine.Traveller) -> None:
    client_id = uuid4()
    planned = plan(two, client_id=client_id)
    assert plan(two, "Un autre texte", client_id) == planned
    # The screen has sent it at once as well, by another connection.
    sent = post_message(actor=two.adviser, conversation=two.conversation, client_id=client_id, body="Voici ma réponse.")
    evening.move_to(MONDAY)
    assert send_planned() == 1
    planned.refresh_from_db()
    assert planned.message == sent
    assert Message.objects.count() == 1
    again = plan_message(actor=two.adviser, conversation=two.conversation, client_id=client_id, body="Encore")
    assert again == planned
    call_command("check_invariants")


def test_the_database_refuses_what_must_not_be(two: Pair) -> None:
    planned = plan(two)
    now = timezone.now()
    rows = PlannedMessage.objects.filter(pk=planned.pk)
    for name, facts in (
        ("plannedmessage_sent_with_message", {"sent_at": now}),
        ("plannedmessage_given_up_for_something", {"given_up_at": now}),
        ("planned_for_later", {"due_at": planned.written_at}),
        ("planned_put_away_unsent", {"put_away_at": now}),
        ("planned_not_empty", {"body": ""}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**facts)
    planned.pk = None
    with pytest.raises(IntegrityError, match="planned_client_id_once"), transaction.atomic():
        planned.save()


# --- The forms ----------------------------------------------------------------------------------------------------


def test_the_page_offers_the_opening_first_when_it_is_closed_and_nothing_new_when_it_is_open(
    two: Pair, evening: time_machine.Traveller
) -> None:
    client = client_of(two.adviser)
    page = client.get(page_of(two)).content.decode()
    buttons = [" ".join(unescape(text).replace("\u00a0", " ").split()) for text in shown_buttons(page)]
    assert buttons == ["Envoyer à l'ouverture (lundi 7 décembre, 9 h)", "Envoyer maintenant (urgent)"]
    evening.move_to(MONDAY)
    assert shown_buttons(client_of(two.adviser).get(page_of(two)).content.decode()) == ["Envoyer"]


def shown_buttons(page: str) -> list[str]:
    """Return the words of the composer's buttons that send and are shown."""
    composer = page.partition("data-composer")[2].partition("</form>")[0]
    composer = re.sub(r'<div class="thread__when"[^>]* hidden>.*?</div>', "", composer, flags=re.DOTALL)
    composer = composer.partition('class="thread__doubt"')[0]
    found = re.findall(r'<button([^>]*type="submit"[^>]*)>(.*?)</button>', composer, flags=re.DOTALL)
    return [re.sub(r"<[^>]*>", "", words) for attributes, words in found if not attributes.endswith(" hidden")]


def test_the_form_without_scripts_plans_or_sends(two: Pair) -> None:
    client = client_of(two.adviser)
    answer = write(client, two, quand="ouverture")
    assert f"Votre message à Awa Moreau partira {WHEN}." in text_of(answer)
    assert PlannedMessage.objects.count() == 1
    assert not Message.objects.exists()
    write(client, two, quand="maintenant")
    assert Message.objects.count() == 1


def test_a_page_from_before_the_closing_asks_when(two: Pair, evening: time_machine.Traveller) -> None:
    """Kind: a page that has stayed open and decides by what was true when it was made."""
    evening.move_to(datetime(2026, 12, 4, 16, 50, tzinfo=PARIS))
    client = client_of(two.adviser)
    closes = re.search(r'name="ferme_a" value="([^"]+)"', client.get(page_of(two)).content.decode())
    assert closes is not None
    assert datetime.fromisoformat(closes[1]) == datetime(2026, 12, 4, 17, tzinfo=PARIS)
    evening.move_to(datetime(2026, 12, 4, 17, 1, tzinfo=PARIS))
    answer = write(client, two, ferme_a=closes[1])
    assert answer.status_code == 422
    assert "L'agence a fermé depuis" in text_of(answer)
    assert ">Voici ma réponse.</textarea>" in answer.content.decode()
    assert len(shown_buttons(answer.content.decode())) == 2
    assert not Message.objects.exists()
    # The next morning it is open again, and nothing is asked.
    evening.move_to(MONDAY)
    write(client_of(two.adviser), two, ferme_a=closes[1])
    assert Message.objects.count() == 1


def test_a_file_cannot_wait_and_nothing_is_lost(two: Pair) -> None:
    client, upload = client_of(two.adviser), SimpleUploadedFile("cv.pdf", PDF)
    answer = write(client, two, quand="ouverture", uploads=upload)
    assert answer.status_code == 422
    assert "Une pièce jointe ne peut pas attendre l'ouverture." in text_of(answer)
    assert "cv.pdf" in text_of(answer)
    stored = Attachment.objects.get()
    write(client, two, quand="maintenant", attachments=stored.pk)
    assert Message.objects.get().attached == 1


def test_a_number_that_one_should_not_write_is_warned_of_and_the_choice_is_kept(two: Pair) -> None:
    client = client_of(two.adviser)
    body = "Mon numéro est le 1 84 12 76 451 089 46"
    answer = write(client, two, quand="ouverture", body=body)
    assert answer.status_code == 422
    assert '<input type="hidden" name="quand" value="ouverture">' in answer.content.decode()
    write(client, two, quand="ouverture", body=body, despite="on")
    assert PlannedMessage.objects.get().body == body


def test_a_script_without_a_socket_is_told_that_it_is_planned(two: Pair) -> None:
    facts = {"body": "Bonjour", "client_id": str(uuid4()), "quand": "ouverture"}
    answer = client_of(two.adviser).post(page_of(two), facts, headers={"Accept": "application/json"})
    assert datetime.fromisoformat(answer.json()["planned"]) == MONDAY


def test_the_answer_in_place_can_wait(two: Pair) -> None:
    say(two.conversation, two.person, "Une question")
    client, htmx = client_of(two.adviser), {"HX-Request": "true"}
    form = text_of(client.get(page_of(two), headers=htmx))
    assert "Envoyer à l'ouverture (lundi 7 décembre, 9 h)" in form
    facts = {"body": "Bonjour", "client_id": str(uuid4()), "quand": "ouverture"}
    answer = client.post(page_of(two), facts, headers=htmx)
    assert f"Votre message à Awa Moreau partira {WHEN}." in text_of(answer)
    assert PlannedMessage.objects.count() == 1


def test_one_after_the_other_goes_on_although_the_person_still_waits(
    two: Pair, evening: time_machine.Traveller
) -> None:
    say(two.conversation, two.person, "Une question")
    evening.shift(60)
    second = pair(two.portfolio)
    say(second.conversation, second.person, "Une autre question")
    client = client_of(two.adviser)
    first_page = client.get(reverse("sequence"))["Location"]
    facts = {"body": "Bonjour", "client_id": str(uuid4()), "quand": "ouverture"}
    answer = client.post(first_page, facts)
    following = client.get(answer["Location"])["Location"]
    assert following.startswith(reverse("sequence_of", args=[second.conversation.pk]))
    assert Conversation.objects.awaiting_reply().count() == 2


def test_in_the_room_of_an_interview_nothing_waits(two: Pair) -> None:
    panel, client = reverse("panel_person_conversation", args=[two.jobseeker.pk]), client_of(two.adviser)
    assert "Envoyer à l'ouverture" in text_of(client.get(panel))
    assert "Envoyer à l'ouverture" not in text_of(client.get(f"{panel}?direct=1"))
