"""The states of an interview, how it moves between them, and when its room is open."""

from datetime import datetime, timedelta

from visio.enums import InterviewState as S
from visio.enums import RoomMoment

INTERVIEW_TRANSITIONS: dict[S, frozenset[S]] = {
    S.BOOKED: frozenset({S.IN_PROGRESS, S.HELD, S.INTERRUPTED, S.MISSED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.HELD, S.INTERRUPTED, S.CANCELLED}),
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
"""After the planned end: a conversation that runs over is not cut."""


def room_moment(*, state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> RoomMoment:
    """Say whether the room of an interview is too early, open, past its time, or closed by a decision."""
    if state not in LIVE_STATES:
        return RoomMoment.CLOSED
    if now < starts_at - ROOM_OPENS_BEFORE:
        return RoomMoment.EARLY
    if now >= ends_at + ROOM_CLOSES_AFTER:
        return RoomMoment.OVER
    return RoomMoment.OPEN


def absence_obstacle(
    *,
    starts_at: datetime,
    convocation_delivered_at: datetime | None,
    technical_failure_at: datetime | None,
    arrived_at: datetime | None,
    now: datetime,
) -> str | None:
    """Say in French why an absence cannot be recorded, or None where it can.

    A technical failure is not an absence, and the convocation must be known to have been delivered before the hour.
    """
    if now < starts_at:
        return "L'entretien n'a pas encore commencé."
    if technical_failure_at is not None:
        return "Un problème technique a été signalé : ce n'est pas une absence."
    if arrived_at is not None:
        return "La personne est entrée dans la salle d'attente : ce n'est pas une absence."
    if convocation_delivered_at is None or convocation_delivered_at >= starts_at:
        return "Rien ne prouve que la convocation est arrivée à temps : ce ne peut pas être une absence."
    return None
