"""Work in the background."""

from celery import shared_task

from visio.services import calendars, holds, planning, reminders, rescue


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


@shared_task
def send_reminders() -> None:
    """Put the reminders that are due into the outbox. Calling it twice or late makes no difference."""
    reminders.send_due()


@shared_task
def call_missing() -> None:
    """Call the side that is missing from an interview which has begun. Calling it twice or late makes no difference."""
    rescue.call_missing()
