"""Reminds people of their interviews: what is due and not yet done, never what is due today."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from visio.enums import InterviewState
from visio.models import Interview, InterviewQuerySet, InterviewReminder
from visio.rules.reminders import LONGEST_CLOCK_CHANGE, REMINDERS, Reminder, reminder_due
from visio.services import notices

AT_ONCE = 500
"""The most reminders in one round, so that a long backlog leaves room for other jobs. The nearest hours come first."""


def send_due() -> int:
    """Put each due reminder into the outbox; return how many. Two workers at once send no reminder twice.

    No lock is taken. If an interview is cancelled or moved meanwhile, delivery discards its reminder.
    """
    sent, after = 0, timedelta()
    for reminder in reversed(REMINDERS):
        for interview in _perhaps_due(reminder, after=after).iterator():
            sent += _send(interview, reminder)
            if sent >= AT_ONCE:
                return sent
        after = reminder.before - LONGEST_CLOCK_CHANGE
    return sent


def _perhaps_due(reminder: Reminder, *, after: timedelta) -> InterviewQuerySet:
    """Return booked interviews without this reminder whose moment has come by any clock, the nearest first.

    They are more than `after` away: for nearer ones a later reminder is due.
    """
    now = timezone.now()
    sent = InterviewReminder.objects.filter(
        interview=OuterRef("pk"), starts_at=OuterRef("starts_at"), moment=reminder.moment
    )
    found: InterviewQuerySet = (
        Interview.objects.filter(
            ~Exists(sent),
            state=InterviewState.BOOKED,
            starts_at__gt=now + after,
            starts_at__lte=now + reminder.before + LONGEST_CLOCK_CHANGE,
            booked_at__lt=F("starts_at") - (reminder.before - LONGEST_CLOCK_CHANGE),
        )
        .with_people()
        .order_by("starts_at", "pk")
    )
    return found


def _send(interview: Interview, reminder: Reminder) -> bool:
    """Send one reminder, if it is really due; return whether this call did."""
    now = timezone.now()
    due = reminder_due(
        starts_at=interview.starts_at, booked_at=interview.booked_at, zone=interview.jobseeker.agency.zone, now=now
    )
    if due != reminder:
        return False
    with transaction.atomic():
        _, is_new = InterviewReminder.objects.get_or_create(
            interview=interview, starts_at=interview.starts_at, moment=reminder.moment, defaults={"at": now}
        )
        if is_new:
            notices.send_reminder(interview, reminder)
        return is_new
