"""Tells the open sockets of a room that something has changed.

The truth is in PostgreSQL, and rooms read it at intervals. A lost message only delays them.
"""

from functools import partial
from typing import Any

from django.db import transaction

from messaging.services.live import broadcaster


def room_group(interview_pk: int) -> str:
    """Return the group name of the sockets of one interview."""
    return f"visio.{interview_pk}"


def tell_room(interview_pk: int, what: str, **facts: Any) -> None:
    """Send `room.<what>` to the sockets of an interview after the commit."""
    transaction.on_commit(partial(broadcaster.send, room_group(interview_pk), {"type": f"room.{what}", **facts}))
