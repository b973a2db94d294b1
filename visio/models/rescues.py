"""The rescue of an interview that one side misses: whom it called, and what they answered."""

from django.db import models

from accompaniment.models import User
from accompaniment.models.guards import AppendOnly
from visio.enums import RescueReply, RoomRole
from visio.models.interviews import Interview

SIDES = [(role.value, role.value) for role in RoomRole]


class RescueCall(AppendOnly):
    """One side was called because it was not in the room two minutes after the hour. Once for an interview and side."""

    interview = models.ForeignKey(Interview, models.PROTECT, related_name="rescue_calls")
    side = models.CharField(max_length=9, choices=SIDES)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("interview", "side"), name="rescue_call_once")]

    def __str__(self) -> str:
        return f"{self.interview_id} calls {self.side}"


class RescueAnswer(AppendOnly):
    """What one side answered. Each answer stands; the person's also stands against an absence, on the interview."""

    interview = models.ForeignKey(Interview, models.PROTECT, related_name="rescue_answers")
    side = models.CharField(max_length=9, choices=SIDES)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    reply = models.CharField(max_length=7, choices=RescueReply)
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.interview_id} {self.side} {self.reply}"
