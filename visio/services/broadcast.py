"""Telling the open sockets of a room that something has changed.

The truth is in PostgreSQL: a room reads it again by itself, so a lost message only makes it slower.
"""

from functools import partial
from typing import Any

from django.db import transaction

from messaging.services.live import broadcaster


def room_group(interview_pk: int) -> str:
    """Return the name of the group that the sockets of one interview are in."""
    return f"visio.{interview_pk}"


def tell_room(interview_pk: int, what: str, **facts: Any) -> None:
    """Tell `room.<what>` to the sockets of an interview once the transaction is committed."""
    transaction.on_commit(partial(broadcaster.send, room_group(interview_pk), {"type": f"room.{what}", **facts}))
