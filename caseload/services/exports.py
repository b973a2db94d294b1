"""What leaves the house as a file is written down."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, User
from caseload.cases import Case


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
