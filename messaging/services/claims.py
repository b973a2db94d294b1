"""How a worker takes what waits: letters and messages many at a time, alerts one by one.

A claim is a transaction of its own: it puts aside what nobody needs, counts a try of the rest and moves their next try
on. If the worker dies, they are tried again by themselves. Several workers may run: a claimed row is not due, and rows
that are being claimed are skipped.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.db.models import F

from accompaniment.models import Notification
from messaging.models import Alert, DispatchRecipient, PlannedMessage
from messaging.services.channels import wait_before_next

Row = TypeVar("Row", Notification, Alert, DispatchRecipient, PlannedMessage)


def claimed(
    take: Callable[[], Sequence[Row]], put_aside: Callable[[Sequence[Row]], Collection[Row]], *, now: datetime
) -> list[Row]:
    """Return rows that this worker has claimed; nothing if none waits for it.

    `take` locks rows that are due. `put_aside` returns those of them that it has given up, or that wait longer.
    """
    while True:
        with transaction.atomic():
            taken = take()
            if not taken:
                return []
            aside = put_aside(taken)
            rows = [row for row in taken if row not in aside]
            for row in rows:
                row.attempts += 1
                row.next_try_at = now + wait_before_next(row.attempts)
            for attempts in {row.attempts for row in rows}:
                _write([row for row in rows if row.attempts == attempts])
        if rows:
            return rows


def give_back(rows: Sequence[Row], *, now: datetime) -> None:
    """Let claimed rows that were not tried wait as they did before."""
    for row in rows:
        kind = type(row)
        own = kind.objects.filter(pk=row.pk, attempts=row.attempts, next_try_at=row.next_try_at, sent_at=None)
        own.filter(given_up_at=None).update(attempts=F("attempts") - 1, next_try_at=now)


def _write(rows: Sequence[Row]) -> None:
    """Write rows that have the same number of tries."""
    first = rows[0]
    type(first).objects.filter(pk__in=[row.pk for row in rows]).update(
        attempts=first.attempts, next_try_at=first.next_try_at
    )
