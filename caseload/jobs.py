"""Periodic jobs of the caseload floor. Each may run late, twice, or on several machines."""

from celery import shared_task
from django.utils import timezone

from caseload.services.moves import carrying_out as moves
from caseload.services.registration import lapses
from caseload.services.steering import capacities, imports


@shared_task
def apply_capacities() -> int:
    """Put into force the caps whose day has come."""
    return capacities.apply_capacities(now=timezone.now())


@shared_task
def carry_out_transfers() -> int:
    """Carry out the planned transfers whose day has come in the agency that the people leave."""
    return moves.carry_out_due(now=timezone.now())


@shared_task
def lapse_enrolments() -> int:
    """Close the enrolments that nobody decided in time."""
    return lapses.lapse_due(now=timezone.now())


@shared_task
def load_files() -> int:
    """Load the files that managers have handed in."""
    return imports.load_waiting_files()


@shared_task
def forget_rejected_rows() -> int:
    """Delete the content of rejected rows after the time to correct them."""
    return imports.forget_rejected_rows(now=timezone.now())
