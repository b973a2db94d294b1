"""Slots that an adviser offers in a message: what is said, what a press books, and when it is refused."""

from datetime import datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel
from accompaniment.models import AuditEntry, Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError, NotAllowedNowError
from accompaniment.rules.french import moment_there
from caseload.models import Placement, Portfolio
from caseload.services.moves.transfers import transfer_people
from messaging.models import Conversation, Message
from messaging.services.changes import OFFERS_SLOTS, change_message, delete_message
from messaging.services.conversations import read_on
from tests.caseload.factories import ManagerFactory, on_web_track
from tests.visio.factories import bookable_portfolio, due_obligation, first_slots, follower
from visio.models import SLOTS_OFFERED_AT_MOST, Interview, OfferBooking, SlotOffer
from visio.services.errors import SlotTakenError
from visio.services.interviews import book_interview, cancel_interview
from visio.services.offers import IS_WITHDRAWN, ONE_ONLY, book_offered, offer_slots

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return bookable_portfolio()


@pytest.fixture
def person(portfolio: Portfolio) -> Jobseeker:
    return on_web_track(portfolio)


def offered(person: Jobseeker, slots: list[datetime] | None = None, **facts: Any) -> SlotOffer:
    return offer_slots(
        **{
            "actor": follower(person).user,
            "jobseeker": person,
            "channel": Channel.VIDEO,
            "slots": first_slots(person)[:3] if slots is None else slots,
            "text": "Quand vous convient-il ?",
            "client_id": uuid4(),
            **facts,
        }
    )


def card(client: Client, user: User, offer: SlotOffer) -> str:
    client.force_login(user)
    return said(client.get(address_of(offer)))


def address_of(offer: SlotOffer) -> str:
    return reverse("slot_card", args=[offer.message.conversation_id, offer.message.number])


def said(answer: Any) -> str:
    return unescape(answer.content.decode()).replace("\u00a0", " ")


def sentence(starts: datetime, person: Jobseeker) -> str:
    return moment_there(starts, zone=person.agency.zone).replace("\u00a0", " ")


class TestOffering:
    def test_the_message_says_the_slots_in_words_and_has_a_card(self, person: Jobseeker) -> None:
        offer = offered(person)
        body = offer.message.body.replace("\u00a0", " ")
        assert body.startswith("Quand vous convient-il ?\n\nCréneaux proposés avec ")
        assert ", en visio :" in body
        assert all(f"– {sentence(starts, person)}" in body for starts in offer.slots)
        page = read_on(actor=person.user, conversation_id=offer.message.conversation_id, after=0)
        assert [item.get("card") for item in page.items] == [True]
        assert AuditEntry.objects.filter(action=AuditAction.INTERVIEW, details__event="slots_offered").count() == 1
        assert not Interview.objects.exists()

    def test_sent_twice_it_is_one_message(self, person: Jobseeker) -> None:
        key, slots = uuid4(), first_slots(person)[:2]
        assert offered(person, slots, client_id=key) == offered(person, slots, client_id=key)
        assert Message.objects.count() == SlotOffer.objects.count() == 1

    def test_a_slot_that_is_not_free_is_refused_and_nothing_is_sent(self, person: Jobseeker) -> None:
        slots = first_slots(person)
        neighbour = on_web_track(follower(person).portfolios.get())
        book_offered(actor=neighbour.user, offer=offered(neighbour, slots[:1]), starts_at=slots[0])
        before = Message.objects.count()
        for wrong in (slots[0], slots[1] + timedelta(minutes=5)):
            with pytest.raises(SlotTakenError):
                offered(person, [slots[1], wrong])
        assert Message.objects.count() == before

    def test_none_and_too_many_are_refused(self, person: Jobseeker) -> None:
        slots = first_slots(person)
        for wrong in ([], slots[: SLOTS_OFFERED_AT_MOST + 1]):
            with pytest.raises(DomainError):
                offered(person, wrong)
        assert len(offered(person, slots[:SLOTS_OFFERED_AT_MOST]).slots) == SLOTS_OFFERED_AT_MOST

    def test_by_telephone_only_with_a_number(self, person: Jobseeker) -> None:
        Jobseeker.objects.filter(pk=person.pk).update(phone="")
        with pytest.raises(DomainError, match="numéro"):
            offered(person, channel=Channel.PHONE)
        assert offered(person, channel=Channel.ON_SITE).channel == Channel.ON_SITE

    def test_the_page_sends_it_and_leads_back(self, client: Client, person: Jobseeker) -> None:
        client.force_login(follower(person).user)
        address = reverse("offer_slots", args=[person.pk])
        page = client.get(address, {"suite": "/ma-journee/"})
        key = str(page.context["form"]["client_id"].value())
        slots = [one.isoformat() for one in first_slots(person)]
        many = client.post(
            address, {"channel": "video", "slots": slots[:6], "text": "Bonjour", "client_id": key, "suite": ""}
        )
        assert many.status_code == 422
        assert "Cochez 5 créneaux au plus." in said(many)
        assert said(many).count(" checked") >= 6, "what was ticked stays"
        unfilled = {"channel": "video", "slots": slots[:2], "text": "Bonjour {prenom}", "client_id": key}
        refused = client.post(address, unfilled)
        assert refused.status_code == 409
        assert "À compléter avant l'envoi : {prenom}" in said(refused)
        right = client.post(address, {**unfilled, "text": "Bonjour", "suite": "/ma-journee/"})
        assert right["Location"] == "/ma-journee/"
        assert SlotOffer.objects.get().message.client_id == UUID(key)


