"""When an adviser can be booked."""

from django.db import models
from django.db.models import F, Q

from caseload.models import Adviser


class WorkingHours(models.Model):
    """A stretch of a weekday in which an adviser can be booked, as wall-clock times in the agency's zone."""

    adviser = models.ForeignKey(Adviser, models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField("jour", help_text="0 = lundi … 6 = dimanche")
    starts_at = models.TimeField("début")
    ends_at = models.TimeField("fin")

    class Meta:
        ordering = ("adviser", "weekday", "starts_at")
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="working_hours_weekday"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="working_hours_in_order"),
            models.UniqueConstraint(fields=("adviser", "weekday", "starts_at"), name="working_hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.adviser_id} {self.weekday} {self.starts_at}–{self.ends_at}"
