"""Telling the open sockets of a room that something has changed.

The truth is in PostgreSQL: a room reads it again by itself, so a lost message only makes it slower.
"""

import logging
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def room_group(interview_pk: int) -> str:
    """Return the name of the group that the sockets of one interview are in."""
    return f"visio.{interview_pk}"


def tell_room(interview_pk: int, what: str, **facts: Any) -> None:
    """Tell `room.<what>` to the sockets of an interview once the transaction is committed."""
    transaction.on_commit(partial(_send, interview_pk, {"type": f"room.{what}", **facts}))


def _send(interview_pk: int, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    try:
        async_to_sync(layer.group_send)(room_group(interview_pk), message)
    except (RedisError, OSError) as error:
        logger.warning("room %s was not told %s: %s", interview_pk, message["type"], error)
