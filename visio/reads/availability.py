"""The slots that an adviser offers, from working hours, absences and interviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from accompaniment.models import Jobseeker, Obligation
from accompaniment.rules.public_holidays import is_public_holiday
from caseload.models import Adviser
from caseload.reads.moves.who_answers import days_away
from visio.models import Interview
from visio.reads.hours import hours_of
from visio.rules.slots import Busy, horizon, is_free, offered_slots


@dataclass(frozen=True)
class SlotDay:
    """One day of the picker with its free slots (UTC), in order, each with its channels."""

    day: date
    slots: Mapping[datetime, frozenset[str]]


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
) -> dict[datetime, frozenset[str]]:
    """Return the starts (UTC) in the adviser's hours, booked or not, in order, each with its channels.

    `jobseeker` None: for anybody. `absences`: the adviser's, if they were read already.
    """
    away = days_away(adviser) if absences is None else absences
    subdivision = adviser.agency.departement.holidays_subdivision

    def is_closed(day: date) -> bool:
        return is_public_holiday(day, subdivision) or any(start <= day <= end for start, end in away)

    hours = hours_of(adviser)
    zone = adviser.agency.zone
    return dict(offered_slots(now=now, last_day=last_day, hours=hours, zone=zone, is_closed=is_closed))


def free_slots(
    *,
    adviser: Adviser,
    jobseeker: Jobseeker,
    now: datetime,
    last_day: date,
    moving: Interview | None = None,
    absences: Sequence[tuple[date, date]] | None = None,
) -> dict[datetime, frozenset[str]]:
    """Return the starts (UTC) that are free for both people, in order, each with its channels.

    The slot of the interview `moving` is one of them. `absences`: the adviser's, if they were read already.
    """
    booked = Interview.objects.live().filter(Q(adviser=adviser) | Q(jobseeker=jobseeker), occupies_until__gt=now)
    if moving is not None:
        booked = booked.exclude(pk=moving.pk)
    busy = [Busy(starts_at=start, ends_at=end) for start, end in booked.values_list("starts_at", "occupies_until")]
    offered = slots_by_hours(adviser=adviser, jobseeker=jobseeker, now=now, last_day=last_day, absences=absences)
    return {starts: channels for starts, channels in offered.items() if is_free(starts, busy)}


def next_free_slot(*, adviser: Adviser, now: datetime) -> datetime | None:
    """Return the first start (UTC) within a fortnight at which the adviser can be booked by anybody."""
    booked = Interview.objects.live().filter(adviser=adviser, occupies_until__gt=now)
    busy = [Busy(starts_at=start, ends_at=end) for start, end in booked.values_list("starts_at", "occupies_until")]
    last_day = last_day_offered(adviser=adviser, obligation=None, now=now)
    offered = slots_by_hours(adviser=adviser, jobseeker=None, now=now, last_day=last_day)
    return next((starts for starts in offered if is_free(starts, busy)), None)


def by_day(slots: Mapping[datetime, frozenset[str]], zone: ZoneInfo) -> list[SlotDay]:
    """Group slots by their day in a zone, in order."""
    days: dict[date, dict[datetime, frozenset[str]]] = {}
    for starts, channels in slots.items():
        days.setdefault(starts.astimezone(zone).date(), {})[starts] = channels
    return [SlotDay(day=day, slots=its) for day, its in days.items()]


def offering(slots: Mapping[datetime, frozenset[str]], channel: str) -> dict[datetime, frozenset[str]]:
    """Return the slots that can be had by this channel, in order."""
    return {starts: channels for starts, channels in slots.items() if channel in channels}
