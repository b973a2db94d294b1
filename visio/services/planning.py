"""Planning mandatory interviews: obligations that have begun, and one invitation to choose a slot for each."""

from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.urls import reverse

from accompaniment.enums import AuditAction, NotificationKind, ObligationState, Track
from accompaniment.services.plans import plan_obligations
from visio.rules import LIVE_STATES
from visio.rules.wording import MONTHS, WEEKDAYS
from visio.services.summaries import refresh_deadlines

INVITE = """
WITH due AS (
    SELECT obligation.id, obligation.jobseeker_id, obligation.due_on, person.first_name, person.email, person.user_id
    FROM accompaniment_obligation obligation
    JOIN accompaniment_jobseeker person ON person.id = obligation.jobseeker_id
    JOIN accompaniment_agency agency ON agency.id = person.agency_id
    JOIN accompaniment_departement departement ON departement.code = agency.departement_id
    JOIN accompaniment_region region ON region.code = departement.region_id
    JOIN accompaniment_accompaniment period
        ON period.jobseeker_id = person.id AND period.ended_at IS NULL AND period.track = %(web)s
    JOIN caseload_placement placement ON placement.jobseeker_id = person.id AND placement.ended_at IS NULL
    WHERE obligation.state = %(due)s
      AND lower(obligation.period) <= coalesce(%(today)s::date, (now() AT TIME ZONE region.timezone)::date)
      AND NOT EXISTS (SELECT FROM visio_slotinvitation known WHERE known.obligation_id = obligation.id)
      AND NOT EXISTS (
          SELECT FROM visio_interview booked
          WHERE booked.obligation_id = obligation.id AND booked.state = ANY(%(live)s)
      )
),
invited AS (
    INSERT INTO visio_slotinvitation (obligation_id, jobseeker_id, invited_at)
    SELECT id, jobseeker_id, now() FROM due ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING obligation_id
),
told AS (
    INSERT INTO accompaniment_notification
        (key, kind, user_id, jobseeker_id, email, context, created_at, next_try_at, attempts, last_error)
    SELECT 'choose-slot:' || due.id, %(kind)s, due.user_id, due.jobseeker_id, due.email,
           jsonb_build_object(
               'first_name', due.first_name,
               'due_on', (%(weekdays)s::text[])[extract(isodow FROM due.due_on)::int] || ' '
                   || CASE WHEN extract(day FROM due.due_on) = 1 THEN '1er'
                           ELSE extract(day FROM due.due_on)::int::text END
                   || ' ' || (%(months)s::text[])[extract(month FROM due.due_on)::int],
               'path', %(path)s::text
           ),
           now(), now(), 0, ''
    FROM due JOIN invited ON invited.obligation_id = due.id
    WHERE due.email IS NOT NULL ORDER BY due.id
    ON CONFLICT DO NOTHING
),
audited AS (
    INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details)
    SELECT now(), NULL, due.jobseeker_id, %(action)s, jsonb_build_object('event', 'invited', 'obligation', due.id)
    FROM due JOIN invited ON invited.obligation_id = due.id
)
SELECT count(*) FROM invited
"""


@dataclass(frozen=True)
class Planned:
    """What one round of planning wrote."""

    obligations: int
    invitations: int


def plan_interviews(*, today: date | None = None) -> Planned:
    """Write the obligations that have begun and invite once for each that has no interview.

    People on the web track who are in a portfolio are invited. The same rows come out whether zero, one or five
    schedulers run, however late: who finds an invitation there leaves it, and only who wrote it tells the person.
    `today` replaces each agency's own day.
    """
    with transaction.atomic():
        obligations = plan_obligations(today=today)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            INVITE,
            {
                "today": today,
                "due": ObligationState.DUE,
                "web": Track.WEB,
                "live": list(LIVE_STATES),
                "kind": NotificationKind.CHOOSE_SLOT,
                "action": AuditAction.OBLIGATION,
                "weekdays": list(WEEKDAYS),
                "months": list(MONTHS),
                "path": reverse("my_interviews"),
            },
        )
        (invitations,) = cursor.fetchone()
    refresh_deadlines()
    return Planned(obligations=obligations, invitations=invitations)
