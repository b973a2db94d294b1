"""The slots that an adviser offers: working hours in wall-clock time, without holidays and bookings."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from accompaniment.enums import Channel
from accompaniment.rules.french import hour_in_words
from accompaniment.rules.presentation import CHANNELS
from accompaniment.rules.tracks import INTERVIEW_MINUTES
from visio.rules.states import BUFFER_MINUTES

SLOT_STEP = timedelta(minutes=45)
"""From one slot to the next: interview and buffer, rounded up to hours that are easy to remember."""

LENGTH = timedelta(minutes=INTERVIEW_MINUTES)
OCCUPIED = timedelta(minutes=INTERVIEW_MINUTES + BUFFER_MINUTES)

SHORTEST_HORIZON = timedelta(days=14)
URGENT_OPENS = timedelta(hours=24)
"""How long before its hour a slot that was kept for what is urgent is offered to everybody."""

LONGEST_HORIZON = timedelta(days=90)
LONGEST_BUFFER = SLOT_STEP - LENGTH
MOST_URGENT = 50  # per cent

PERIODS_AT_MOST = 4
"""Stretches of one day."""

_HOUR = re.compile(r"(\d{1,2})\s*(?:[h:.,]\s*(\d{2})?)?|(\d{1,2})(\d{2})", re.IGNORECASE)

EARLIEST_NOTICE = timedelta(hours=2)


ORDER = (Channel.VIDEO.value, Channel.PHONE.value, Channel.ON_SITE.value)
"""The channels of an interview, as pages name them."""
EVERY_CHANNEL = frozenset(ORDER)


@dataclass(frozen=True)
class Stretch:
    """A stretch of a day in which an adviser can be booked by some channels, as wall-clock times."""

    starts_at: time
    ends_at: time
    channels: frozenset[str] = EVERY_CHANNEL


@dataclass(frozen=True)
class BookingRules:
    """How an adviser can be booked.

    `horizon_days`: for how many days slots are offered at least. `buffer_minutes`: after an interview.
    `urgent_percent`: the share of each day that people are offered only a day before, for what cannot wait.
    """

    horizon_days: int = SHORTEST_HORIZON.days
    buffer_minutes: int = BUFFER_MINUTES
    urgent_percent: int = 0

    @property
    def occupied(self) -> timedelta:
        """How long an interview takes the adviser, its buffer included."""
        return LENGTH + timedelta(minutes=self.buffer_minutes)


@dataclass(frozen=True)
class Hours:
    """The hours of an adviser: those of each weekday (0 = Monday), and the days that have hours of their own."""

    rules: BookingRules = BookingRules()
    weekly: Mapping[int, tuple[Stretch, ...]] = field(default_factory=dict)
    dated: Mapping[date, tuple[Stretch, ...]] = field(default_factory=dict)
    """A day without a stretch is closed."""

    def on(self, day: date) -> tuple[Stretch, ...]:
        """Return the stretches of a day, oldest first."""
        its = self.dated.get(day, self.weekly.get(day.weekday(), ()))
        return tuple(sorted(its, key=lambda stretch: stretch.starts_at))


@dataclass(frozen=True)
class Busy:
    """A time in which somebody is taken, buffer included."""

    starts_at: datetime
    ends_at: datetime


def only_by(channels: frozenset[str]) -> str:
    """Return « en visio ou par téléphone », or nothing if a slot can be had by every channel."""
    if channels >= EVERY_CHANNEL:
        return ""
    return " ou ".join(CHANNELS[Channel(one)] for one in ORDER if one in channels)


def hour_in(typed: str) -> time | None:
    """Return the wall-clock time in a text such as « 9 », « 9 h 30 », « 9:30 » or « 0930 »."""
    found = _HOUR.fullmatch(typed)
    if found is None:
        return None
    hour, minute = int(found[1] or found[3]), int(found[2] or found[4] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def obstacle_among(stretches: Iterable[Stretch]) -> str | None:
    """Return in French why these cannot be the stretches of one day, or None if they can."""
    ordered = sorted(stretches, key=lambda stretch: stretch.starts_at)
    for one in ordered:
        words = f"{hour_in_words(one.starts_at)} – {hour_in_words(one.ends_at)}"
        if one.starts_at >= one.ends_at:
            return f"{words}\u00a0: la fin doit venir après le début."
        if not one.channels:
            return f"{words}\u00a0: cochez au moins la visio, le téléphone ou l'agence."
    for one, following in pairwise(ordered):
        if following.starts_at < one.ends_at:
            return (
                f"Deux périodes se chevauchent\u00a0: l'une finit à {hour_in_words(one.ends_at)}, "
                f"l'autre commence à {hour_in_words(following.starts_at)}."
            )
    return None


def not_by(channel: str, channels: frozenset[str]) -> str:
    """Return the refusal for a channel that a slot does not offer."""
    wanted = CHANNELS[Channel(channel)]
    return f"Ce créneau n'est pas possible {wanted}, seulement {only_by(channels)}. Choisissez une autre heure."


def horizon(*, today: date, due_on: date | None) -> date:
    """Return the last day that is offered: the obligation's last day, but at least a fortnight from today."""
    least = today + SHORTEST_HORIZON
    return least if due_on is None else max(least, due_on)


