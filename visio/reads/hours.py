"""The hours of advisers, as the rules of slots read them."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, DateField, F, IntegerField, TimeField, Value
from django.db.models.functions import Cast

from accompaniment.rules.meanwhile import Shown
from caseload.models import Adviser
from visio.models import BookingSettings, DayHours, WorkingHours
from visio.rules.slots import BookingRules, Hours, Stretch


def hours_of(adviser: Adviser) -> Hours:
    """Return the hours of an adviser; one statement."""
    return hours_of_each([adviser.pk])[adviser.pk]


def hours_of_each(advisers: Collection[int]) -> dict[int, Hours]:
    """Return the hours of each of these advisers; one statement."""
    weekly: dict[int, dict[int, list[Stretch]]] = {pk: defaultdict(list) for pk in advisers}
    dated: dict[int, dict[date, list[Stretch]]] = {pk: defaultdict(list) for pk in advisers}
    facts = ("adviser", "starts_at", "ends_at", "channels")
    of_week = WorkingHours.objects.filter(adviser__in=advisers).order_by()
    of_days = DayHours.objects.filter(adviser__in=advisers).order_by()
    none, no_day, no_hour = (Cast(Value(None), field) for field in (IntegerField(), DateField(), TimeField()))
    numbers = ("horizon_days", "buffer_minutes", "urgent_percent")
    no_channel = Cast(Value([]), ArrayField(CharField(max_length=8)))
    rows = of_week.values_list(*facts, F("weekday"), no_day, none, none, none).union(
        of_days.values_list(*facts, none, F("day"), none, none, none),
        BookingSettings.objects.filter(adviser__in=advisers).values_list(
            "adviser", no_hour, no_hour, no_channel, none, no_day, *numbers
        ),
        all=True,
    )
    rules: dict[int, BookingRules] = {}
    for adviser, starts_at, ends_at, channels, weekday, day, horizon, buffer, urgent in rows:
        if horizon is not None:
            rules[adviser] = BookingRules(horizon_days=horizon, buffer_minutes=buffer, urgent_percent=urgent)
            continue
        its = weekly[adviser][weekday] if day is None else dated[adviser][day]
        if starts_at is not None:
            its.append(Stretch(starts_at=starts_at, ends_at=ends_at, channels=frozenset(channels)))
    return {
        pk: Hours(
            rules=rules.get(pk, BookingRules()),
            weekly={weekday: tuple(its) for weekday, its in weekly[pk].items()},
            dated={day: tuple(its) for day, its in dated[pk].items()},
        )
        for pk in advisers
    }


def shown_hours(adviser: Adviser, day: date, hours: Hours) -> Shown:
    """Return what the page of a day shows: its weekday's hours, and those of the day itself if it has some."""
    state = {"weekly": _in_one(hours.weekly.get(day.weekday(), ()))}
    if day in hours.dated:
        state["dated"] = _in_one(hours.dated[day])
    return Shown(kind="hours", row=f"{adviser.pk}:{day}", state=state)


def shown_settings(adviser: Adviser, rules: BookingRules) -> Shown:
    """Return what the page of these settings shows."""
    state = {name: str(getattr(rules, name)) for name in ("horizon_days", "buffer_minutes", "urgent_percent")}
    return Shown(kind="booking_settings", row=adviser.pk, state=state)


def _in_one(stretches: Iterable[Stretch]) -> str:
    ordered = sorted(stretches, key=lambda one: one.starts_at)
    return ";".join(f"{one.starts_at}-{one.ends_at} {','.join(sorted(one.channels))}" for one in ordered)
