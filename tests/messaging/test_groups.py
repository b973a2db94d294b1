"""One text to several people: once in each conversation, with a report of who did not get it."""

from html import unescape
from uuid import uuid4

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accompaniment.enums import ContactNature
from accompaniment.models import AuditEntry, Contact
from caseload.enums import PlacementEnd
from caseload.models import CaseSummary, Portfolio
from caseload.services.moves.placements import end_placement
from messaging.models import Conversation, Message
from messaging.reads.invariants import waiting_since_the_first_unanswered_message
from messaging.services.groups import post_to_each
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import PortfolioFactory, on_web_track, validated
from tests.messaging.factories import pair, say

pytestmark = pytest.mark.django_db

URL = "/messagerie/groupe/"


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def adviser(client: Client, portfolio: Portfolio) -> Client:
    client.force_login(portfolio.adviser.user)
    return client


def said(answer: HttpResponse) -> str:
    return " ".join(unescape(answer.content.decode()).replace("\u00a0", " ").split())


def test_each_person_gets_it_in_their_own_conversation(adviser: Client, portfolio: Portfolio) -> None:
    one, two, other = (on_web_track(portfolio) for _ in range(3))
    assert "2 personnes" in said(adviser.get(URL, {"personne": [one.pk, two.pk]}))
    answer = adviser.post(URL, {"personne": [one.pk, two.pk], "body": "Atelier mardi.", "batch": uuid4()})
    assert "Message envoyé à 2 personnes" in said(answer)
    written = Message.objects.values_list("conversation__jobseeker", "body", "author")
    assert sorted(written) == [(person.pk, "Atelier mardi.", portfolio.adviser.user_id) for person in (one, two)]
    assert not Message.objects.filter(conversation__jobseeker=other).exists()


def test_sent_twice_it_is_stored_once(adviser: Client, portfolio: Portfolio) -> None:
    one, two = on_web_track(portfolio), on_web_track(portfolio)
    batch = uuid4()
    for people in ([one.pk], [one.pk, two.pk], [one.pk, two.pk]):
        adviser.post(URL, {"personne": people, "body": "Atelier mardi.", "batch": batch})
    assert Message.objects.count() == 2
    adviser.post(URL, {"personne": [one.pk], "body": "Atelier mardi.", "batch": uuid4()})
    assert Message.objects.count() == 3


def test_who_cannot_be_written_to_is_named_with_the_reason(adviser: Client, portfolio: Portfolio) -> None:
    reached = on_web_track(portfolio)
    without = validated(portfolio, last_name="Sanscompte").jobseeker
    without.user = None
    without.save(update_fields=["user"])
    answer = said(adviser.post(URL, {"personne": [reached.pk, without.pk], "body": "Bonjour", "batch": uuid4()}))
    assert "Message envoyé à 1 personne" in answer
    assert "Sanscompte" in answer
    assert "n'a pas encore de compte" in answer


def test_when_nobody_could_be_written_to_the_page_says_no_success(adviser: Client, portfolio: Portfolio) -> None:
    """Kind: a page that reports success although nothing was done."""
    without = validated(portfolio, last_name="Sanscompte").jobseeker
    without.user = None
    without.save(update_fields=["user"])
    answer = said(adviser.post(URL, {"personne": [without.pk], "body": "Bonjour", "batch": uuid4()}))
    assert "Le message n'est parti à personne" in answer
    assert "Message envoyé" not in answer
    assert "Sanscompte" in answer


def test_who_left_meanwhile_does_not_stop_the_others(portfolio: Portfolio) -> None:
    """The list was read before the hand-over. The right is checked again under each conversation's lock."""
    gone, stays = on_web_track(portfolio), on_web_track(portfolio)
    with transaction.atomic():
        end_placement(actor=None, jobseeker=gone, reason=PlacementEnd.LEFT, at=timezone.now())
    outcomes = post_to_each(actor=portfolio.adviser.user, jobseekers=[gone, stays], batch=uuid4(), body="Bonjour")
    assert [bool(outcome.why_not) for outcome in outcomes] == [True, False]
    assert [message.conversation.jobseeker for message in Message.objects.all()] == [stays]


