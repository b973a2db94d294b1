"""Search in messages: what is found by which words, by whom, and where a hit leads."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompaniment.models import AuditEntry, User
from messaging.models import MessageSearch
from messaging.reads.message_search import SHOWN, Found, find_messages
from messaging.rules import CHANGE_WITHIN, SETTLED_AFTER
from messaging.services.changes import change_message, delete_message
from messaging.services.posting import Draft, post_messages
from messaging.services.search_words import keep_words
from tests.caseload.factories import CoverFactory, PortfolioFactory, former_adviser
from tests.messaging.factories import Pair, pair, say

pytestmark = pytest.mark.django_db

HOSTILE = [
    "' | 'x",
    "a\\",
    "ŉ ŉ'\\ ½ ﬁ œ",
    "e" + "\u0301" * 4000,
    "\u202egauche",
    "x" * 5000,
    "é" * 5000,
    "🎉" * 1000,
    "a:* & !b <-> (c",
    "%_%",
    "-1e400 0x7f 12:30",
    "mot\n" * 1200,
]


@pytest.fixture
def two() -> Pair:
    return pair(last_name="Lefèvre", first_name="Anaïs")


def kept_for_ever() -> None:
    """Let the time pass in which messages may change, and the job come."""
    with time_machine.travel(timezone.now() + CHANGE_WITHIN + SETTLED_AFTER + timedelta(seconds=1), tick=False):
        keep_words()


def bodies(found: Found) -> list[str]:
    return [hit.message.text for hit in found.hits]


def marked(found: Found) -> list[str]:
    return [part.text for hit in found.hits for part in hit.parts if part.found]


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        ("formation", "Formations"),
        ("FORMATIONS", "Formations"),
        ("soudeur", "soudeuse"),
        ("eleve", "élevé"),
        ("élevées", "élevé"),
        ("formations soudeuse", "Formations"),
        ("la formation", "Formations"),
        ("toulouse", "Toulouse"),
        ("2027", "2027"),
        ("rendez-vous", "rendez"),
        ("coeur", "cœur"),
        # Typing errors.
        ("formasion", "Formations"),
        ("toulous", "Toulouse"),
        ("soudseuse", "soudeuse"),
    ],
)
def test_a_word_is_found_in_other_forms_without_accents_and_with_typing_errors(
    two: Pair, typed: str, mark: str
) -> None:
    body = "Formations de soudeuse à Toulouse : le niveau élevé me va, rendez-vous en 2027, j'ai du cœur."
    say(two.conversation, two.person, body)
    say(two.conversation, two.adviser, "Je regarde et je vous réponds demain.")
    for _ in range(2):
        found = find_messages(two.adviser, typed)
        assert bodies(found) == [body]
        assert marked(found)[0] == mark
        kept_for_ever()


@pytest.mark.parametrize("typed", ["formation cuisine", "plombier", "xyzzyx", "formation xyzzyx"])
def test_every_word_must_be_there(two: Pair, typed: str) -> None:
    say(two.conversation, two.person, "Une formation de soudeuse")
    assert find_messages(two.adviser, typed) == Found()


def test_words_that_every_message_has_are_asked_to_be_narrower(two: Pair) -> None:
    say(two.conversation, two.person, "Je suis là")
    assert find_messages(two.adviser, "je de la") == Found(too_common=True)
    assert find_messages(two.adviser, "!?") == Found()


def test_nobody_finds_what_they_may_not_read(two: Pair) -> None:
    """Kind: a search that shows more than the pages do."""
    say(two.conversation, two.person, "Un secret")
    stranger = pair()
    say(stranger.conversation, stranger.person, "Un autre secret")
    covering = CoverFactory(portfolio=two.portfolio).colleague.user
    for reader in (two.person, two.adviser, covering, former_adviser(two.jobseeker)):
        assert bodies(find_messages(reader, "secret")) == ["Un secret"], reader
        assert bodies(find_messages(reader, "secrte")) == ["Un secret"], reader
    assert bodies(find_messages(stranger.person, "secret")) == ["Un autre secret"]
    colleague = PortfolioFactory(agency=two.portfolio.agency).adviser.user
    assert find_messages(colleague, "secret") == Found()
    assert find_messages(colleague, "secrte") == Found()


def test_what_stands_is_found_and_what_was_changed_or_deleted_is_not(two: Pair) -> None:
    say(two.conversation, two.person, "Une formation")
    place: dict[str, Any] = {"actor": two.person, "conversation_id": two.conversation.pk, "number": 1}
    change_message(**place, body="Un logement", seen={"change": "0"})
    assert bodies(find_messages(two.adviser, "logement")) == ["Un logement"]
    assert find_messages(two.adviser, "formation") == Found()
    say(two.conversation, two.person, "Une annonce")
    delete_message(**place)
    assert find_messages(two.adviser, "logement") == Found()
    kept_for_ever()
    assert find_messages(two.adviser, "logement") == Found()
    assert bodies(find_messages(two.adviser, "annonce")) == ["Une annonce"]
    call_command("check_invariants")


def test_no_text_keeps_a_message_from_being_stored_or_a_search_from_its_answer(two: Pair) -> None:
    """Kind: what is derived from a text, and fails the statement that stores it."""
    say(two.conversation, two.person, "Bonjour")
    drafts = [
        Draft(author_pk=two.adviser.pk, conversation_pk=two.conversation.pk, client_id=uuid4(), body=body)
        for body in HOSTILE
    ]
    assert not [one for one in post_messages(drafts) if isinstance(one, Exception)]
    for text in HOSTILE:
        find_messages(two.adviser, text)
    kept_for_ever()
    assert MessageSearch.objects.count() == 1 + len(HOSTILE)
    assert bodies(find_messages(two.adviser, "bonjour")) == ["Bonjour"]


def test_words_are_kept_once_in_order_and_not_before_a_message_is_settled(
    two: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind: a round that leaves something out for ever, because what came later was done before."""
    monkeypatch.setattr("messaging.services.search_words.AT_ONCE", 2)
    first = say(two.conversation, two.person, "Un")
    later = first.created_at + CHANGE_WITHIN
    with time_machine.travel(later, tick=False):
        say(two.conversation, two.person, "Deux")
    for number in range(3, 8):
        say(two.conversation, two.person, f"Numéro {number}")
    with time_machine.travel(timezone.now() + CHANGE_WITHIN + SETTLED_AFTER + timedelta(seconds=1), tick=False):
        assert [keep_words(), keep_words()] == [1, 0]
        assert len(find_messages(two.person, "numéro").hits) == 5
    with time_machine.travel(later + CHANGE_WITHIN + SETTLED_AFTER + timedelta(seconds=1), tick=False):
        assert [keep_words(), keep_words()] == [6, 0]
    assert len(find_messages(two.person, "numéro").hits) == 5
    call_command("check_invariants")


