"""What the caseload floor does by the clock. Each job may run late, twice, or on several machines."""

from celery import shared_task
from django.utils import timezone

from caseload.services import capacities


@shared_task
def apply_capacities() -> int:
    """Put into force the caps whose day has come."""
    return capacities.apply_capacities(now=timezone.now())
