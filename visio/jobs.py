"""Work in the background."""

from celery import shared_task

from visio.services import calendars, holds, planning


@shared_task
def plan_interviews() -> None:
    """Plan what is due, and end the holds that nobody confirmed.

    Beat calls it every minute; calling it twice or late makes no difference.
    """
    planning.plan_interviews()
    holds.end_overdue_holds()


@shared_task(soft_time_limit=300)
def read_calendars() -> None:
    """Read the outside calendars whose turn it is. Two at once read one twice, and keep the same busy times."""
    calendars.read_calendars()
