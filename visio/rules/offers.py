"""What a card of offered slots says: no database, no clock."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum


class OfferState(StrEnum):
    """What can still come of an offer."""

    OPEN = "open"
    BOOKED = "booked"
    WITHDRAWN = "withdrawn"
    """The adviser has deleted the message."""
    CLOSED = "closed"
    """Somebody else follows the person now."""
    EXPIRED = "expired"
    """The last slot is past, or too near."""
    TAKEN = "taken"
    """All slots that are to come are taken."""


def state_of_offer(
    *,
    slots: Sequence[datetime],
    free: Sequence[datetime],
    bookable_from: datetime,
    booked: bool,
    deleted: bool,
    same_adviser: bool,
) -> OfferState:
    """Return what can still come of an offer. `free`: those of its slots that are free now."""
    if booked:
        return OfferState.BOOKED
    if deleted:
        return OfferState.WITHDRAWN
    if not same_adviser:
        return OfferState.CLOSED
    if slots[-1] < bookable_from:
        return OfferState.EXPIRED
    return OfferState.OPEN if free else OfferState.TAKEN
