"""The slots that an adviser offers, from working hours, absences and interviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from accompaniment.models import Jobseeker, Obligation
from accompaniment.rules.public_holidays import is_public_holiday
from caseload.models import Adviser
from caseload.reads.moves.who_answers import days_away
from visio.models import Interview
from visio.rules.slots import Busy, WorkingStretch, horizon, is_free, offered_slots


@dataclass(frozen=True)
class SlotDay:
    """One day of the picker with its free slots (UTC), in order."""

    day: date
    slots: tuple[datetime, ...]


def last_day_offered(*, adviser: Adviser, obligation: Obligation | None, now: datetime) -> date:
    """Return the last day that the picker shows, in the agency's zone."""
    today = now.astimezone(adviser.agency.zone).date()
    return horizon(today=today, due_on=obligation.due_on if obligation else None)


def slots_by_hours(
    *,
    adviser: Adviser,
    jobseeker: Jobseeker | None,
    now: datetime,
    last_day: date,
    absences: Sequence[tuple[date, date]] | None = None,
) -> list[datetime]:
    """Return the starts (UTC) in the adviser's working hours, booked or not. `jobseeker` None: for anybody.

    `absences`: the adviser's, if they were read already.
    """
    stretches = [
        WorkingStretch(weekday=hours.weekday, starts_at=hours.starts_at, ends_at=hours.ends_at)
        for hours in adviser.working_hours.all()
    ]
    away = days_away(adviser) if absences is None else absences
    subdivision = adviser.agency.departement.holidays_subdivision

    def is_closed(day: date) -> bool:
        return is_public_holiday(day, subdivision) or any(start <= day <= end for start, end in away)

    return list(
        offered_slots(now=now, last_day=last_day, stretches=stretches, zone=adviser.agency.zone, is_closed=is_closed)
    )


def free_slots(
    *,
    adviser: Adviser,
    jobseeker: Jobseeker,
    now: datetime,
    last_day: date,
    moving: Interview | None = None,
    absences: Sequence[tuple[date, date]] | None = None,
) -> list[datetime]:
    """Return the starts (UTC) that are free for both people; the slot of the interview `moving` is one of them.

    `absences`: the adviser's, if they were read already.
    """
    booked = Interview.objects.live().filter(Q(adviser=adviser) | Q(jobseeker=jobseeker), occupies_until__gt=now)
    if moving is not None:
        booked = booked.exclude(pk=moving.pk)
    busy = [Busy(starts_at=start, ends_at=end) for start, end in booked.values_list("starts_at", "occupies_until")]
    offered = slots_by_hours(adviser=adviser, jobseeker=jobseeker, now=now, last_day=last_day, absences=absences)
    return [starts for starts in offered if is_free(starts, busy)]


def next_free_slot(*, adviser: Adviser, now: datetime) -> datetime | None:
    """Return the first start (UTC) within a fortnight at which the adviser can be booked by anybody."""
    booked = Interview.objects.live().filter(adviser=adviser, occupies_until__gt=now)
    busy = [Busy(starts_at=start, ends_at=end) for start, end in booked.values_list("starts_at", "occupies_until")]
    last_day = last_day_offered(adviser=adviser, obligation=None, now=now)
    offered = slots_by_hours(adviser=adviser, jobseeker=None, now=now, last_day=last_day)
    return next((starts for starts in offered if is_free(starts, busy)), None)


def by_day(slots: list[datetime], zone: ZoneInfo) -> list[SlotDay]:
    """Group slots by their day in a zone, in order."""
    days: dict[date, list[datetime]] = {}
    for starts in slots:
        days.setdefault(starts.astimezone(zone).date(), []).append(starts)
    return [SlotDay(day=day, slots=tuple(starts)) for day, starts in days.items()]
