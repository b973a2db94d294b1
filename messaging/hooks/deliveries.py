"""What other floors do when an e-mail has been delivered.

`services.delivery` calls each function in the transaction that marks the notification as sent, with the instant at
which the mail server accepted it. `config/wiring.py` fills the list. If a function raises, the mark is undone and the
notification is sent again later.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification

Delivered = Callable[[Notification, datetime], None]


@dataclass(frozen=True, kw_only=True)
class DeliveryFollower:
    """What a floor does for letters of these kinds. The person of the letter is locked before."""

    kinds: Collection[NotificationKind]
    told: Delivered


on_delivered: list[DeliveryFollower] = []
