"""Work in the background."""

from celery import shared_task

from visio.services import planning


@shared_task
def plan_interviews() -> None:
    """Plan what is due. Beat calls it every minute; calling it twice or late makes no difference."""
    planning.plan_interviews()
