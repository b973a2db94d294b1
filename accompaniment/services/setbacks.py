"""Rows on which a periodic job fails. Each waits longer after each failure, and the other rows go on."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings

from accompaniment.models import Setback

logger = logging.getLogger(__name__)


def try_each(*, job: str, due: Iterable[int], act: Callable[[int], bool], now: datetime) -> int:
    """Call `act` for each due row that no earlier failure holds back; return how often it succeeded.

    `act` opens its own transaction. The setback of a row that is no longer due is deleted.
    """
    rows = list(due)
    setbacks = Setback.objects.filter(job=job)
    setbacks.exclude(row__in=rows).delete()
    held = set(setbacks.filter(next_try_at__gt=now).values_list("row", flat=True))
    return sum(try_one(job=job, row=row, act=act, now=now) for row in rows if row not in held)


def try_one(*, job: str, row: int, act: Callable[[int], bool], now: datetime) -> bool:
    """Call `act` for a row and return its result. An exception is stored and logged, and the row waits."""
    try:
        return act(row)
    except Exception as error:
        setback = _keep(job, row, error, now=now)
        logger.exception("%s: row %s failed, try %s; next at %s", job, row, setback.failures, setback.next_try_at)
        return False


def _keep(job: str, row: int, error: Exception, *, now: datetime) -> Setback:
    """Count the failure. Only the class of the error is stored, because its text may contain personal data."""
    setback, _ = Setback.objects.get_or_create(job=job, row=row, defaults={"failures": 0, "next_try_at": now})
    waits = settings.SETBACK_WAITS_MINUTES
    setback.failures += 1
    setback.next_try_at = now + timedelta(minutes=waits[min(setback.failures, len(waits)) - 1])
    setback.error = type(error).__name__[:80]
    setback.save(update_fields=["failures", "next_try_at", "error"])
    return setback
