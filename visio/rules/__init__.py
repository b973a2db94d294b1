"""Pure decisions of the top floor: no database, no clock."""

from visio.rules.states import (
    ABSENCE_STATES,
    BUFFER_MINUTES,
    INTERVIEW_MINUTES,
    INTERVIEW_TRANSITIONS,
    LIVE_STATES,
    OPEN_STATES,
    ROOM_CLOSES_AFTER,
    ROOM_OPENS_BEFORE,
)

__all__ = [
    "ABSENCE_STATES",
    "BUFFER_MINUTES",
    "INTERVIEW_MINUTES",
    "INTERVIEW_TRANSITIONS",
    "LIVE_STATES",
    "OPEN_STATES",
    "ROOM_CLOSES_AFTER",
    "ROOM_OPENS_BEFORE",
]
