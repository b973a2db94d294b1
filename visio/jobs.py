"""Work in the background."""

from celery import shared_task

from visio.services import planning


@shared_task
def plan_interviews() -> None:
    """Plan what is due; beat asks every minute, and asking again or late changes nothing."""
    planning.plan_interviews()
