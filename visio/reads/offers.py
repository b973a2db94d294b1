"""A card of offered slots, as its two readers see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accompaniment.models import Jobseeker, Obligation
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import moment_there
from caseload.reads.moves.who_answers import follower_of
from messaging.enums import MessageChangeKind
from visio.models import Interview, OfferBooking, SlotOffer, to_place
from visio.reads.availability import free_slots, last_day_offered, offering
from visio.rules.offers import OfferState, state_of_offer
from visio.rules.slots import EARLIEST_NOTICE


@dataclass(frozen=True, kw_only=True)
class CardSlot:
    """One slot of a card. `value`: what its button sends."""

    value: str
    words: str
    free: bool


@dataclass(frozen=True, kw_only=True)
class SlotCard:
    """A card. `interview`: what was booked from it."""

    offer: SlotOffer
    state: OfferState
    slots: Sequence[CardSlot]
    interview: Interview | None

    @property
    def is_open(self) -> bool:
        return self.state == OfferState.OPEN


def due_of(person: Jobseeker) -> Obligation | None:
    """Return the first obligation for which the person has no interview, which a booking holds."""
    due: Obligation | None = to_place(Obligation.objects.filter(jobseeker=person)).first()
    return due


def withdrawn(offer: SlotOffer) -> bool:
    """Return whether the adviser has deleted the message."""
    return bool(offer.message.changes.filter(kind=MessageChangeKind.DELETED).exists())


def card_of(offer: SlotOffer, *, now: datetime) -> SlotCard:
    """Return a card. Load `message`, `adviser__agency__departement__region`, and the same of `jobseeker`."""
    person = offer.jobseeker
    follower = follower_of(person)
    booking = OfferBooking.objects.filter(offer=offer).first()
    interview = Interview.objects.with_people().get(pk=booking.interview_id) if booking else None
    same = follower is not None and follower.pk == offer.adviser_id
    free: set[datetime] = set()
    if interview is None and same and follower is not None:
        last_day = last_day_offered(adviser=follower, obligation=due_of(person), now=now)
        found = free_slots(adviser=follower, jobseeker=person, now=now, last_day=last_day)
        free = set(offering(found, offer.channel)) & set(offer.slots)
    zones = (person.agency.zone, offer.adviser.agency.zone)
    slots = [
        CardSlot(
            value=starts.isoformat(),
            words=moment_there(starts, zone=reader_zone(), others=zones),
            free=starts in free,
        )
        for starts in offer.slots
    ]
    state = state_of_offer(
        slots=offer.slots,
        free=sorted(free),
        bookable_from=now + EARLIEST_NOTICE,
        booked=interview is not None,
        deleted=withdrawn(offer),
        same_adviser=same,
    )
    return SlotCard(offer=offer, state=state, slots=slots, interview=interview)
