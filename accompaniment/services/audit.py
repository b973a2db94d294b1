"""The one way to leave an audit row."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accompaniment.desk_events import tell_desks
from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, Jobseeker, User

ONE_READING = timedelta(minutes=10)
"""Within which coming back to the same file is the same reading: a page that refreshes itself is read once."""


def record(*, actor: User | None, jobseeker: Jobseeker | None, action: AuditAction, **details: Any) -> AuditEntry:
    """Write that `actor` (None: the system) did `action` in a person's file.

    Called in the transaction of the act itself, so that there is neither an act without a row nor a row
    without an act. `details` are facts that JSON can hold; never the text of a message or a note.
    """
    entry = AuditEntry.objects.create(
        at=timezone.now(), actor=actor, jobseeker=jobseeker, action=action, details=details
    )
    if jobseeker is not None:
        tell_desks(jobseeker, action)
    return entry


def record_each(*, actor: User | None, action: AuditAction, at: datetime, people: str) -> None:
    """Write the same act in many files, by one statement.

    `people` is a query of our own that selects each person's `jobseeker_id` and `details` (jsonb).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details) "  # noqa: S608
            f"SELECT %s, %s, people.jobseeker_id, %s, people.details FROM ({people}) people",
            [at, actor.pk if actor else None, action],
        )


def record_reading(*, actor: User, jobseeker: Jobseeker, part: str = "file") -> AuditEntry | None:
    """Write that `actor` read a part of a person's file, who is not its adviser; None within the same reading.

    This is the one write that a GET may do: a reading has to leave its row, and the row changes nothing that the
    reader or the person can see. The caller decides who is the adviser, which this floor does not know.
    """
    known = AuditEntry.objects.filter(
        jobseeker=jobseeker,
        actor=actor,
        action=AuditAction.READ,
        details__part=part,
        at__gt=timezone.now() - ONE_READING,
    )
    if known.exists():
        return None
    return record(actor=actor, jobseeker=jobseeker, action=AuditAction.READ, part=part)
