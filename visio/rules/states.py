"""The states of an interview, the transitions between them, and when its room is open."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from visio.enums import InterviewState as S
from visio.enums import RoomMoment

INTERVIEW_TRANSITIONS: dict[S, frozenset[S]] = {
    S.ON_HOLD: frozenset(),  # deleted, and booked anew
    S.BOOKED: frozenset({S.IN_PROGRESS, S.HELD, S.INTERRUPTED, S.NOTED, S.EXCUSED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.HELD, S.INTERRUPTED, S.CANCELLED}),
    S.HELD: frozenset(),
    S.INTERRUPTED: frozenset(),
    S.NOTED: frozenset({S.MISSED, S.EXCUSED, S.INTERRUPTED}),
    S.MISSED: frozenset({S.EXCUSED, S.INTERRUPTED}),
    S.EXCUSED: frozenset(),
    S.CANCELLED: frozenset(),
}
LIVE_STATES = (S.BOOKED, S.IN_PROGRESS)
SLOT_STATES = (S.ON_HOLD, *LIVE_STATES)
"""States that take a slot away from others. A hold does so while its person confirms."""

OPEN_STATES = (*LIVE_STATES, S.NOTED)
"""States whose outcome is still open. A noted absence holds no slot any more."""

ABSENCE_STATES = (S.NOTED, S.MISSED)
"""States that need proof: a mandatory interview, a convocation delivered in time, no technical failure, a named person.
"""

STATES_TO_YOU: dict[S, str] = {
    S.ON_HOLD: "Gardé",
    S.BOOKED: "Prévu",
    S.IN_PROGRESS: "En cours",
    S.HELD: "Terminé",
    S.INTERRUPTED: "Interrompu",
    S.NOTED: "À expliquer",
    S.MISSED: "Absence confirmée",
    S.EXCUSED: "Sans suite",
    S.CANCELLED: "Annulé",
}
"""The state of an interview in words for the person."""

BUFFER_MINUTES = 10
"""Minutes after an interview in which neither person is booked again, for notes and for a call that runs over."""

ROOM_OPENS_BEFORE = timedelta(minutes=30)
ROOM_CLOSES_AFTER = timedelta(minutes=60)
"""How long after its planned end a conversation may run over without being cut."""


def room_moment(*, state: str, starts_at: datetime, ends_at: datetime, now: datetime) -> RoomMoment:
    """Return whether the room is too early, open, past its time, or closed by a decision."""
    if state not in LIVE_STATES:
        return RoomMoment.CLOSED
    if now < starts_at - ROOM_OPENS_BEFORE:
        return RoomMoment.EARLY
    if now >= ends_at + ROOM_CLOSES_AFTER:
        return RoomMoment.OVER
    return RoomMoment.OPEN


def is_to_conclude(*, state: str, ends_at: datetime, call_ended_at: datetime | None, now: datetime) -> bool:
    """Return whether an interview is over and nobody has entered its outcome.

    It is over if its end has passed, or if one of the two has ended its call. `InterviewQuerySet.to_conclude` is the
    same rule for rows.
    """
    return state in LIVE_STATES and (call_ended_at is not None or ends_at <= now)


def is_to_be_held(*, state: str, ends_at: datetime, call_ended_at: datetime | None, now: datetime) -> bool:
    """Return whether an interview is to come or under way: nobody has ended its call, and its end has not passed."""
    return state in LIVE_STATES and call_ended_at is None and now < ends_at


NOT_BEGUN = "L'entretien n'a pas encore commencé."


def absence_obstacle(
    *,
    is_obligatory: bool,
    starts_at: datetime,
    convocation_delivered_at: datetime | None,
    technical_failure_at: datetime | None,
    arrived_at: datetime | None,
    spoke_up_at: datetime | None,
    adviser_came: bool,
    now: datetime,
) -> str | None:
    """Return in French why an absence cannot be noted, or None if it can.

    Only an interview for an obligation that is still due counts (`is_obligatory`), and by video only if the adviser was
    in the room (`adviser_came`). A technical failure is not an absence, and the convocation must have been delivered
    before the hour.
    """
    if now < starts_at:
        return NOT_BEGUN
    if not is_obligatory:
        return "Cet entretien n'est pas obligatoire\u00a0: ce ne peut pas être une absence."
    for fact, obstacle in (
        (technical_failure_at, "Un problème technique a été signalé\u00a0: ce n'est pas une absence."),
        (arrived_at, "La personne est entrée dans la salle d'attente\u00a0: ce n'est pas une absence."),
        (spoke_up_at, "Une réponse a été donnée à l'heure de l'entretien\u00a0: ce n'est pas une absence."),
    ):
        if fact is not None:
            return obstacle
    if convocation_delivered_at is None or convocation_delivered_at >= starts_at:
        return "La remise de la convocation n'est pas confirmée\u00a0: l'absence ne peut pas être notée."
    if not adviser_came:
        return "Vous n'avez pas ouvert la salle\u00a0: ce n'est pas une absence. Proposez une autre date."
    return None


def end_of_answers(*, from_day: date, days: int, zone: ZoneInfo) -> datetime:
    """Return the end of the time to explain: the end of the day that comes `days` days after `from_day`."""
    return datetime.combine(from_day + timedelta(days=days + 1), time.min, zone)


def last_day_to_answer(answer_until: datetime, *, zone: ZoneInfo) -> date:
    """Return the last day on which the person may explain an absence."""
    return (answer_until - timedelta(seconds=1)).astimezone(zone).date()


def confirming_obstacle(
    *, answered_at: datetime | None, told_at: datetime | None, answer_until: datetime, now: datetime
) -> str | None:
    """Return in French why an absence cannot be confirmed yet, or None if it can.

    Either the person has explained it, or an e-mail about it was delivered and the time to explain has passed.
    """
    if answered_at is not None:
        return None
    if now < answer_until:
        return "La personne peut encore s'expliquer\u00a0: l'absence ne peut pas être confirmée avant."
    if told_at is None:
        return (
            "La remise de l'e-mail n'est pas confirmée\u00a0: "
            "sans explication de la personne, l'absence ne peut pas être confirmée."
        )
    return None
