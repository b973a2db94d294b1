"""What the portfolio's list shows of interviews and obligations."""

from django.db import connection, transaction

from accompaniment.enums import ObligationState
from accompaniment.models import Obligation
from caseload.services.summaries import write_summary
from visio.models import Interview

REFRESH_DUE = """
WITH due AS (
    SELECT jobseeker_id, min(due_on) AS due_on FROM accompaniment_obligation WHERE state = %(due)s GROUP BY 1
),
changed AS (
    SELECT coalesce(due.jobseeker_id, summary.jobseeker_id) AS jobseeker_id, due.due_on
    FROM due FULL JOIN caseload_casesummary summary ON summary.jobseeker_id = due.jobseeker_id
    WHERE summary.obligation_due_on IS DISTINCT FROM due.due_on
)
INSERT INTO caseload_casesummary (jobseeker_id, last_contact_channel, next_interview_channel, obligation_due_on)
SELECT jobseeker_id, '', '', due_on FROM changed ORDER BY jobseeker_id
ON CONFLICT (jobseeker_id) DO UPDATE SET obligation_due_on = excluded.obligation_due_on
"""


def refresh_summary(jobseeker_id: int) -> None:
    """Write the next interview and the nearest deadline of one person, in the transaction of the act itself."""
    coming = Interview.objects.live().filter(jobseeker=jobseeker_id).order_by("starts_at", "pk").first()
    nearest = Obligation.objects.due().filter(jobseeker=jobseeker_id).order_by("due_on", "pk").first()
    write_summary(
        jobseeker_id=jobseeker_id,
        next_interview_at=coming.starts_at if coming else None,
        next_interview_channel=coming.channel if coming else "",
        obligation_due_on=nearest.due_on if nearest else None,
    )


def refresh_deadlines() -> None:
    """Write the nearest deadline of everybody for whom it differs from what the list shows: one statement."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(REFRESH_DUE, {"due": ObligationState.DUE})
