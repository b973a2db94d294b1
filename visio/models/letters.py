"""What is told of an interview outside the pages: reminders, each once, and feeds for calendars."""

from django.db import models

from accompaniment.models import User
from accompaniment.models.guards import AppendOnly
from visio.enums import ReminderMoment
from visio.models.interviews import Interview


class InterviewReminder(AppendOnly):
    """A reminder that was put into the outbox: once for an interview, its hour and a moment."""

    interview = models.ForeignKey(Interview, models.PROTECT, related_name="reminders")
    starts_at = models.DateTimeField()
    moment = models.CharField(max_length=4, choices=ReminderMoment)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("interview", "starts_at", "moment"), name="interview_reminder_once"),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id} {self.starts_at:%Y-%m-%d %H:%M} {self.moment}"


class CalendarFeed(models.Model):
    """The address at which a calendar of one account reads its interviews. Whoever knows it reads them.

    Only a digest of the secret in the address is stored, so the page shows the address once.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="calendar_feed")
    digest = models.CharField(max_length=64, unique=True)
    tells_subject = models.BooleanField("dit de quoi il s'agit", default=False)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"feed of {self.user_id}"
