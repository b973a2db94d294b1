"""The 72 hours to answer a person, in the time of their agency: no database, no clock.

Only days on which the agency opens count, each with all its hours: 72 hours are three such days. A message of Friday
16:00 is due on Wednesday 16:00, if the agency opens from Monday to Friday and none of these days is a public holiday.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accompaniment.rules.public_holidays import is_public_holiday
from caseload.rules.portfolio import REPLY_WITHIN

DESK_SHARE = 0.5
TEAM_SHARE = 0.8
"""The shares of the time after which a wait rises on the adviser's desk, then to the whole team. A manager sees it when
all of the time has passed."""

USUAL_WEEKDAYS = frozenset(range(5))
"""The days that count for an agency whose hours nobody has entered (0 = Monday)."""

LOOK_AHEAD_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTimes:
    """When an answer rises on the desk, then to the team, and when it is due, which the managers see."""

    desk_at: datetime
    team_at: datetime
    due_at: datetime


def reply_times(since: datetime, *, weekdays: Collection[int], zone: ZoneInfo, holidays_subdivision: str) -> ReplyTimes:
    """Return the instants for an answer that is awaited since an instant; `weekdays` are those of the opening hours."""
    open_on = frozenset(weekdays) or USUAL_WEEKDAYS

    def counts(day: date) -> bool:
        return day.weekday() in open_on and not is_public_holiday(day, holidays_subdivision)

    def after(share: float) -> datetime:
        left = REPLY_WITHIN * share
        begins = since.astimezone(UTC)
        day = since.astimezone(zone).date()
        for _ in range(LOOK_AHEAD_DAYS):
            following = day + timedelta(days=1)
            ends = datetime.combine(following, time(), tzinfo=zone).astimezone(UTC)
            if counts(day):
                if left <= ends - begins:
                    return begins + left
                left -= ends - begins
            begins, day = ends, following
        return since.astimezone(UTC) + REPLY_WITHIN

    return ReplyTimes(desk_at=after(DESK_SHARE), team_at=after(TEAM_SHARE), due_at=after(1))
