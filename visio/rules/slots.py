"""The slots that an adviser offers: working hours in wall-clock time, without holidays and bookings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accompaniment.rules.tracks import INTERVIEW_MINUTES
from visio.rules.states import BUFFER_MINUTES

SLOT_STEP = timedelta(minutes=45)
"""From one slot to the next: interview and buffer, rounded up to hours that are easy to remember."""

LENGTH = timedelta(minutes=INTERVIEW_MINUTES)
OCCUPIED = timedelta(minutes=INTERVIEW_MINUTES + BUFFER_MINUTES)

EARLIEST_NOTICE = timedelta(hours=2)
SHORTEST_HORIZON = timedelta(days=14)


@dataclass(frozen=True)
class WorkingStretch:
    """A stretch of a weekday (0 = Monday) in which an adviser can be booked, as wall-clock times."""

    weekday: int
    starts_at: time
    ends_at: time


@dataclass(frozen=True)
class Busy:
    """A time in which somebody is taken, buffer included."""

    starts_at: datetime
    ends_at: datetime


def horizon(*, today: date, due_on: date | None) -> date:
    """Return the last day that is offered: the obligation's last day, but at least a fortnight from today."""
    least = today + SHORTEST_HORIZON
    return least if due_on is None else max(least, due_on)


def slots_on(day: date, *, stretches: Iterable[WorkingStretch], zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the starts (UTC) of the slots on the grid of a day, oldest first.

    A slot is offered if the whole interview fits into the working hours. An hour that the change to summer time skips
    does not exist. Of an hour that the change to winter time repeats, the first is taken.
    """
    for stretch in sorted(stretches, key=lambda stretch: stretch.starts_at):
        if stretch.weekday != day.weekday():
            continue
        closes = datetime.combine(day, stretch.ends_at, zone).astimezone(UTC)
        wall = datetime.combine(day, stretch.starts_at)
        while wall < datetime.combine(day, stretch.ends_at):
            starts = wall.replace(tzinfo=zone).astimezone(UTC)
            exists = starts.astimezone(zone).replace(tzinfo=None) == wall
            if exists and starts + LENGTH <= closes:
                yield starts
            wall += SLOT_STEP


def offered_slots(
    *,
    now: datetime,
    last_day: date,
    stretches: Sequence[WorkingStretch],
    zone: ZoneInfo,
    is_closed: Callable[[date], bool],
) -> Iterator[datetime]:
    """Yield the starts (UTC) in working hours from now on, booked or not.

    `is_closed` returns whether nobody is received on a day: a public holiday or the adviser's absence.
    """
    day = now.astimezone(zone).date()
    while day <= last_day:
        if not is_closed(day):
            for starts in slots_on(day, stretches=stretches, zone=zone):
                if starts >= now + EARLIEST_NOTICE:
                    yield starts
        day += timedelta(days=1)


def free_stretches(
    day: date, *, stretches: Iterable[WorkingStretch], zone: ZoneInfo, busy: Iterable[Busy], after: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the parts (UTC) of a day's working hours, from `after` on, that a whole interview still fits into."""
    taken = sorted(busy, key=lambda one: one.starts_at)
    free = []
    for stretch in sorted(stretches, key=lambda one: one.starts_at):
        if stretch.weekday != day.weekday():
            continue
        begins = max(datetime.combine(day, stretch.starts_at, zone).astimezone(UTC), after)
        closes = datetime.combine(day, stretch.ends_at, zone).astimezone(UTC)
        for one in taken:
            if one.ends_at <= begins or one.starts_at >= closes:
                continue
            if one.starts_at - begins >= LENGTH:
                free.append((begins, one.starts_at))
            begins = max(begins, one.ends_at)
        if closes - begins >= LENGTH:
            free.append((begins, closes))
    return free


def within_hours(
    *, starts_at: datetime, ends_at: datetime, stretches: Iterable[WorkingStretch], zone: ZoneInfo
) -> bool:
    """Return whether a whole interview lies within the working hours of its day, without a break."""
    starts, ends = starts_at.astimezone(zone), ends_at.astimezone(zone)
    return any(
        stretch.weekday == starts.weekday() and stretch.starts_at <= starts.time() and ends.time() <= stretch.ends_at
        for stretch in stretches
        if starts.date() == ends.date()
    )


def is_free(starts_at: datetime, busy: Iterable[Busy]) -> bool:
    """Return whether an interview at that time, with its buffer, overlaps no booking."""
    return all(starts_at + OCCUPIED <= taken.starts_at or starts_at >= taken.ends_at for taken in busy)
