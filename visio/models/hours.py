"""When an adviser can be booked."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from caseload.models import Adviser
from visio.rules.slots import LONGEST_BUFFER, LONGEST_HORIZON, MOST_URGENT, ORDER, SHORTEST_HORIZON
from visio.rules.states import BUFFER_MINUTES


def every_channel() -> list[str]:
    """Return the channels of a stretch for which nobody has said anything."""
    return list(ORDER)


class SecondOfDay(Func):
    """The seconds of a wall-clock time since midnight."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::integer"
    output_field = models.IntegerField()


class IntRange(Func):
    """`int4range(start, end)`; an end that is null is open."""

    function = "INT4RANGE"
    output_field = IntegerRangeField()


def _clock() -> IntRange:
    return IntRange(SecondOfDay("starts_at"), SecondOfDay("ends_at"))


class WorkingHours(models.Model):
    """A stretch of a weekday in which an adviser can be booked, as wall-clock times in the agency's zone.

    `channels` are those by which the adviser can be met then. Stretches of one weekday never overlap.
    """

    adviser = models.ForeignKey(Adviser, models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField("jour", help_text="0 = lundi … 6 = dimanche")
    starts_at = models.TimeField("début")
    ends_at = models.TimeField("fin")
    channels = ArrayField(models.CharField(max_length=8), default=every_channel)

    class Meta:
        ordering = ("adviser", "weekday", "starts_at")
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="working_hours_weekday"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="working_hours_in_order"),
            models.CheckConstraint(
                condition=Q(channels__contained_by=every_channel()) & Q(channels__len__gte=1),
                name="working_hours_channels",
            ),
            ExclusionConstraint(
                name="working_hours_apart",
                expressions=[
                    ("adviser", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (_clock(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.adviser_id} {self.weekday} {self.starts_at}–{self.ends_at}"


class BookingSettings(models.Model):
    """How an adviser can be booked, if not as everybody."""

    adviser = models.OneToOneField(Adviser, models.CASCADE, related_name="booking_settings")
    horizon_days = models.PositiveSmallIntegerField(default=SHORTEST_HORIZON.days)
    buffer_minutes = models.PositiveSmallIntegerField(default=BUFFER_MINUTES)
    urgent_percent = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(horizon_days__gte=SHORTEST_HORIZON.days, horizon_days__lte=LONGEST_HORIZON.days),
                name="booking_settings_horizon",
            ),
            models.CheckConstraint(
                condition=Q(buffer_minutes__lte=LONGEST_BUFFER.seconds // 60), name="booking_settings_buffer"
            ),
            models.CheckConstraint(condition=Q(urgent_percent__lte=MOST_URGENT), name="booking_settings_urgent"),
        ]

    def __str__(self) -> str:
        return f"{self.adviser_id} {self.horizon_days} {self.buffer_minutes} {self.urgent_percent}"


class DayHours(models.Model):
    """A stretch of one day, which counts instead of the weekday's hours. Without times, the whole day is closed.

    Stretches of one day never overlap, and a closed day has no other row.
    """

    adviser = models.ForeignKey(Adviser, models.CASCADE, related_name="day_hours")
    day = models.DateField("jour")
    starts_at = models.TimeField("début", null=True)
    ends_at = models.TimeField("fin", null=True)
    channels = ArrayField(models.CharField(max_length=8), default=list)

    class Meta:
        ordering = ("adviser", "day", "starts_at")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at=None, ends_at=None, channels=[])
                | Q(starts_at__isnull=False, ends_at__isnull=False, ends_at__gt=F("starts_at"), channels__len__gte=1),
                name="day_hours_open_or_closed",
            ),
            models.CheckConstraint(
                condition=Q(channels__contained_by=every_channel()),
                name="day_hours_channels",
            ),
            ExclusionConstraint(
                name="day_hours_apart",
                expressions=[
                    ("adviser", RangeOperators.EQUAL),
                    ("day", RangeOperators.EQUAL),
                    (_clock(), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.adviser_id} {self.day} {self.starts_at}–{self.ends_at}"
