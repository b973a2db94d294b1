"""The only way to write a person's summary for the portfolio list."""

from typing import Any

from caseload.models import CaseSummary


def write_summary(*, jobseeker_id: int, **fields: Any) -> None:
    """Set fields of a person's `CaseSummary`, and create it if there is none.

    Runs in the transaction of the act itself.
    """
    CaseSummary.objects.update_or_create(jobseeker_id=jobseeker_id, defaults=fields)