def slots_on(day: date, *, hours: Hours, zone: ZoneInfo) -> Iterator[tuple[datetime, frozenset[str]]]:
    """Yield the starts (UTC) of the slots on the grid of a day, oldest first, each with its channels.

    A slot is offered if the whole interview fits into the working hours. An hour that the change to summer time skips
    does not exist. Of an hour that the change to winter time repeats, the first is taken.
    """
    for stretch in hours.on(day):
        closes = datetime.combine(day, stretch.ends_at, zone).astimezone(UTC)
        wall = datetime.combine(day, stretch.starts_at)
        while wall < datetime.combine(day, stretch.ends_at):
            starts = wall.replace(tzinfo=zone).astimezone(UTC)
            exists = starts.astimezone(zone).replace(tzinfo=None) == wall
            if exists and starts + LENGTH <= closes:
                yield starts, stretch.channels
            wall += SLOT_STEP


def offered_slots(
    *,
    now: datetime,
    last_day: date,
    hours: Hours,
    zone: ZoneInfo,
    is_closed: Callable[[date], bool],
) -> Iterator[tuple[datetime, frozenset[str]]]:
    """Yield the starts (UTC) in working hours from now on, booked or not, each with its channels.

    `is_closed` returns whether nobody is received on a day: a public holiday or the adviser's absence.
    """
    day = now.astimezone(zone).date()
    while day <= last_day:
        if not is_closed(day):
            for starts, channels in slots_on(day, hours=hours, zone=zone):
                if starts >= now + EARLIEST_NOTICE:
                    yield starts, channels
        day += timedelta(days=1)


def free_stretches(
    day: date, *, hours: Hours, zone: ZoneInfo, busy: Iterable[Busy], after: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the parts (UTC) of a day's working hours, from `after` on, that a whole interview still fits into."""
    taken = sorted(busy, key=lambda one: one.starts_at)
    free = []
    for stretch in hours.on(day):
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


def within_hours(*, starts_at: datetime, ends_at: datetime, channel: str, hours: Hours, zone: ZoneInfo) -> bool:
    """Return whether a whole interview lies within a stretch of its day that offers its channel."""
    starts, ends = starts_at.astimezone(zone), ends_at.astimezone(zone)
    return any(
        channel in stretch.channels and stretch.starts_at <= starts.time() and ends.time() <= stretch.ends_at
        for stretch in hours.on(starts.date())
        if starts.date() == ends.date()
    )


def is_free(starts_at: datetime, busy: Iterable[Busy], *, occupied: timedelta = OCCUPIED) -> bool:
    """Return whether an interview at that time, with its buffer, overlaps no booking."""
    return all(starts_at + occupied <= taken.starts_at or starts_at >= taken.ends_at for taken in busy)


def without_kept(
    slots: Mapping[datetime, frozenset[str]], *, percent: int, now: datetime, zone: ZoneInfo
) -> dict[datetime, frozenset[str]]:
    """Return the slots without those that are kept for what is urgent: the last ones of each day, rounded down.

    A kept slot is offered to everybody from a day before. `slots` are those of the hours, booked or not, so a booking
    does not change which ones are kept.
    """
    days: dict[date, list[datetime]] = {}
    for starts in slots:
        days.setdefault(starts.astimezone(zone).date(), []).append(starts)
    kept = {starts for its in days.values() for starts in its[len(its) - len(its) * percent // 100 :]}
    return {
        starts: channels for starts, channels in slots.items() if starts not in kept or starts - now <= URGENT_OPENS
    }
