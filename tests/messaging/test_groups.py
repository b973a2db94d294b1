"""One text to several people: once in each conversation, with a page that says how far it is and who did not get it."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accompaniment.enums import ContactNature
from accompaniment.models import AuditEntry, Contact
from caseload.enums import PlacementEnd
from caseload.models import CaseSummary, Portfolio
from caseload.services.moves.placements import end_placement
from messaging.models import Conversation, Dispatch, DispatchRecipient, Message
from messaging.reads.invariants import waiting_since_the_first_unanswered_message
from messaging.services import dispatches
from messaging.services.channels import WAITS
from messaging.services.dispatches import send_dispatches, start_dispatch
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
    text = re.sub(r"<[^>]*>", "", unescape(answer.content.decode()))
    return " ".join(text.replace("\u00a0", " ").split())


def write(adviser: Client, people: list[int], body: str = "Atelier mardi.", batch: Any = None) -> HttpResponse:
    """Send the form and follow to the page of the dispatch."""
    return adviser.post(URL, {"personne": people, "body": body, "batch": batch or uuid4()}, follow=True)


def sent_to(adviser: Client, people: list[int], **facts: Any) -> HttpResponse:
    """Send the form, let the worker work, and return the page of the dispatch."""
    page = write(adviser, people, **facts)
    send_dispatches()
    return adviser.get(page.redirect_chain[-1][0])


def test_each_person_gets_it_in_their_own_conversation(adviser: Client, portfolio: Portfolio) -> None:
    one, two, other = (on_web_track(portfolio) for _ in range(3))
    assert "2 personnes" in said(adviser.get(URL, {"personne": [one.pk, two.pk]}))
    page = write(adviser, [one.pk, two.pk])
    assert "0 sur 2 envoyé." in said(page)
    assert "Envoi en cours" in said(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    assert not Message.objects.exists()
    assert send_dispatches() == 2
    page = adviser.get(page.redirect_chain[-1][0])
    assert "Message envoyé à 2 personnes" in said(page)
    assert "2 sur 2 envoyés." in said(page)
    assert "hx-trigger" not in page.content.decode().partition('id="envoi-etat"')[2].partition(">")[0]
    written = Message.objects.values_list("conversation__jobseeker", "body", "author")
    assert sorted(written) == [(person.pk, "Atelier mardi.", portfolio.adviser.user_id) for person in (one, two)]
    assert not Message.objects.filter(conversation__jobseeker=other).exists()
    rows = DispatchRecipient.objects.select_related("message")
    assert [(row.message.number, row.message.client_id == row.client_id) for row in rows] == [(1, True), (1, True)]


def test_sent_twice_it_is_stored_once(adviser: Client, portfolio: Portfolio) -> None:
    """Another text from the same page is a new dispatch: somebody has gone back and changed a word."""
    one, two = on_web_track(portfolio), on_web_track(portfolio)
    batch = uuid4()
    for people in ([one.pk], [one.pk, two.pk], [one.pk, two.pk]):
        sent_to(adviser, people, batch=batch)
    assert Message.objects.count() == 2
    assert Dispatch.objects.count() == 1
    sent_to(adviser, [one.pk], batch=batch, body="Atelier jeudi.")
    assert Message.objects.count() == 3
    sent_to(adviser, [one.pk])
    assert Message.objects.count() == 4


def test_any_number_of_rounds_send_it_once(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    start_dispatch(actor=portfolio.adviser.user, people=[person.pk], token=uuid4(), body="Bonjour")
    later = timezone.now() + timedelta(days=3)
    assert [send_dispatches() for _ in range(3)] == [1, 0, 0]
    with time_machine.travel(later):
        assert send_dispatches() == 0
    assert Message.objects.count() == 1


def test_the_database_refuses_a_person_twice_and_a_message_that_is_not_there(portfolio: Portfolio) -> None:
    person = on_web_track(portfolio)
    dispatch = start_dispatch(actor=portfolio.adviser.user, people=[person.pk], token=uuid4(), body="Bonjour")
    now = timezone.now()
    with pytest.raises(IntegrityError, match="dispatch_person_once"), transaction.atomic():
        DispatchRecipient.objects.create(dispatch=dispatch, jobseeker=person, next_try_at=now)
    with pytest.raises(IntegrityError, match="dispatchrecipient_sent_with_message"), transaction.atomic():
        DispatchRecipient.objects.update(sent_at=now)
    with pytest.raises(IntegrityError, match="dispatchrecipient_given_up_for_something"), transaction.atomic():
        DispatchRecipient.objects.update(given_up_at=now)
    assert send_dispatches() == 1
    with pytest.raises(IntegrityError, match="dispatchrecipient_sent_or_given_up"), transaction.atomic():
        DispatchRecipient.objects.update(given_up_at=now, given_up_for="stopped")


def test_who_cannot_be_written_to_is_named_with_the_reason(adviser: Client, portfolio: Portfolio) -> None:
    reached = on_web_track(portfolio)
    without = validated(portfolio, last_name="Sanscompte").jobseeker
    without.user = None
    without.save(update_fields=["user"])
    answer = said(sent_to(adviser, [reached.pk, without.pk]))
    assert "Message envoyé à 1 personne" in answer
    assert "1 sur 2 envoyé, 1 non envoyé." in answer
    assert "Sanscompte" in answer
    assert "n'a pas encore de compte" in answer


def test_when_nobody_could_be_written_to_the_page_says_no_success(adviser: Client, portfolio: Portfolio) -> None:
    """Kind: a page that reports success although nothing was done."""
    without = validated(portfolio, last_name="Sanscompte").jobseeker
    without.user = None
    without.save(update_fields=["user"])
    answer = said(sent_to(adviser, [without.pk]))
    assert "Le message n'est parti à personne" in answer
    assert "Message envoyé" not in answer
    assert "Sanscompte" in answer


def test_who_left_meanwhile_is_refused_by_name_and_does_not_stop_the_others(
    adviser: Client, portfolio: Portfolio
) -> None:
    """The right is looked up at each sending, not when the form was sent."""
    gone, stays = on_web_track(portfolio, last_name="Partie"), on_web_track(portfolio, last_name="Restée")
    page = write(adviser, [gone.pk, stays.pk])
    with transaction.atomic():
        end_placement(actor=None, jobseeker=gone, reason=PlacementEnd.LEFT, at=timezone.now())
    assert send_dispatches() == 1
    page = adviser.get(page.redirect_chain[-1][0])
    assert "1 sur 2 envoyé, 1 non envoyé." in said(page)
    assert "Partie" in said(page)
    assert "Vous ne suivez plus cette personne." in said(page)
    assert f"/messagerie/avec/{stays.pk}/" in page.content.decode()
    assert f"/messagerie/avec/{gone.pk}/" not in page.content.decode()
    assert [message.conversation.jobseeker for message in Message.objects.all()] == [stays]


def test_what_has_not_left_can_be_stopped_and_written_again(adviser: Client, portfolio: Portfolio) -> None:
    one, two, three = (on_web_track(portfolio, last_name=name) for name in ("Alba", "Bodin", "Cartier"))
    page = write(adviser, [one.pk, two.pk, three.pk]).redirect_chain[-1][0]
    first = DispatchRecipient.objects.get(jobseeker=one)
    assert dispatches.send_one(first.pk)
    assert "Arrêter ce qui n'est pas encore parti" in said(adviser.get(page))
    answer = adviser.post(f"{page}arreter/", follow=True)
    assert "2 envois arrêtés." in said(answer)
    assert "1 sur 3 envoyé, 2 arrêtés." in said(answer)
    assert send_dispatches() == 0
    assert Message.objects.count() == 1
    again = f"{URL}?envoi={first.dispatch_id}&amp;personne={two.pk}&amp;personne={three.pk}"
    assert f'href="{again}"' in answer.content.decode()
    assert "Atelier mardi.</textarea>" in adviser.get(unescape(again)).content.decode()
    refused = adviser.post(f"{page}arreter/")
    assert refused.status_code == 409
    assert "Il n'y a plus rien à arrêter" in said(refused)


def test_a_message_that_fails_is_tried_again_and_delays_nobody(
    adviser: Client, portfolio: Portfolio, caplog: pytest.LogCaptureFixture
) -> None:
    """The row is locked for a moment by something that breaks; the message of the other person leaves at once."""
    broken, other = on_web_track(portfolio, last_name="Panne"), on_web_track(portfolio)
    page = write(adviser, [broken.pk, other.pk]).redirect_chain[-1][0]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NEW.jobseeker_id = {broken.pk} THEN RAISE EXCEPTION 'broken'; END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER breaks BEFORE INSERT ON messaging_conversation"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.breaks()"
        )
    Conversation.objects.filter(jobseeker=broken).delete()
    assert send_dispatches() == 1
    assert "is tried again" in caplog.text
    assert "1 sur 2 envoyé." in said(adviser.get(page))
    at = timezone.now()
    for wait in (*WAITS, WAITS[-1]):
        at += wait + timedelta(seconds=1)
        with time_machine.travel(at):
            assert send_dispatches() == 0
    assert "1 sur 2 envoyé, 1 non envoyé." in said(adviser.get(page))
    assert "Panne" in said(adviser.get(page))
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER breaks ON messaging_conversation")


def test_a_page_of_250_people_has_as_many_queries_as_one_of_two(adviser: Client, portfolio: Portfolio) -> None:
    def queries_of(count: int) -> int:
        people = [JobseekerFactory(agency=portfolio.agency) for _ in range(count)]
        dispatch = Dispatch.objects.create(
            author=portfolio.adviser.user, token=uuid4(), body="Bonjour", created_at=timezone.now()
        )
        DispatchRecipient.objects.bulk_create(
            DispatchRecipient(dispatch=dispatch, jobseeker=person, next_try_at=timezone.now()) for person in people
        )
        with CaptureQueriesContext(connection) as queries:
            page = adviser.get(f"{URL}{dispatch.pk}/")
        assert f"0 sur {count} envoyé." in said(page)
        return len(queries)

    adviser.get(URL)
    assert queries_of(2) == queries_of(250)


def test_only_its_author_sees_a_dispatch(adviser: Client, portfolio: Portfolio, client: Client) -> None:
    page = write(adviser, [on_web_track(portfolio).pk]).redirect_chain[-1][0]
    assert adviser.get(page).status_code == 200
    assert "Vos derniers messages à plusieurs" in said(adviser.get(URL))
    other = Client()
    other.force_login(PortfolioFactory(agency=portfolio.agency).adviser.user)
    assert other.get(page).status_code == 404
    assert other.post(f"{page}arreter/").status_code == 404
    assert "Vos derniers messages à plusieurs" not in said(other.get(URL))


def test_nobody_outside_the_portfolio_is_written_to_or_named(adviser: Client, portfolio: Portfolio) -> None:
    mine, elsewhere = (
        on_web_track(portfolio),
        on_web_track(PortfolioFactory(agency=portfolio.agency), last_name="Ailleurs"),
    )
    unplaced = JobseekerFactory(agency=portfolio.agency, last_name="Libre")
    answer = write(adviser, [mine.pk, elsewhere.pk, unplaced.pk, 10**12], body="Bonjour")
    assert "3 personnes de votre sélection ne sont plus dans vos portefeuilles" in said(answer)
    assert "Ailleurs" not in said(answer)
    assert send_dispatches() == 1
    assert Message.objects.count() == 1
    refused = adviser.post(URL, {"personne": [elsewhere.pk], "body": "Bonjour", "batch": uuid4()})
    assert refused.status_code == 422
    assert Dispatch.objects.count() == 1


@pytest.mark.parametrize(("body", "sentence"), [("", "Écrivez votre message"), ("x" * 5001, "5000")])
def test_a_text_that_is_not_right_keeps_the_selection(
    adviser: Client, portfolio: Portfolio, body: str, sentence: str
) -> None:
    one = on_web_track(portfolio)
    answer = adviser.post(URL, {"personne": [one.pk], "body": body, "batch": uuid4()})
    assert answer.status_code == 422
    assert sentence in said(answer).replace("5 000", "5000")
    assert f'name="personne" value="{one.pk}"' in answer.content.decode()
    assert not Dispatch.objects.exists()


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
    people = [waiting.jobseeker.pk, calm.jobseeker.pk]
    sending = {"personne": people}
    expected = "1 de ces personnes attend votre réponse"
    for answer in (adviser.get(URL, sending), sent_to(adviser, people)):
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
