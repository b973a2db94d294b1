"""Until when enrolments and noted absences wait."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from accompaniment.enums import Awaited, EnrolmentState
from accompaniment.models import LapseDelay

WAITING_STATES = (EnrolmentState.ASKED, EnrolmentState.VALIDATED)
"""The states that wait for somebody: for the adviser's decision, then for the person's acceptance."""


HELD_BY_AN_INTERVIEW = timedelta(days=3)
"""How long after its last save an interview in progress keeps the request from lapsing."""


# The time counts from when the state was entered here: a year-old wish that a file brought today is a day old. Days are
# those of the agency, and the whole last day remains for the decision. A delay that begins later counts from its own
# day: an enrolment lapses on the first day after the delay of that day.
CLOCKS = """
SELECT enrolment.id, delay.days, delay.lapses_on - 1 AS last_day, delay.lapses_on - 1 - clock.today AS days_left,
  enrolment.state = %(asked)s AND EXISTS (
    SELECT FROM accompaniment_registrationinterview interview
    WHERE interview.jobseeker_id = enrolment.jobseeker_id AND interview.concluded_at IS NULL
      AND interview.saved_at > %(held_since)s
  ) AS held
FROM accompaniment_enrolment enrolment
JOIN accompaniment_jobseeker person ON person.id = enrolment.jobseeker_id
JOIN accompaniment_agency agency ON agency.id = person.agency_id
JOIN accompaniment_departement departement ON departement.code = agency.departement_id
JOIN accompaniment_region region ON region.code = departement.region_id
CROSS JOIN LATERAL (SELECT (%(now)s::timestamptz AT TIME ZONE region.timezone)::date AS today) clock
CROSS JOIN LATERAL (
    SELECT (event.at AT TIME ZONE region.timezone)::date AS day FROM accompaniment_enrolmentevent event
    WHERE event.enrolment_id = enrolment.id AND event.to_state = enrolment.state ORDER BY event.id DESC LIMIT 1
) entered
CROSS JOIN LATERAL (
    SELECT dated.days, GREATEST(dated.starts_on, entered.day + dated.days + 1) AS lapses_on
    FROM (
        SELECT days, starts_on, lead(starts_on, 1, 'infinity') OVER (ORDER BY starts_on) AS until
        FROM accompaniment_lapsedelay WHERE state = enrolment.state
    ) dated
    WHERE dated.until > clock.today AND GREATEST(dated.starts_on, entered.day + dated.days + 1) < dated.until
    ORDER BY lapses_on LIMIT 1
) delay
WHERE enrolment.state = ANY(%(states)s) AND (%(only)s::bigint[] IS NULL OR enrolment.id = ANY(%(only)s))
"""


DUE = f"SELECT id, days FROM ({CLOCKS}) clocks WHERE days_left < 0 AND NOT held ORDER BY id"  # noqa: S608  (constants)


LEFT = f"SELECT id, last_day, days_left FROM ({CLOCKS}) clocks"  # noqa: S608  (constants)


class TimeLeft(NamedTuple):
    """Until when an enrolment waits: its last whole day in the agency's zone, and the days until then.

    The number is negative if that day is over and an interview in progress, or a job that has not run yet, keeps it
    open.
    """

    last_day: date
    days: int


def due_to_lapse(*, now: datetime, only: int | None = None) -> dict[int, int]:
    """Return the open enrolments whose time for a decision is over, with the delay in days, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, _facts(now, None if only is None else [only]))
        return dict(cursor.fetchall())


def time_left(*, now: datetime, only: Iterable[int]) -> dict[int, TimeLeft]:
    """Return until when each of these enrolments waits, if it waits for somebody, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT, _facts(now, list(only)))
        return {pk: TimeLeft(last_day, days) for pk, last_day, days in cursor.fetchall()}


def _facts(now: datetime, only: list[int] | None) -> dict[str, Any]:
    return {
        "now": now,
        "states": list(WAITING_STATES),
        "only": only,
        "asked": EnrolmentState.ASKED,
        "held_since": now - HELD_BY_AN_INTERVIEW,
    }


def answer_delay(*, on: date) -> int | None:
    """Return for how many days a person may explain an absence noted on this day, or None if no delay is set."""
    delay = LapseDelay.objects.filter(state=Awaited.ABSENCE, starts_on__lte=on).order_by("-starts_on").first()
    return delay.days if delay else None


def _last_days(state: str) -> dict[int, date]:
    """Return until when each enrolment in this state waits under the present delays, including those held open."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(LEFT, {**_facts(now, None), "states": [state]})
        return {pk: last_day for pk, last_day, _ in cursor.fetchall()}
