"""The outside calendar of an adviser: only when it is busy, never what it says."""

from datetime import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q, QuerySet

from accompaniment.models.expressions import TsTzRange
from caseload.models import Adviser

ADDRESS_LENGTH = 2000


class OutsideCalendarQuerySet(QuerySet["OutsideCalendar"]):
    def to_read(self, before: datetime) -> Self:
        """Keep the calendars that were not tried since `before`, the oldest try first."""
        return self.filter(Q(tried_at=None) | Q(tried_at__lte=before)).order_by(
            F("tried_at").asc(nulls_first=True), "pk"
        )


class OutsideCalendar(models.Model):
    """The iCalendar address of an adviser. Whoever knows the address can read the calendar, so no page shows it."""

    adviser = models.OneToOneField(Adviser, models.CASCADE, related_name="outside_calendar")
    address = models.CharField("adresse", max_length=ADDRESS_LENGTH)
    set_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True, help_text="when a worker last tried to read it")
    read_at = models.DateTimeField(null=True, help_text="when it was last read; its busy times are of that moment")
    failure = models.CharField(max_length=200, blank=True, help_text="why the last try failed; empty if it did not")

    objects = OutsideCalendarQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(address__startswith="https://"), name="outside_calendar_over_https"),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(tried_at__isnull=False, tried_at__gte=F("read_at")),
                name="outside_calendar_read_when_tried",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.adviser_id} {self.read_at}"


class OutsideBusy(models.Model):
    """A time in which an outside calendar is busy. Those of one calendar never overlap."""

    calendar = models.ForeignKey(OutsideCalendar, models.CASCADE, related_name="busy")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at", "pk")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="outside_busy_in_order"),
            ExclusionConstraint(
                name="outside_busy_apart",
                expressions=[
                    ("calendar", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.starts_at}–{self.ends_at}"
