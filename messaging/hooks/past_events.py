"""Whether a notification still tells its reader something, or its event is over.

`services.delivery` asks before each try. A notification of the past is given up: nobody is invited to an interview that
was cancelled. `config/wiring.py` fills the list.
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
    is_past: Callable[[Notification, datetime], bool]


past_events: list[PastEvent] = []


def is_past(notification: Notification, now: datetime) -> bool:
    """Return whether the event of a notification is over."""
    return any(one.is_past(notification, now) for one in past_events if notification.kind in one.kinds)
