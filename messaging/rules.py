"""Pure decisions of the messaging floor: no database, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from accompaniment.rules.public_holidays import is_public_holiday
from messaging.enums import CallbackState

BODY_LIMIT = 5000
"""Characters of one message."""

# --- Opening hours --------------------------------------------------------------------------------


@dataclass(frozen=True, order=True, kw_only=True)
class Stretch:
    """A stretch of a weekday (0 = Monday) in which an agency answers, in wall-clock time."""

    weekday: int
    opens_at: time
    closes_at: time


# --- Call-backs -----------------------------------------------------------------------------------

CALLBACK_TRANSITIONS: dict[CallbackState, frozenset[CallbackState]] = {
    CallbackState.OPEN: frozenset({CallbackState.DONE, CallbackState.CANCELLED}),
    CallbackState.DONE: frozenset(),
    CallbackState.CANCELLED: frozenset(),
}

WINDOW_AT_MOST = timedelta(hours=2)
NOTICE = timedelta(minutes=30)
"""A window can be chosen until this long before it begins."""

OFFERED_DAYS = 5
"""Number of opening days for which call-backs can be requested, today included while a window is left."""

LOOK_AHEAD_DAYS = 30


@dataclass(frozen=True, order=True, kw_only=True)
class Window:
    """A time in which a person can be called back: [starts_at, ends_at), instants in the agency's zone."""

    starts_at: datetime
    ends_at: datetime


def callback_windows(
    stretches: Iterable[Stretch], *, zone: ZoneInfo, holidays_subdivision: str, now: datetime
) -> list[Window]:
    """Return the windows in which a call-back can be asked for now, in the order of time.

    They lie in the agency's opening hours of the next `OFFERED_DAYS` days on which it opens; public holidays are
    those of its département. A long stretch is cut into equal windows of `WINDOW_AT_MOST`.
    """
    stretches = sorted(stretches)
    today = now.astimezone(zone).date()
    offered: list[Window] = []
    days = 0
    for ahead in range(LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if is_public_holiday(day, holidays_subdivision):
            continue
        of_day = [
            window
            for stretch in stretches
            if stretch.weekday == day.weekday()
            for window in _cut(day, stretch, zone)
            if window.starts_at >= now + NOTICE
        ]
        if of_day:
            offered += of_day
            days += 1
        if days == OFFERED_DAYS:
            break
    return offered


def _cut(day: date, stretch: Stretch, zone: ZoneInfo) -> list[Window]:
    """Cut a stretch into equal windows, on whole minutes of the wall clock; the clock change may shorten one."""
    opens = datetime.combine(day, stretch.opens_at)
    length = datetime.combine(day, stretch.closes_at) - opens
    parts = -(-length // WINDOW_AT_MOST)
    edges = [opens + (length * part // parts) for part in range(parts + 1)]
    instants = [edge.replace(second=0, microsecond=0, tzinfo=zone).astimezone(UTC).astimezone(zone) for edge in edges]
    return [Window(starts_at=start, ends_at=end) for start, end in pairwise(instants) if end > start]


@dataclass
class Bucket:
    """A token bucket: a socket may send `burst` frames at once, then `per_second`, counted from `at`."""

    burst: int
    per_second: float
    at: float

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, now: float) -> bool:
        """Take a token at `now` (seconds of a monotonic clock); return False if there is none."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
