"""Pure decisions of the top floor: no database, no clock."""

from datetime import timedelta

from visio.enums import InterviewState as S

INTERVIEW_TRANSITIONS: dict[S, frozenset[S]] = {
    S.BOOKED: frozenset({S.IN_PROGRESS, S.HELD, S.INTERRUPTED, S.MISSED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.HELD, S.INTERRUPTED}),
    S.HELD: frozenset(),
    S.INTERRUPTED: frozenset(),
    S.MISSED: frozenset(),
    S.CANCELLED: frozenset(),
}
LIVE_STATES = (S.BOOKED, S.IN_PROGRESS)

INTERVIEW_MINUTES = 30
BUFFER_MINUTES = 10
"""Minutes after an interview in which neither person is booked again: notes, and a call that runs over."""

ROOM_OPENS_BEFORE = timedelta(minutes=15)
ROOM_CLOSES_AFTER = timedelta(minutes=60)
