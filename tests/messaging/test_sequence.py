"""« À la suite », and what an adviser decides beside answering."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, ContactNature, Initiator
from accompaniment.models import AuditEntry, Note, User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.french import moment_there
from caseload.models import CaseSummary
from caseload.services.file.contacts import ContactFacts, note_contact
from messaging.models import Conversation, Message, Reminder, WaitEnd
from messaging.services import handling
from tests.caseload.factories import CoverFactory, PortfolioFactory
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def waiting(count: int, portfolio: Any = None) -> list[Pair]:
    """Return people of one portfolio who wait, the one who waits longest first."""
    portfolio = portfolio or PortfolioFactory()
    pairs = [pair(portfolio) for _ in range(count)]
    for hours, one in enumerate(pairs):
        with time_machine.travel(timezone.now() - timedelta(hours=20 - hours)):
            say(one.conversation, one.person, "Une question")
    return pairs


def follow(client: Client, path: str) -> tuple[str, str]:
    """Return the address at which a page ends, and its text."""
    answer = client.get(path, follow=True)
    html = unescape(answer.content.decode())
    return answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"], html[html.index("<main") :]


def page_of(one: Pair) -> str:
    return reverse("sequence_of", args=[one.conversation.pk])


def answer(client: Client, address: str, body: str = "Voici ma réponse") -> str:
    """Answer by the form of the page, and return the address of the next page."""
    sent = client.post(address, {"body": body, "client_id": str(uuid4())})
    assert sent.status_code == 302, sent.content
    return str(sent["Location"])


def since(one: Pair) -> Any:
    return Conversation.objects.get(pk=one.conversation.pk).awaiting_reply_since


def test_answering_opens_the_next_that_waits_longest_until_nothing_is_left() -> None:
    pairs = waiting(3)
    client = signed_in(pairs[0].adviser)
    address, html = follow(client, f"{reverse('sequence')}?depuis=/messagerie/")
    for left, one in zip((3, 2, 1), pairs, strict=True):
        assert address.startswith(page_of(one))
        assert f'data-left="{left}"' in html
        address, html = follow(client, answer(client, address))
    assert "Plus aucun message n'attend votre réponse." in html
    assert 'href="/messagerie/"' in html
    assert [since(one) for one in pairs] == [None] * 3


def test_forty_conversations_in_one_sitting_without_the_list() -> None:
    pairs = waiting(40)
    client = signed_in(pairs[0].adviser)
    address = client.get(reverse("sequence"))["Location"]
    for one in pairs:
        assert address.startswith(page_of(one))
        following = client.get(answer(client, address))
        address = following.get("Location", "")
    assert not address
    assert not Conversation.objects.awaiting_reply().exists()


def test_who_is_passed_over_comes_back_at_the_end_only_if_asked_for() -> None:
    first, second = waiting(2)
    client = signed_in(first.adviser)
    address, html = follow(client, reverse("sequence"))
    over = re.search(r'href="([^"]+)" data-pass-over', html)
    assert over is not None
    address, html = follow(client, over[1])
    assert address.startswith(page_of(second))
    assert "1 passée" in html or "une passée" in html
    address, html = follow(client, answer(client, address))
    assert "passée attend encore" in html
    assert since(first) is not None
    again = re.search(r'<a class="fr-btn" href="([^"]+)"', html)
    assert again is not None
    address, _ = follow(client, again[1])
    assert address.startswith(page_of(first))


def test_what_a_colleague_answers_meanwhile_leaves_the_queue_and_the_open_page_says_who() -> None:
    first, second = waiting(2)
    relay = CoverFactory(portfolio=first.portfolio).colleague
    client = signed_in(first.adviser)
    address, _ = follow(client, reverse("sequence"))
    say(first.conversation, relay.user, "Je réponds à sa place")
    state = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert f"{relay.user.full_name} a répondu pendant ce temps." in unescape(state)
    assert 'data-left="1"' in state
    address, _ = follow(client, reverse("sequence"))
    assert address.startswith(page_of(second))


def test_a_refused_message_answers_nobody_and_stays() -> None:
    (one,) = waiting(1)
    client = signed_in(one.adviser)
    refused = client.post(page_of(one), {"body": "x" * 5001, "client_id": str(uuid4())})
    assert refused.status_code == 422
    assert since(one) is not None
    assert Message.objects.filter(conversation=one.conversation).count() == 1


def test_a_message_to_several_takes_nobody_out_of_the_queue() -> None:
    (one,) = waiting(1)
    message = {"body": "Atelier jeudi", "batch": str(uuid4()), "people": [one.jobseeker.pk]}
    signed_in(one.adviser).post(reverse("message_many"), message)
    address, _ = follow(signed_in(one.adviser), reverse("sequence"))
    assert address.startswith(page_of(one))


def test_the_page_has_the_context_that_the_file_shows_first() -> None:
    (one,) = waiting(1)
    _, html = follow(signed_in(one.adviser), reverse("sequence"))
    for words in (one.jobseeker.identifier, "Prochaine étape", "Dernier contact", "Plan de contact"):
        assert words in html, words


@pytest.mark.parametrize(
    "asked", ["apres=hier", "apres=2026-01-01T00:00:00Z_x", "fait=-3", "depuis=//ailleurs.example/"]
)
def test_an_address_that_says_nonsense_begins_at_the_beginning(asked: str) -> None:
    (one,) = waiting(1)
    address, html = follow(signed_in(one.adviser), f"{reverse('sequence')}?{asked}")
    assert address.startswith(page_of(one))
    assert "ailleurs" not in html


# --- No reply needed ------------------------------------------------------------------------------------------------


def test_no_reply_needed_ends_the_wait_with_who_and_when_and_a_new_message_begins_anew() -> None:
    (one,) = waiting(1)
    client = signed_in(one.adviser)
    settle = reverse("conversation_no_reply", args=[one.conversation.pk])
    _, html = follow(client, client.post(settle, {"number": 1, "suite": reverse("sequence")})["Location"])
    assert "Plus aucun message" in html
    assert since(one) is None
    ending = WaitEnd.objects.get()
    assert (ending.actor, ending.number, ending.ended_by) == (one.adviser, 1, "no_reply")
    assert CaseSummary.objects.get(jobseeker=one.jobseeker).awaiting_reply_since is None
    assert AuditEntry.objects.filter(action=AuditAction.MESSAGE, details__event="no_reply").count() == 1
    _, html = follow(client, page_of(one))
    assert "Sans réponse nécessaire" in html
    again = say(one.conversation, one.person, "Encore une question")
    assert since(one) == again.created_at
    call_command("check_invariants")


def test_no_reply_needed_settles_only_what_was_shown() -> None:
    """Kind: an act on a page that shows less than there is."""
    (one,) = waiting(1)
    later = say(one.conversation, one.person, "Au secours")
    assert handling.need_no_reply(actor=one.adviser, conversation=one.conversation, number=1) == later.created_at
    assert since(one) == later.created_at
    with pytest.raises(NotAllowedNowError, match="a écrit depuis"):
        handling.need_no_reply(actor=one.adviser, conversation=one.conversation, number=1)
    call_command("check_invariants")


def test_the_person_and_strangers_settle_nothing() -> None:
    (one,) = waiting(1)
    stranger = PortfolioFactory().adviser.user
    for actor in (one.person, stranger):
        for act in (
            lambda actor: handling.need_no_reply(actor=actor, conversation=one.conversation, number=1),
            lambda actor: handling.remind(actor=actor, conversation=one.conversation),
            lambda actor: handling.deal_with(actor=actor, conversation=one.conversation),
        ):
            with pytest.raises(NoRightError):
                act(actor)
    assert since(one) is not None


def test_who_does_not_wait_needs_no_settling() -> None:
    one = pair()
    say(one.conversation, one.adviser)
    with pytest.raises(NotAllowedNowError, match="n'attend plus"):
        handling.need_no_reply(actor=one.adviser, conversation=one.conversation, number=1)


def test_an_ending_by_nobody_is_refused_by_the_database() -> None:
    (one,) = waiting(1)
    facts = {"conversation": one.conversation, "number": 1, "at": timezone.now(), "ended_by": "no_reply"}
    with pytest.raises(IntegrityError, match="wait_ended_by_someone"), transaction.atomic():
        WaitEnd.objects.create(actor=None, **facts)
    WaitEnd.objects.create(actor=one.adviser, **facts)


# --- A contact that was recorded ------------------------------------------------------------------------------------


def call(one: Pair, **facts: Any) -> None:
    said = {
        "at": timezone.now(),
        "nature": ContactNature.CALL,
        "began_by": Initiator.SERVICE,
        "minutes": 5,
        "text": "Nous avons parlé de votre question.",
    }
    note_contact(actor=one.adviser, jobseeker=one.jobseeker, facts=ContactFacts(**{**said, **facts}))


def test_a_contact_ends_the_wait_for_what_came_before_it() -> None:
    (one,) = waiting(1)
    call(one, at=timezone.now() - timedelta(days=3))
    assert since(one) is not None, "a call before the message is no answer to it"
    call(one)
    assert since(one) is None
    ending = WaitEnd.objects.get()
    assert (ending.ended_by, ending.actor, ending.contact.author) == ("contact", one.adviser, one.adviser)
    call_command("check_invariants")


def test_what_came_after_a_contact_still_waits() -> None:
    (one,) = waiting(1)
    later = say(one.conversation, one.person, "Et encore ceci")
    call(one, at=later.created_at - timedelta(minutes=1))
    assert since(one) == later.created_at
    call_command("check_invariants")


# --- Reminders ------------------------------------------------------------------------------------------------------


def test_a_reminder_leaves_the_queue_until_its_day_while_the_wait_runs_on() -> None:
    (one,) = waiting(1)
    client, began = signed_in(one.adviser), since(one)
    day = timezone.localdate() + timedelta(days=2)
    client.post(reverse("conversation_remind", args=[one.conversation.pk]), {"day": day.isoformat()})
    assert "Plus aucun message" in follow(client, reverse("sequence"))[1]
    assert since(one) == began
    with time_machine.travel(Reminder.objects.get().due_at - timedelta(seconds=1)):
        assert "Plus aucun message" in follow(signed_in(one.adviser), reverse("sequence"))[1]
    with time_machine.travel(Reminder.objects.get().due_at):
        assert follow(signed_in(one.adviser), reverse("sequence"))[0].startswith(page_of(one))


def test_a_new_message_of_the_person_brings_the_conversation_back_before_its_day() -> None:
    (one,) = waiting(1)
    handling.remind(actor=one.adviser, conversation=one.conversation, on=timezone.localdate() + timedelta(days=9))
    say(one.conversation, one.adviser, "Je regarde")
    assert not Conversation.objects.to_handle(one.adviser, now=timezone.now())
    say(one.conversation, one.person, "C'est urgent")
    assert Conversation.objects.to_handle(one.adviser, now=timezone.now()).count() == 1


def test_a_reminder_hides_nothing_from_a_colleague() -> None:
    (one,) = waiting(1)
    relay = CoverFactory(portfolio=one.portfolio).colleague.user
    handling.remind(actor=one.adviser, conversation=one.conversation, on=timezone.localdate() + timedelta(days=9))
    assert Conversation.objects.to_handle(relay, now=timezone.now()).count() == 1


def test_what_is_kept_to_deal_with_stays_after_the_answer_and_is_met_once() -> None:
    """Kind: a sequence that opens the same thing for ever."""
    first, second = waiting(2)
    client = signed_in(first.adviser)
    client.post(reverse("conversation_keep", args=[first.conversation.pk]))
    address, _ = follow(client, reverse("sequence"))
    assert address.startswith(page_of(first))
    address, _ = follow(client, answer(client, address))
    assert address.startswith(page_of(second))
    client.post(reverse("conversation_dealt_with", args=[first.conversation.pk]))
    follow(client, answer(client, address))
    assert not Conversation.objects.to_handle(first.adviser, now=timezone.now())


def test_what_is_kept_from_within_the_sequence_goes_on_to_the_next() -> None:
    first, second = waiting(2)
    client = signed_in(first.adviser)
    _, page = follow(client, reverse("sequence"))
    keep = re.search(r'action="[^"]*/a-traiter/".*?name="suite" value="([^"]*)"', page, re.DOTALL)
    assert keep is not None
    kept = client.post(reverse("conversation_keep", args=[first.conversation.pk]), {"suite": unescape(keep[1])})
    address, _ = follow(client, kept["Location"])
    assert address.startswith(page_of(second))


def test_who_was_answered_just_before_is_one_link_away() -> None:
    """Kind: one key that sends and leads away, and no way back to what was sent. A stranger's name is not shown."""
    first, _ = waiting(2)
    client, stranger = signed_in(first.adviser), pair()
    address, page = follow(client, reverse("sequence"))
    assert "Revenir à" not in page
    _, page = follow(client, answer(client, address))
    assert (
        f'href="{reverse("conversation", args=[first.conversation.pk])}">Revenir à {first.jobseeker.full_name}' in page
    )
    _, page = follow(client, f"{reverse('sequence')}?fait={stranger.conversation.pk}")
    assert "Revenir à" not in page


