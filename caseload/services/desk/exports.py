"""Record exports of lists of people, and managers' openings of portfolio lists."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, User
from accompaniment.services import audit
from accompaniment.services.audit import ONE_READING
from caseload.reads.desk.cases import Case


def record_export(*, actor: User, cases: Iterable[Case], covered: Iterable[int], filters: Iterable[str]) -> None:
    """Record that `actor` exported a list of people.

    One row says how many and with which filters, but not what was searched for. Each person whom the actor only covers
    gets a separate row, as for any reading by somebody else than their adviser.
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
    """Record that a manager opened the list of a portfolio, once within the same reading.

    One row is enough: the list says what is to be done and shows no words of a person, so it is no reading of each file
    (docs/security.md).
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
