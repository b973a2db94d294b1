"""Background work of the app."""

from celery import shared_task
from django.utils import timezone

from messaging.services import attachments, callback_clock, dispatches, planned, reply_clock
from messaging.services.alerts import deliver_alerts
from messaging.services.delivery import deliver_due
from messaging.services.search_words import keep_words
from messaging.services.unread import tell_unread


@shared_task(name="messaging.jobs.deliver_notifications", ignore_result=True)
def deliver_notifications() -> None:
    """Deliver waiting notifications; run every few seconds, with one query a channel if nothing is waiting."""
    deliver_due()
    deliver_alerts()


@shared_task(name="messaging.jobs.send_dispatches", ignore_result=True)
def send_dispatches() -> None:
    """Send the messages to several people that wait. Calling it twice or late is the same."""
    dispatches.send_dispatches()


@shared_task(name="messaging.jobs.send_planned_messages", ignore_result=True)
def send_planned_messages() -> None:
    """Send the messages that waited until an agency opened. Calling it twice or late is the same."""
    planned.send_planned()


@shared_task(name="messaging.jobs.tell_unread_messages", ignore_result=True)
def tell_unread_messages() -> None:
    """Tell people of messages that they have not read for two minutes."""
    tell_unread()


@shared_task(name="messaging.jobs.keep_search_words", ignore_result=True)
def keep_search_words() -> None:
    """Keep the words of messages that can no longer change. Calling it twice or late is the same."""
    keep_words()


@shared_task(name="messaging.jobs.keep_reply_times", ignore_result=True)
def keep_reply_times() -> None:
    """Note which waits for an answer have risen. Calling it twice or late is the same."""
    reply_clock.complete_times()
    reply_clock.note_rises()


@shared_task(name="messaging.jobs.keep_callbacks", ignore_result=True)
def keep_callbacks() -> None:
    """End claims that have lapsed, and write to people who were not reached. Calling it twice or late is the same."""
    callback_clock.lapse_claims()
    callback_clock.tell_unreached()


@shared_task(name="messaging.jobs.scan_attachments", ignore_result=True)
def scan_attachments() -> None:
    """Ask the virus scanner about files that wait for it. Calling it twice or late is the same."""
    attachments.scan_waiting()


@shared_task(name="messaging.jobs.forget_attachments", ignore_result=True)
def forget_attachments() -> None:
    """Remove files that nobody has sent within a day, those of messages that were deleted long ago, and lost ones."""
    attachments.forget_unsent(timezone.now())
    attachments.erase_deleted(timezone.now())
    attachments.forget_lost(timezone.now())
