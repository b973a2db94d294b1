"""When an interview that one side misses is rescued, and until when a technical problem may be reported."""

from datetime import datetime, timedelta

from visio.enums import InterviewState as S
from visio.enums import RoomMoment
from visio.rules.states import LIVE_STATES, ROOM_OPENS_BEFORE, room_moment

CALLED_AFTER = timedelta(minutes=2)
"""How long after the hour a side that is not in the room is called."""

REPORTED_WITHIN = timedelta(hours=24)
"""How long after the planned end either side may still report a technical problem, in hours that pass."""


def may_be_called(*, state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Return whether a missing side is called now: from two minutes after the hour until the planned end."""
    return state in LIVE_STATES and starts_at + CALLED_AFTER <= now < ends_at


def may_answer(*, state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Return whether one may say that one is late, has a problem or cannot come: while the room is open."""
    return room_moment(state=state, starts_at=starts_at, ends_at=ends_at, now=now) == RoomMoment.OPEN


def may_report_failure(*, state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Return whether a technical problem is accepted: from when the room opens until 24 hours after the planned end.

    It is accepted whatever was recorded meanwhile, except for an interview that was cancelled.
    """
    return state != S.CANCELLED and starts_at - ROOM_OPENS_BEFORE <= now <= ends_at + REPORTED_WITHIN
