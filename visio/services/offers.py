"""Offers free slots in a message, and books one of them.

The message says the slots in words, so that whoever reads it elsewhere misses nothing. Nothing is held: a slot stays
free for everybody until somebody books it, under the constraints of every booking. One offer leads to one interview at
most: the person's lock makes two screens wait for each other, and the unique `OfferBooking` holds without it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import moment_there
from accompaniment.rules.presentation import CHANNELS
from accompaniment.services import audit
from accompaniment.services.rights import check_acts, check_own
from caseload.models import Adviser
from caseload.reads.moves.who_answers import follower_of
from messaging.services.conversations import open_conversation
from messaging.services.posting import post_message
from visio.models import SLOTS_OFFERED_AT_MOST, Interview, OfferBooking, SlotOffer
from visio.reads.availability import free_slots, last_day_offered
from visio.reads.offers import due_of, withdrawn
from visio.rules.slots import not_by
from visio.services.errors import SlotTakenError
from visio.services.interviews import BOOKABLE_CHANNELS, book_interview

NOT_YOURS = "Ces créneaux sont proposés à quelqu'un d'autre."
ONE_ONLY = "Vous avez déjà réservé un de ces créneaux. Pour en changer, ouvrez «\u00a0Rendez-vous\u00a0»."
NOT_OFFERED = "Choisissez un des créneaux proposés."
IS_WITHDRAWN = "Cette proposition a été retirée. Choisissez un autre créneau dans «\u00a0Rendez-vous\u00a0»."
NO_ACCOUNT = "Cette personne n'a pas encore de compte\u00a0: elle ne lirait pas ce message. Appelez-la."


def offer_slots(
    *,
    actor: User,
    jobseeker: Jobseeker,
    channel: str,
    slots: Sequence[datetime],
    text: str,
    client_id: UUID,
) -> SlotOffer:
    """Send a message that offers these slots of the person's adviser; `text` stands before them.

    The same `client_id` sends once. Raises SlotTakenError for the first slot that is not free, DomainError for none or
    too many of them, for a channel that cannot be, and as `post_message` does.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.ADVISER,))
        known = SlotOffer.objects.filter(message__author=actor, message__client_id=client_id).first()
        if known is not None:
            return known
        follower = _check_possible(person, channel)
        starts = _checked(slots, person, follower, channel)
        message = post_message(
            actor=actor,
            conversation=open_conversation(actor=actor, jobseeker=person),
            client_id=client_id,
            body=_in_words(text, starts, person=person, adviser=follower, channel=Channel(channel)),
            card=True,
        )
        offer = SlotOffer.objects.create(
            message=message,
            jobseeker=person,
            adviser=follower,
            channel=channel,
            slots=starts,
            offered_at=message.created_at,
        )
        audit.record(actor=actor, jobseeker=person, action=AuditAction.INTERVIEW, event="slots_offered", offer=offer.pk)
        return offer


def book_offered(*, actor: User, offer: SlotOffer, starts_at: datetime) -> Interview:
    """Book one of the offered slots for the person, who is the actor. The same slot again returns the same interview.

    It holds the open obligation, if there is one. Raises SlotTakenError if the slot is no longer free,
    NotAllowedNowError if the offer has led to another interview, was withdrawn, or is of a former adviser.
    """
    with transaction.atomic():
        person = lock_jobseeker(offer.jobseeker_id)
        check_own(actor, person, NOT_YOURS)
        check_acts(actor, person, roles=(Role.JOBSEEKER,))
        booking = OfferBooking.objects.filter(offer=offer).select_related("interview").first()
        if booking is not None and booking.interview.starts_at == starts_at:
            return booking.interview
        if booking is not None:
            raise NotAllowedNowError(ONE_ONLY)
        if withdrawn(offer):
            raise NotAllowedNowError(IS_WITHDRAWN)
        if starts_at not in offer.slots:
            raise DomainError(NOT_OFFERED, about="slot")
        interview = book_interview(
            actor=actor,
            jobseeker=person,
            adviser=offer.adviser,
            starts_at=starts_at,
            channel=offer.channel,
            obligation=due_of(person),
        )
        OfferBooking.objects.create(offer=offer, interview=interview)
        return interview


def _check_possible(person: Jobseeker, channel: str) -> Adviser:
    """Return the person's adviser, whose slots are offered."""
    if person.user_id is None:
        raise DomainError(NO_ACCOUNT)
    if channel not in BOOKABLE_CHANNELS:
        raise DomainError("Choisissez la visio, le téléphone ou l'agence.", about="channel")
    if channel == Channel.PHONE and not person.phone:
        raise DomainError("Le dossier n'a pas de numéro à appeler. Choisissez la visio ou l'agence.", about="channel")
    follower = follower_of(person)
    if follower is None:
        raise NotAllowedNowError("Cette personne n'a pas de conseiller pour le moment\u00a0: aucun créneau à proposer.")
    return follower


def _checked(slots: Sequence[datetime], person: Jobseeker, follower: Adviser, channel: str) -> list[datetime]:
    """Return the slots in order; each is free now by this channel."""
    starts = sorted(set(slots))
    if not starts:
        raise DomainError("Cochez au moins un créneau.", about="slots")
    if len(starts) > SLOTS_OFFERED_AT_MOST:
        raise DomainError(f"Cochez {SLOTS_OFFERED_AT_MOST} créneaux au plus.", about="slots")
    now = timezone.now()
    last_day = last_day_offered(adviser=follower, obligation=due_of(person), now=now)
    free = free_slots(adviser=follower, jobseeker=person, now=now, last_day=last_day)
    for one in starts:
        if one not in free:
            raise SlotTakenError(one, "Un des créneaux cochés n'est plus libre. Choisissez-en un autre.")
        if channel not in free[one]:
            raise DomainError(not_by(channel, free[one]), about="slots")
    return starts


def _in_words(text: str, starts: Sequence[datetime], *, person: Jobseeker, adviser: Adviser, channel: Channel) -> str:
    """Return the whole message, on the person's clock."""
    hours = [f"– {moment_there(one, zone=person.agency.zone, others=(adviser.agency.zone,))}" for one in starts]
    offered = f"Créneaux proposés avec {adviser}, {CHANNELS[channel]}\u00a0:"
    return "\n".join([*([text.strip(), ""] if text.strip() else []), offered, *hours])
