"""What has to be known elsewhere when a person was told.

`services.delivery` calls each function in the transaction that marks the notification as sent, with the instant at
which the mail server took it. Upper apps add theirs in `config/wiring.py`; a function that raises undoes the mark,
and the notification is sent again later.
"""

from collections.abc import Callable
from datetime import datetime

from accompaniment.models import Notification

Delivered = Callable[[Notification, datetime], None]

on_delivered: list[Delivered] = []
