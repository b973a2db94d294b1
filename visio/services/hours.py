"""Working hours of advisers."""

from collections.abc import Sequence
from datetime import time

from caseload.models import Adviser
from visio.models import WorkingHours

USUAL_DAYS = range(5)
USUAL_STRETCHES = ((time(9), time(12)), (time(13), time(17)))


def give_usual_hours(advisers: Sequence[Adviser]) -> None:
    """Give new advisers the working hours Monday to Friday, 9 to 12 and 13 to 17. Existing hours are kept."""
    settled = set(WorkingHours.objects.filter(adviser__in=advisers).values_list("adviser", flat=True))
    WorkingHours.objects.bulk_create(
        [
            WorkingHours(adviser=adviser, weekday=weekday, starts_at=starts_at, ends_at=ends_at)
            for adviser in advisers
            if adviser.pk not in settled
            for weekday in USUAL_DAYS
            for starts_at, ends_at in USUAL_STRETCHES
        ]
    )
