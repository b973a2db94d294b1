"""The last day of an obligation: the last one of its period on which the person's agency is open.

An interview can be held on no other day, so « au plus tard le » names no Sunday, no public holiday of the département
and no weekday without opening hours. An agency whose hours nobody has written is open from Monday to Friday.
"""

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from accompaniment.enums import AuditAction, ObligationState
from accompaniment.models import ContactPlan, Departement
from accompaniment.rules.public_holidays import public_holidays

HOLIDAYS = """
holidays AS (
    SELECT subdivision, array_agg(day) AS days
    FROM unnest(%(subdivisions)s::text[], %(holidays)s::date[]) AS holiday(subdivision, day) GROUP BY 1
)
"""
"""A CTE for a statement's `WITH`, joined to a `departement` as `holidays`."""

JOIN_HOLIDAYS = "LEFT JOIN holidays ON holidays.subdivision = departement.holidays_subdivision"


def is_open(day: str) -> str:
    """Return the SQL condition that `agency` is open on a day, given as an expression of type date."""
    return f"""(
        coalesce({day} <> ALL(holidays.days), true)
        AND (
            EXISTS (
                SELECT FROM accompaniment_openinghours hours
                WHERE hours.agency_id = agency.id AND hours.weekday = extract(isodow FROM {day}) - 1
            )
            OR extract(isodow FROM {day}) <= 5 AND NOT EXISTS (
                SELECT FROM accompaniment_openinghours hours WHERE hours.agency_id = agency.id
            )
        )
    )"""  # noqa: S608  (our own text)


def last_open_day(starts: str, ends: str) -> str:
    """Return the SQL for the last day in [starts, ends[ on which `agency` is open; the last day if there is none."""
    return f"""coalesce(
        (SELECT {ends} - back FROM generate_series(1, {ends} - {starts}) back
         WHERE {is_open(f"({ends} - back)")} ORDER BY back LIMIT 1),
        {ends} - 1
    )"""  # noqa: S608  (our own text)


MOVE = f"""
WITH {HOLIDAYS},
closed AS (
    SELECT obligation.id, obligation.jobseeker_id, obligation.due_on AS before,
           {last_open_day("lower(obligation.period)", "upper(obligation.period)")} AS due_on
    FROM accompaniment_obligation obligation
    JOIN accompaniment_jobseeker person ON person.id = obligation.jobseeker_id
    JOIN accompaniment_agency agency ON agency.id = person.agency_id
    JOIN accompaniment_departement departement ON departement.code = agency.departement_id
    {JOIN_HOLIDAYS}
    WHERE obligation.state = %(due)s AND NOT {is_open("obligation.due_on")}
    ORDER BY obligation.id FOR NO KEY UPDATE OF obligation SKIP LOCKED
),
moved AS (
    UPDATE accompaniment_obligation obligation SET due_on = closed.due_on
    FROM closed WHERE obligation.id = closed.id AND closed.due_on <> closed.before
    RETURNING obligation.id, obligation.jobseeker_id, closed.before, closed.due_on
)
INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details)
SELECT %(now)s, NULL, jobseeker_id, %(action)s,
       jsonb_build_object('event', 'day_moved', 'obligation', id, 'before', before, 'due_on', due_on)
FROM moved
"""  # noqa: S608  (our own text)


def move_to_open_days() -> int:
    """Move deadlines on a closed day to the last open day before; return how many.

    Opening hours and people's agencies change, and checking a day in SQL is cheaper than tracking these changes. Rows
    locked by another transaction are left for the next round.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE,
            holiday_parameters()
            | {"due": ObligationState.DUE, "action": AuditAction.OBLIGATION, "now": timezone.now()},
        )
        moved: int = cursor.rowcount
        return moved


def holiday_parameters() -> dict[str, list[object]]:
    """Return the parameters of `HOLIDAYS`: each subdivision's, for all years in which a plan in force has a period."""
    first = ContactPlan.objects.current().aggregate(first=Min("starts_on"))["first"]
    this_year = timezone.now().year
    years = range(min(this_year, first.year) if first else this_year, this_year + 3)
    places = Departement.objects.order_by().values_list("holidays_subdivision", flat=True).distinct()
    closed = [(place, day) for place in places for year in years for day in sorted(public_holidays(place, year))]
    return {"subdivisions": [place for place, _ in closed], "holidays": [day for _, day in closed]}