def test_the_newest_are_shown_and_more_are_said(two: Pair) -> None:
    drafts = [
        Draft(author_pk=two.adviser.pk, conversation_pk=two.conversation.pk, client_id=uuid4(), body=f"Réponse {n}")
        for n in range(SHOWN + 1)
    ]
    post_messages(drafts)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = find_messages(two.person, "réponse")
    assert (len(found.hits), found.more, found.hits[0].message.number) == (SHOWN, True, SHOWN + 1)
    assert len(queries) <= 7
    assert not find_messages(two.person, "réponse 7").more


def page(client: Client, user: User, typed: str) -> str:
    client.force_login(user)
    answer = client.get(reverse("search_messages"), {"q": typed})
    assert answer.status_code == 200
    return answer.content.decode().replace("&nbsp;", "\u00a0")


def test_the_page_leads_to_the_message_in_its_place(two: Pair, client: Client) -> None:
    for number in range(160):
        say(two.conversation, two.adviser, f"Réponse {number + 1}")
    say(two.conversation, two.person, "Une formation <b>soudeuse</b>")
    html = page(client, two.adviser, "reponse 20")
    place = f"{reverse('conversation', args=[two.conversation.pk])}?message=20"
    assert f'href="{place}#message-20"' in html
    assert "<mark>Réponse</mark> <mark>20</mark>" in html
    talk = client.get(place).content.decode()
    assert 'id="message-20"' in talk
    assert "Revenir aux derniers messages" in talk
    assert "Revenir" not in client.get(place.replace("20", "161")).content.decode()
    html = page(client, two.person, "soudeuse")
    assert "&lt;b&gt;<mark>soudeuse</mark>&lt;/b&gt;" in html
    assert "1 message trouvé." in html
    for number in ("0", "999", "x", "9" * 30):
        assert client.get(reverse("conversation", args=[two.conversation.pk]), {"message": number}).status_code == 200


def test_a_name_leads_to_the_conversation_with_that_person(client: Client) -> None:
    """Kind: a search that finds nothing because one typed the name, which no message has."""
    one, other = pair(last_name="Lefèvre"), pair(last_name="Lefèvre")
    for each in (one, other):
        say(each.conversation, each.person)
    client.force_login(one.adviser)
    page = client.get(reverse("search_messages"), {"q": "lefevre"}).content.decode()
    assert reverse("conversation", args=[one.conversation.pk]) in page
    assert reverse("conversation", args=[other.conversation.pk]) not in page
    client.force_login(one.person)
    assert "Conversation avec" not in client.get(reverse("search_messages"), {"q": "lefevre"}).content.decode()


def test_the_page_says_what_to_do_when_nothing_is_found(two: Pair, client: Client) -> None:
    say(two.conversation, two.person, "Une formation")
    assert "Aucun message ne contient «\u00a0cuisine\u00a0»" in page(client, two.adviser, "cuisine")
    assert "trop courants" in page(client, two.adviser, "de la")
    assert "trop longue" in page(client, two.adviser, "x" * 500)
    assert "fautes de frappe" in page(client, two.adviser, "")
    assert "Voici les plus proches" in page(client, two.adviser, "formasion")


def test_what_a_covering_colleague_finds_is_audited(two: Pair, client: Client) -> None:
    say(two.conversation, two.person, "Un secret")
    covering = CoverFactory(portfolio=two.portfolio).colleague.user
    for reader in (two.adviser, two.person, covering):
        page(client, reader, "secret")
    readings = AuditEntry.objects.filter(action="read", details__part="messages_found")
    assert list(readings.values_list("actor", "jobseeker")) == [(covering.pk, two.jobseeker.pk)]