class TestBooking:
    def test_a_press_books_one_and_both_see_it(self, client: Client, person: Jobseeker) -> None:
        offer = offered(person)
        before = card(client, person.user, offer)
        assert before.count('name="slot"') == 3
        answer = client.post(address_of(offer), {"slot": offer.slots[1].isoformat()}, follow=True)
        interview = Interview.objects.get()
        assert (interview.starts_at, interview.channel, interview.booked_by) == (
            offer.slots[1],
            Channel.VIDEO,
            person.user,
        )
        assert f"Réservé : {sentence(offer.slots[1], person)}" in said(answer)
        assert 'name="slot"' not in said(answer)
        assert "Réservé :" in card(client, follower(person).user, offer)

    def test_the_same_press_again_is_the_same_interview_and_another_is_refused(self, person: Jobseeker) -> None:
        offer = offered(person)
        first = book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0])
        assert book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0]) == first
        with pytest.raises(NotAllowedNowError) as refusal:
            book_offered(actor=person.user, offer=offer, starts_at=offer.slots[1])
        assert refusal.value.sentence == ONE_ONLY
        cancel_interview(actor=person.user, interview=first)
        with pytest.raises(NotAllowedNowError):
            book_offered(actor=person.user, offer=offer, starts_at=offer.slots[1])
        assert Interview.objects.count() == 1

    def test_a_cancelled_one_says_so(self, client: Client, person: Jobseeker) -> None:
        offer = offered(person)
        booked = book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0])
        cancel_interview(actor=person.user, interview=booked)
        assert "ce rendez-vous est annulé" in card(client, person.user, offer)

    def test_it_holds_the_obligation(self, person: Jobseeker) -> None:
        due = due_obligation(person)
        offer = offered(person)
        assert book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0]).obligation == due

    def test_a_slot_that_is_gone_says_so_and_offers_the_next(
        self, client: Client, person: Jobseeker, portfolio: Portfolio
    ) -> None:
        offer = offered(person)
        other = on_web_track(portfolio)
        book_interview(
            actor=other.user,
            jobseeker=other,
            adviser=portfolio.adviser,
            starts_at=offer.slots[0],
            channel=Channel.VIDEO,
        )
        client.force_login(person.user)
        for htmx in ({}, {"HX-Request": "true"}):
            answer = client.post(address_of(offer), {"slot": offer.slots[0].isoformat()}, headers=htmx)
            assert answer.status_code == 409
            assert "Ce créneau vient d'être pris." in said(answer)
            assert f"<s>{sentence(offer.slots[0], person)}</s>" in said(answer)
            assert said(answer).count('name="slot"') == 2
        assert Interview.objects.count() == 1
        assert client.post(address_of(offer), {"slot": offer.slots[1].isoformat()}).status_code == 302

    def test_all_gone_leads_to_the_others(self, client: Client, person: Jobseeker, portfolio: Portfolio) -> None:
        offer = offered(person, first_slots(person)[:1])
        other = on_web_track(portfolio)
        book_interview(
            actor=other.user,
            jobseeker=other,
            adviser=portfolio.adviser,
            starts_at=offer.slots[0],
            channel=Channel.VIDEO,
        )
        found = card(client, person.user, offer)
        assert "Ces créneaux ne sont plus libres." in found
        assert reverse("take_interview") in found

    def test_an_expired_card_says_so(self, client: Client, person: Jobseeker) -> None:
        offer = offered(person)
        with time_machine.travel(offer.slots[-1] - timedelta(minutes=90)):
            assert "trop proches pour être réservés" in card(client, person.user, offer)
            answer = client.post(address_of(offer), {"slot": offer.slots[-1].isoformat()})
            assert answer.status_code == 409
        assert not Interview.objects.exists()

    def test_a_deleted_message_offers_nothing_and_cannot_be_rewritten(self, person: Jobseeker) -> None:
        offer = offered(person)
        where = {"actor": follower(person).user, "conversation_id": offer.message.conversation_id, "number": 1}
        with pytest.raises(DomainError) as refusal:
            change_message(**where, body="Autre chose", seen={"change": "0"})
        assert refusal.value.sentence == OFFERS_SLOTS
        delete_message(**where)
        with pytest.raises(NotAllowedNowError) as refused:
            book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0])
        assert refused.value.sentence == IS_WITHDRAWN

    def test_another_adviser_meanwhile_closes_the_card(
        self, client: Client, person: Jobseeker, portfolio: Portfolio
    ) -> None:
        offer = offered(person)
        transfer_people(
            actor=ManagerFactory().user,
            people=Placement.objects.open().filter(jobseeker=person),
            targets=[bookable_portfolio(agency=portfolio.agency)],
            reason="Congé",
            keep_reading=False,
        )
        assert "votre conseiller a changé" in card(client, person.user, offer)
        with pytest.raises(NotAllowedNowError):
            book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0])

    @pytest.mark.parametrize("slot", ["", "demain", "2026-12-01T09:00:00", "2031-01-01T09:00:00+00:00"])
    def test_what_is_not_offered_is_not_booked(self, client: Client, person: Jobseeker, slot: str) -> None:
        offer = offered(person)
        client.force_login(person.user)
        answer = client.post(address_of(offer), {"slot": slot})
        assert answer.status_code in {409, 422}
        assert "Choisissez un des créneaux proposés." in said(answer)
        assert not Interview.objects.exists()

    def test_nobody_else_books(self, person: Jobseeker, portfolio: Portfolio) -> None:
        offer = offered(person)
        for user in (portfolio.adviser.user, on_web_track(portfolio).user):
            with pytest.raises(NoRightError):
                book_offered(actor=user, offer=offer, starts_at=offer.slots[0])


class TestConstraints:
    @pytest.mark.parametrize("slots", [[], [timezone.now()] * (SLOTS_OFFERED_AT_MOST + 1)])
    def test_an_offer_has_one_to_five_slots(self, person: Jobseeker, slots: list[datetime]) -> None:
        offer = offered(person)
        message = Message.objects.create(
            conversation=Conversation.objects.get(),
            number=2,
            author=offer.message.author,
            client_id=uuid4(),
            body="Bonjour",
            created_at=timezone.now(),
        )
        facts = {"jobseeker": person, "adviser": offer.adviser, "channel": "video", "offered_at": timezone.now()}
        with pytest.raises(IntegrityError, match="slot_offer_size"), transaction.atomic():
            SlotOffer.objects.create(message=message, slots=slots, **facts)
        SlotOffer.objects.create(message=message, slots=[timezone.now()], **facts)

    def test_offers_and_their_bookings_are_kept(self, person: Jobseeker) -> None:
        offer = offered(person)
        book_offered(actor=person.user, offer=offer, starts_at=offer.slots[0])
        for rows in (OfferBooking.objects.all(), SlotOffer.objects.all()):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.delete()
