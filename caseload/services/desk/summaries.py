"""The one way to write what the portfolio list shows of a person."""

from typing import Any

from caseload.models import CaseSummary


def write_summary(*, jobseeker_id: int, **fields: Any) -> None:
    """Set fields of a person's `CaseSummary`, made if there is none. Runs in the transaction of the act itself."""
    CaseSummary.objects.update_or_create(jobseeker_id=jobseeker_id, defaults=fields)
