"""The states of an interview, how it moves between them, and when its room is open."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from visio.enums import InterviewState as S
from visio.enums import RoomMoment

INTERVIEW_TRANSITIONS: dict[S, frozenset[S]] = {
    S.BOOKED: frozenset({S.IN_PROGRESS, S.HELD, S.INTERRUPTED, S.NOTED, S.EXCUSED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.HELD, S.INTERRUPTED, S.CANCELLED}),
    S.HELD: frozenset(),
    S.INTERRUPTED: frozenset(),
    S.NOTED: frozenset({S.MISSED, S.EXCUSED}),
    S.MISSED: frozenset({S.EXCUSED}),
    S.EXCUSED: frozenset(),
    S.CANCELLED: frozenset(),
}
LIVE_STATES = (S.BOOKED, S.IN_PROGRESS)
OPEN_STATES = (*LIVE_STATES, S.NOTED)
"""Nobody has decided yet what came of it. An absence that was noted holds no slot any more."""

ABSENCE_STATES = (S.NOTED, S.MISSED)
"""What rests on proof: a convocation that said so and arrived, an obligation, no technical failure, a named person."""

STATES_TO_YOU: dict[S, str] = {
    S.BOOKED: "Prévu",
    S.IN_PROGRESS: "En cours",
    S.HELD: "Terminé",
    S.INTERRUPTED: "Interrompu",
    S.NOTED: "À expliquer",
    S.MISSED: "Absence confirmée",
    S.EXCUSED: "Sans suite",
    S.CANCELLED: "Annulé",
}
"""An interview's state as the person reads it."""

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


def is_to_conclude(*, state: str, ends_at: datetime, now: datetime) -> bool:
    """Tell whether the end of an interview has passed and nobody has said what came of it: it is not to come any more.

    `InterviewQuerySet.to_conclude` says the same of rows.
    """
    return state in LIVE_STATES and ends_at <= now


def absence_obstacle(
    *,
    is_obligatory: bool,
    starts_at: datetime,
    convocation_delivered_at: datetime | None,
    technical_failure_at: datetime | None,
    arrived_at: datetime | None,
    now: datetime,
) -> str | None:
    """Say in French why an absence cannot be noted, or None where it can.

    Nobody owes an appointment that they took freely, or that is due no more (`is_obligatory`). A technical failure is
    not an absence, and the convocation must be known to have been delivered before the hour.
    """
    if now < starts_at:
        return "L'entretien n'a pas encore commencé."
    if not is_obligatory:
        return "Cet entretien n'est pas obligatoire\u00a0: ce ne peut pas être une absence."
    if technical_failure_at is not None:
        return "Un problème technique a été signalé : ce n'est pas une absence."
    if arrived_at is not None:
        return "La personne est entrée dans la salle d'attente : ce n'est pas une absence."
    if convocation_delivered_at is None or convocation_delivered_at >= starts_at:
        return "La remise de la convocation n'est pas confirmée\u00a0: l'absence ne peut pas être notée."
    return None


def end_of_answers(*, from_day: date, days: int, zone: ZoneInfo) -> datetime:
    """Return until when the person may explain: the end of the day that comes `days` days after `from_day`."""
    return datetime.combine(from_day + timedelta(days=days + 1), time.min, zone)


def confirming_obstacle(
    *, answered_at: datetime | None, told_at: datetime | None, answer_until: datetime, now: datetime
) -> str | None:
    """Say in French why an absence cannot be confirmed yet, or None where it can.

    The person has answered; or was told by an e-mail that arrived, and let the time to answer pass.
    """
    if answered_at is not None:
        return None
    if now < answer_until:
        return "La personne peut encore s'expliquer\u00a0: l'absence ne peut pas être confirmée avant."
    if told_at is None:
        return (
            "Rien ne prouve que la personne a été prévenue\u00a0: sans réponse, l'absence ne peut pas être confirmée."
        )
    return None