def test_nobody_outside_the_portfolio_is_written_to_or_named(adviser: Client, portfolio: Portfolio) -> None:
    mine, elsewhere = (
        on_web_track(portfolio),
        on_web_track(PortfolioFactory(agency=portfolio.agency), last_name="Ailleurs"),
    )
    unplaced = JobseekerFactory(agency=portfolio.agency, last_name="Libre")
    people = [mine.pk, elsewhere.pk, unplaced.pk, 10**12]
    answer = said(adviser.post(URL, {"personne": people, "body": "Bonjour", "batch": uuid4()}))
    assert "3 personnes de votre sélection ne sont plus dans vos portefeuilles" in answer
    assert "Ailleurs" not in answer
    assert Message.objects.count() == 1


@pytest.mark.parametrize(("body", "sentence"), [("", "Écrivez votre message"), ("x" * 5001, "5000")])
def test_a_text_that_is_not_right_keeps_the_selection(
    adviser: Client, portfolio: Portfolio, body: str, sentence: str
) -> None:
    one = on_web_track(portfolio)
    answer = adviser.post(URL, {"personne": [one.pk], "body": body, "batch": uuid4()})
    assert answer.status_code == 422
    assert sentence in said(answer).replace("5 000", "5000")
    assert f'name="personne" value="{one.pk}"' in answer.content.decode()
    assert not Message.objects.exists()


def test_without_a_selection_it_says_how_to_make_one(adviser: Client) -> None:
    assert "Cochez des personnes" in said(adviser.get(URL))


def test_a_message_to_several_answers_nobody_and_is_no_contact(adviser: Client, portfolio: Portfolio) -> None:
    """Kind: a collective or automatic message that counts as an answer or as a contact.

    A message to one person is both.
    """
    waiting, calm = pair(portfolio, last_name="Attend"), pair(portfolio, last_name="Calme")
    say(waiting.conversation, waiting.person)
    since = Conversation.objects.get(pk=waiting.conversation.pk).awaiting_reply_since
    before = CaseSummary.objects.get(jobseeker=waiting.jobseeker)
    sending = {"personne": [waiting.jobseeker.pk, calm.jobseeker.pk]}
    expected = "1 de ces personnes attend votre réponse"
    for answer in (adviser.get(URL, sending), adviser.post(URL, sending | {"body": "Atelier.", "batch": uuid4()})):
        assert expected in said(answer)
        assert f'href="/messagerie/{waiting.conversation.pk}/"' in answer.content.decode()
        assert f'href="/messagerie/{calm.conversation.pk}/"' not in answer.content.decode()
    waiting.conversation.refresh_from_db()
    assert waiting.conversation.awaiting_reply_since == since
    after = CaseSummary.objects.get(jobseeker=waiting.jobseeker)
    assert (after.awaiting_reply_since, after.last_contact_at) == (since, before.last_contact_at)
    assert not CaseSummary.objects.filter(jobseeker=calm.jobseeker, last_contact_at__isnull=False).exists()
    assert not Contact.objects.filter(jobseeker=calm.jobseeker, nature=ContactNature.MESSAGE).exists()
    assert "Message à plusieurs :" in said(adviser.get("/messagerie/"))
    # It is still stored in the conversation and shown in the file's log.
    assert AuditEntry.objects.filter(jobseeker=calm.jobseeker, action="message").exists()
    assert not list(waiting_since_the_first_unanswered_message())

    say(waiting.conversation, waiting.adviser, "Bonjour, voici ma réponse.")
    waiting.conversation.refresh_from_db()
    assert waiting.conversation.awaiting_reply_since is None
    assert CaseSummary.objects.get(jobseeker=waiting.jobseeker).last_contact_at > before.last_contact_at
    assert not list(waiting_since_the_first_unanswered_message())
    assert "attend votre réponse" not in said(adviser.get(URL, sending))
