"""The slots that an adviser offers, from working hours, absences and interviews."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from accompaniment.models import Jobseeker, Obligation
from accompaniment.rules.public_holidays import is_public_holiday
from caseload.models import Adviser
from caseload.reads.moves.who_answers import days_away
from visio.enums import InterviewState
from visio.models import Interview, InterviewQuerySet, OutsideBusy
from visio.reads.hours import hours_of
from visio.rules.slots import Busy, Hours, horizon, is_free, offered_slots, without_kept


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
    now: datetime,
    last_day: date,
    hours: Hours | None = None,
    urgent: bool = False,
    absences: Sequence[tuple[date, date]] | None = None,
) -> dict[datetime, frozenset[str]]:
    """Return the starts (UTC) in the adviser's hours, booked or not, in order, each with its channels.

    They reach to `last_day`, or to the adviser's own horizon if that is later. `urgent`: with those that are kept for
    what cannot wait. `hours` and `absences`: the adviser's, if they were read already.
    """
    away = days_away(adviser) if absences is None else absences
    own = hours_of(adviser) if hours is None else hours
    zone = adviser.agency.zone
    horizon_day = now.astimezone(zone).date() + timedelta(days=own.rules.horizon_days)
    found = dict(
        offered_slots(
            now=now,
            last_day=max(last_day, horizon_day),
            hours=own,
            zone=zone,
            is_closed=lambda day: is_closed(adviser, day, away=away),
        )
    )
    return found if urgent else without_kept(found, percent=own.rules.urgent_percent, now=now, zone=zone)


def is_closed(adviser: Adviser, day: date, *, away: Sequence[tuple[date, date]] | None = None) -> bool:
    """Return whether nobody is received on a day: a public holiday, or an absence of the adviser (`away` if read)."""
    if is_public_holiday(day, adviser.agency.departement.holidays_subdivision):
        return True
    return any(start <= day <= end for start, end in (days_away(adviser) if away is None else away))


def free_slots(
    *,
    adviser: Adviser,
    jobseeker: Jobseeker,
    now: datetime,
    last_day: date,
    moving: Interview | None = None,
    urgent: bool = False,
    absences: Sequence[tuple[date, date]] | None = None,
) -> dict[datetime, frozenset[str]]:
    """Return the starts (UTC) that are free for both people, in order, each with its channels.

    The slot of the interview `moving` is one of them, and so is the one that the person holds. `absences`: the
    adviser's, if they were read already.
    """
    both = Q(adviser=adviser) | Q(jobseeker=jobseeker)
    booked = Interview.slots.taking(now).filter(both, occupies_until__gt=now)
    booked = booked.exclude(jobseeker=jobseeker, state=InterviewState.ON_HOLD)
    if moving is not None:
        booked = booked.exclude(pk=moving.pk)
    busy = _busy(booked, adviser=adviser, now=now)
    hours = hours_of(adviser)
    offered = slots_by_hours(adviser=adviser, now=now, last_day=last_day, hours=hours, urgent=urgent, absences=absences)
    occupied = hours.rules.occupied
    return {starts: channels for starts, channels in offered.items() if is_free(starts, busy, occupied=occupied)}


def next_free_slot(*, adviser: Adviser, now: datetime) -> datetime | None:
    """Return the first start (UTC) within a fortnight at which the adviser can be booked by anybody."""
    booked = Interview.slots.taking(now).filter(adviser=adviser, occupies_until__gt=now)
    busy = _busy(booked, adviser=adviser, now=now)
    last_day = last_day_offered(adviser=adviser, obligation=None, now=now)
    offered = slots_by_hours(adviser=adviser, now=now, last_day=last_day)
    return next((starts for starts in offered if is_free(starts, busy)), None)


def _busy(booked: InterviewQuerySet, *, adviser: Adviser, now: datetime) -> list[Busy]:
    """Return these interviews and the busy times of the adviser's outside calendar; one statement."""
    outside = OutsideBusy.objects.filter(calendar__adviser=adviser, ends_at__gt=now).order_by()
    rows = booked.order_by().values_list("starts_at", "occupies_until")
    rows = rows.union(outside.values_list("starts_at", "ends_at"), all=True)
    return [Busy(starts_at=start, ends_at=end) for start, end in rows]


def busy_outside(adviser: Adviser, starts_at: datetime, *, occupied: timedelta) -> bool:
    """Return whether the adviser's outside calendar is busy during an interview at that hour."""
    return OutsideBusy.objects.filter(
        calendar__adviser=adviser, starts_at__lt=starts_at + occupied, ends_at__gt=starts_at
    ).exists()


def by_day(slots: Mapping[datetime, frozenset[str]], zone: ZoneInfo) -> list[SlotDay]:
    """Group slots by their day in a zone, in order."""
    days: dict[date, dict[datetime, frozenset[str]]] = {}
    for starts, channels in slots.items():
        days.setdefault(starts.astimezone(zone).date(), {})[starts] = channels
    return [SlotDay(day=day, slots=its) for day, its in days.items()]


def offering(slots: Mapping[datetime, frozenset[str]], channel: str) -> dict[datetime, frozenset[str]]:
    """Return the slots that can be had by this channel, in order."""
    return {starts: channels for starts, channels in slots.items() if channel in channels}
