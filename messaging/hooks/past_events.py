"""Whether a notification still tells its reader something, or its event is over.

`services.delivery` asks before each try, for all letters that it claims at once. A notification of the past is given
up: nobody is invited to an interview that was cancelled. `config/wiring.py` fills the list.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification


@dataclass(frozen=True, kw_only=True)
class PastEvent:
    """How a floor recognises that notifications of these kinds are of no use any more."""

    kinds: Collection[NotificationKind]
    past_among: Callable[[Collection[Notification], datetime], set[int]]
    """Return the keys of those of these notifications that are over, with the same number of queries for all."""


past_events: list[PastEvent] = []


def past_among(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the notifications whose event is over."""
    found: set[int] = set()
    for one in past_events:
        concerned = [notification for notification in notifications if notification.kind in one.kinds]
        if concerned:
            found |= one.past_among(concerned, now)
    return found
