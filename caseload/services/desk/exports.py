"""Lists of people: what leaves the house as a file, and what a manager opens, is written down."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, User
from accompaniment.services import audit
from accompaniment.services.audit import ONE_READING
from caseload.reads.desk.cases import Case


def record_export(*, actor: User, cases: Iterable[Case], covered: Iterable[int], filters: Iterable[str]) -> None:
    """Write that `actor` took a list of people away as a file.

    One row says how many and by which filters, never what was searched for. Each person whom the actor only covers
    has a row of their own besides, as for any reading by somebody else than their adviser.
    """
    cases, away = list(cases), set(covered)
    now = timezone.now()
    rows = [
        AuditEntry(
            at=now,
            actor=actor,
            action=AuditAction.EXPORT,
            details={"list": "portfolio", "people": len(cases), "filters": sorted(filters)},
        )
    ]
    rows += [
        AuditEntry(
            at=now,
            actor=actor,
            jobseeker_id=case.jobseeker_id,
            action=AuditAction.EXPORT,
            details={"list": "portfolio"},
        )
        for case in cases
        if case.portfolio_id in away
    ]
    with transaction.atomic():
        AuditEntry.objects.bulk_create(rows)


def record_opening(*, actor: User, portfolio: int, people: int, filters: Iterable[str]) -> None:
    """Write that a manager opened the list of a portfolio, once within the same reading.

    One row: the list says what is to be done, and in a person's own words it says nothing, so it is no reading of
    each file (docs/security.md).
    """
    now = timezone.now()
    known = AuditEntry.objects.filter(
        actor=actor, action=AuditAction.READ, jobseeker=None, details__portfolio=portfolio, at__gt=now - ONE_READING
    )
    if known.exists():
        return
    audit.record(
        actor=actor,
        jobseeker=None,
        action=AuditAction.READ,
        list="portfolio",
        portfolio=portfolio,
        people=people,
        filters=sorted(filters),
    )
