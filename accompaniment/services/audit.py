"""The one way to leave an audit row."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accompaniment.enums import AuditAction, FilePart, ReaderCapacity
from accompaniment.hooks.desk_events import tell_desks
from accompaniment.hooks.perimeter import reader_capacity
from accompaniment.models import AuditEntry, Jobseeker, User
from accompaniment.models.statements import Statement

ONE_READING = timedelta(minutes=10)
"""The time within which a second reading of a file counts as the same, because a page refreshes itself."""
ONE_LISTING = timedelta(hours=8)
"""The same for lists and panels, which stay open and refresh themselves: one working day."""


def record(*, actor: User | None, jobseeker: Jobseeker | None, action: AuditAction, **details: Any) -> AuditEntry:
    """Record that `actor` (None: the system) did `action` in a person's file.

    Called in the transaction of the act, so that there is never an act without a row or a row without an act. `details`
    are facts for JSON, never the text of a message or note.
    """
    entry = AuditEntry.objects.create(
        at=timezone.now(), actor=actor, jobseeker=jobseeker, action=action, details=details
    )
    if jobseeker is not None:
        tell_desks(jobseeker, action)
    return entry


RECORD = Statement(
    "INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details)"
    " SELECT %(at)s::timestamptz, act.actor, act.jobseeker, %(action)s, act.details::jsonb"
    " FROM unnest(%(actors)s::bigint[], %(people)s::bigint[], %(details)s::text[]) AS act(actor, jobseeker, details)"
)


def record_batch(*, action: AuditAction, acts: Iterable[tuple[int, int, dict[str, Any]]]) -> None:
    """Record the same act by several accounts in several files: account, person and details of each.

    Advisers' pages are not told; see `record`.
    """
    actors, people, details = zip(*acts, strict=True)
    RECORD.send(
        at=timezone.now(),
        action=action.value,
        actors=list(actors),
        people=list(people),
        details=[json.dumps(one) for one in details],
    )


def record_each(*, actor: User | None, action: AuditAction, at: datetime, people: str) -> None:
    """Record the same act in many files with one statement.

    `people` is one of our own queries; it selects each person's `jobseeker_id` and `details` (jsonb).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details) "  # noqa: S608
            f"SELECT %s, %s, people.jobseeker_id, %s, people.details FROM ({people}) people",
            [at, actor.pk if actor else None, action],
        )


def record_reading(
    *, actor: User, jobseeker: Jobseeker, part: str = FilePart.FILE, within: timedelta = ONE_READING
) -> None:
    """Record that `actor` read a part of a person's file, unless it is their own or they are the person's adviser.

    This is the only write that a GET may do. It changes nothing that the reader or the person sees.
    """
    record_readings(actor=actor, people=[jobseeker.pk], part=part, within=within)


def record_readings(*, actor: User, people: Iterable[int], part: str, within: timedelta = ONE_LISTING) -> None:
    """Record a reading of everybody whom a list or panel shows, with two statements in total.

    Each row has the capacity in which the actor read. Within `within` it counts as the same reading.
    """
    pks = set(people)
    if not pks:
        return
    now = timezone.now()
    known = AuditEntry.objects.filter(
        jobseeker=OuterRef("pk"), actor=actor, action=AuditAction.READ, details__part=part, at__gt=now - within
    )
    found = (
        Jobseeker.objects.filter(~Exists(known), pk__in=pks)
        .exclude(user=actor)
        .annotate(capacity=reader_capacity(actor))
        .order_by("pk")
        .values_list("pk", "capacity")
    )
    rows = [
        AuditEntry(
            at=now,
            actor=actor,
            jobseeker_id=pk,
            action=AuditAction.READ,
            details={"part": part, "capacity": capacity},
        )
        for pk, capacity in found
        if capacity != ReaderCapacity.ADVISER
    ]
    # For no rows out of a generator, `bulk_create` would begin and end a transaction.
    AuditEntry.objects.bulk_create(rows)
