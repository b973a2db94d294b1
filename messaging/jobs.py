"""Background work of the app."""

from celery import shared_task

from messaging.services.delivery import deliver_due


@shared_task(name="messaging.jobs.deliver_notifications", ignore_result=True)
def deliver_notifications() -> None:
    """Deliver waiting notifications; run every few seconds, with one query if nothing is waiting."""
    deliver_due()