def test_the_list_says_until_when_and_what_was_put_off() -> None:
    with time_machine.travel("2026-03-11T10:00:00Z", tick=False):
        one, other = waiting(2)
        client = signed_in(one.adviser)
        handling.remind(actor=one.adviser, conversation=one.conversation, on=date(2026, 3, 13))
        handling.remind(actor=one.adviser, conversation=other.conversation)
        page = unescape(client.get(reverse("conversations")).content.decode())
        assert "À vous rappeler vendredi 13 mars" in page
        assert "Gardée à traiter" in page
        rows = Conversation.objects.exclude(reply_due_at=None)
        due = [moment_there(row.reply_due_at, zone=ZoneInfo("Europe/Paris"), style="D j") for row in rows]
        assert [f"À répondre avant {words}" in page for words in due] == [True, True]
    with time_machine.travel("2026-03-25T10:00:00Z", tick=False):
        page = signed_in(one.adviser).get(reverse("conversations")).content.decode()
        assert "72&nbsp;h dépassées" in page


@pytest.mark.parametrize(("day", "said"), [("2026-03-12", False), ("2026-03-17", True)])
def test_a_reminder_past_the_time_to_answer_says_until_when_the_answer_is_due(day: str, said: bool) -> None:
    """Kind: something put off beyond what the law allows, with a green message."""
    with time_machine.travel("2026-03-11T10:00:00Z", tick=False):
        (one,) = waiting(1)
        due = Conversation.objects.get().reply_due_at
        assert due is not None
        assert date(2026, 3, 12) < due.date() < date(2026, 3, 17)
        client = signed_in(one.adviser)
        path = reverse("conversation_remind", args=[one.conversation.pk])
        _, page = follow(client, client.post(path, {"day": day})["Location"])
        assert ("La réponse reste due avant" in page) is said
        _, page = follow(client, reverse("conversation", args=[one.conversation.pk]))
        assert "À vous rappeler" in page
        assert "à 0" not in page.partition("À vous rappeler")[2].partition("</p>")[0]


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_reminder_is_for_a_day_of_the_coming_year(days: int) -> None:
    (one,) = waiting(1)
    path = reverse("conversation_remind", args=[one.conversation.pk])
    day = timezone.localdate() + timedelta(days=days)
    assert signed_in(one.adviser).post(path, {"day": day.isoformat()}).status_code == 422
    assert not Reminder.objects.exists()


def test_the_day_of_a_reminder_begins_in_the_agency_s_zone() -> None:
    one = pair()
    with time_machine.travel("2026-03-28T10:00:00Z", tick=False):
        due = handling.remind(actor=one.adviser, conversation=one.conversation, on=date(2026, 3, 30)).due_at
        assert due.isoformat() == "2026-03-30T00:00:00+02:00"
        with pytest.raises(DomainError):
            handling.remind(actor=one.adviser, conversation=one.conversation, on=date(2026, 3, 28))


def test_a_note_beside_the_conversation_joins_those_of_the_file_and_is_never_shown_to_the_person() -> None:
    (one,) = waiting(1)
    client, path = signed_in(one.adviser), reverse("conversation_note", args=[one.conversation.pk])
    assert client.post(path, {"body": ""}).status_code == 422
    assert client.post(path, {"body": "Penser à la convention", "suite": page_of(one)})["Location"] == page_of(one)
    assert Note.objects.get().jobseeker == one.jobseeker
    assert "Penser à la convention" in follow(client, page_of(one))[1]
    person = signed_in(one.person)
    for name, arguments in (("conversation", [one.conversation.pk]), ("own_data", [])):
        assert "convention" not in follow(person, reverse(name, args=arguments))[1]
