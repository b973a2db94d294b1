"""The interviews and deadlines on the portfolio list."""

from django.db import connection, transaction

from accompaniment.enums import ObligationState
from accompaniment.models import Obligation
from caseload.services.desk.summaries import write_summary
from visio.models import Interview, to_place
from visio.rules import LIVE_STATES

REFRESH_DUE = """
WITH due AS (
    SELECT obligation.jobseeker_id, min(obligation.due_on) AS due_on,
           min(obligation.due_on) FILTER (WHERE NOT EXISTS (
               SELECT FROM visio_interview booked
               WHERE booked.obligation_id = obligation.id AND booked.state = ANY(%(live)s)
           )) AS to_place_by
    FROM accompaniment_obligation obligation WHERE obligation.state = %(due)s GROUP BY 1
),
changed AS (
    SELECT coalesce(due.jobseeker_id, summary.jobseeker_id) AS jobseeker_id, due.due_on, due.to_place_by
    FROM due FULL JOIN caseload_casesummary summary ON summary.jobseeker_id = due.jobseeker_id
    WHERE (summary.obligation_due_on, summary.to_place_by) IS DISTINCT FROM (due.due_on, due.to_place_by)
)
INSERT INTO caseload_casesummary
    (jobseeker_id, last_contact_channel, next_interview_channel, obligation_due_on, to_place_by)
SELECT jobseeker_id, '', '', due_on, to_place_by FROM changed ORDER BY jobseeker_id
ON CONFLICT (jobseeker_id) DO UPDATE
SET obligation_due_on = excluded.obligation_due_on, to_place_by = excluded.to_place_by
"""


def refresh_summary(jobseeker_id: int) -> None:
    """Write one person's next interview and nearest deadlines, in the transaction of the act."""
    coming = Interview.objects.live().filter(jobseeker=jobseeker_id).order_by("starts_at", "pk").first()
    due = Obligation.objects.due().filter(jobseeker=jobseeker_id)
    nearest = due.order_by("due_on", "pk").first()
    unplaced = to_place(due).first()
    write_summary(
        jobseeker_id=jobseeker_id,
        next_interview_at=coming.starts_at if coming else None,
        next_interview_channel=coming.channel if coming else "",
        obligation_due_on=nearest.due_on if nearest else None,
        to_place_by=unplaced.due_on if unplaced else None,
    )


def refresh_deadlines() -> None:
    """Update the nearest deadlines of everybody for whom the list is out of date, with one statement."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REFRESH_DUE, {"due": ObligationState.DUE, "live": list(LIVE_STATES)})
