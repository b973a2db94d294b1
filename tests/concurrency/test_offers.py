"""Two screens press two slots of one card at once. With controls without the guards."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accompaniment.enums import Channel
from accompaniment.models import Jobseeker
from accompaniment.rules.errors import NotAllowedNowError
from tests.caseload.factories import on_web_track
from tests.concurrency.threads import PATIENCE, at_once
from tests.visio.factories import bookable_portfolio, first_slots, follower
from visio.models import Interview, OfferBooking, SlotOffer
from visio.services.interviews import book_interview
from visio.services.offers import book_offered, offer_slots

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Jobseeker:
    return on_web_track(bookable_portfolio())


@pytest.fixture
def offer(person: Jobseeker) -> SlotOffer:
    return offer_slots(
        actor=follower(person).user,
        jobseeker=person,
        channel=Channel.VIDEO,
        slots=first_slots(person)[:2],
        text="",
        client_id=uuid4(),
    )


def unguarded(offer: SlotOffer, starts_at: datetime, both_have_looked: Barrier, *, noted: bool) -> Callable[[], object]:
    """Return the booking by somebody who looked at the card before the person's lock; with or without its row."""

    def act() -> Interview:
        with transaction.atomic():
            assert not OfferBooking.objects.filter(offer=offer).exists()
            both_have_looked.wait()
            interview = book_interview(
                actor=offer.jobseeker.user,
                jobseeker=offer.jobseeker,
                adviser=offer.adviser,
                starts_at=starts_at,
                channel=offer.channel,
            )
            if noted:
                OfferBooking.objects.create(offer=offer, interview=interview)
            return interview

    return act


def test_two_slots_of_one_card_are_one_interview(person: Jobseeker, offer: SlotOffer) -> None:
    press = partial(book_offered, actor=person.user, offer=offer)
    results = at_once(*[partial(press, starts_at=slot) for slot in offer.slots])
    assert len([one for one in results if isinstance(one, Interview)]) == 1
    assert len([one for one in results if isinstance(one, NotAllowedNowError)]) == 1
    assert Interview.objects.live().count() == OfferBooking.objects.count() == 1


def test_one_slot_pressed_twice_is_one_interview(person: Jobseeker, offer: SlotOffer) -> None:
    press = partial(book_offered, actor=person.user, offer=offer, starts_at=offer.slots[0])
    first, second = at_once(press, press)
    assert first == second == Interview.objects.get()


def test_without_the_guards_both_slots_are_booked(offer: SlotOffer) -> None:
    """The control: who looks before the lock, and writes no row of the card."""
    both = Barrier(2, timeout=PATIENCE)
    at_once(*[unguarded(offer, slot, both, noted=False) for slot in offer.slots])
    assert Interview.objects.live().count() == 2


def test_without_the_lock_the_constraint_holds(offer: SlotOffer) -> None:
    both = Barrier(2, timeout=PATIENCE)
    results = at_once(*[unguarded(offer, slot, both, noted=True) for slot in offer.slots])
    assert len([one for one in results if isinstance(one, IntegrityError)]) == 1
    assert Interview.objects.live().count() == 1
