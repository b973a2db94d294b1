"""Pure decisions of the top floor: no database, no clock."""

from visio.rules.states import (
    ABSENCE_STATES,
    BUFFER_MINUTES,
    INTERVIEW_TRANSITIONS,
    LIVE_STATES,
    OPEN_STATES,
    ROOM_CLOSES_AFTER,
    ROOM_OPENS_BEFORE,
    SLOT_STATES,
    is_to_conclude,
)

__all__ = [
    "ABSENCE_STATES",
    "BUFFER_MINUTES",
    "INTERVIEW_TRANSITIONS",
    "LIVE_STATES",
    "OPEN_STATES",
    "ROOM_CLOSES_AFTER",
    "ROOM_OPENS_BEFORE",
    "SLOT_STATES",
    "is_to_conclude",
]
