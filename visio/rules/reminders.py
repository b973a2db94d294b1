"""When a person is reminded of an interview: one table, and which of its moments is due."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from visio.enums import ReminderMoment


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """How long before the hour a reminder leaves: days by the reader's wall clock, or hours that pass."""

    moment: ReminderMoment
    days: int = 0
    hours: int = 0
    apart: timedelta
    """Booked this shortly before its moment, the confirmation has just told the same."""

    @property
    def before(self) -> timedelta:
        """The time before the interview. On a day of the clock change, the true time differs by the change."""
        return timedelta(days=self.days, hours=self.hours)

    def at(self, starts_at: datetime, *, zone: ZoneInfo) -> datetime:
        """Return when the reminder of an interview leaves, for a reader in this zone."""
        local = starts_at.astimezone(zone).replace(tzinfo=None) - timedelta(days=self.days)
        return local.replace(tzinfo=zone).astimezone(UTC) - timedelta(hours=self.hours)


REMINDERS = (
    Reminder(moment=ReminderMoment.WEEK, days=7, apart=timedelta(hours=12)),
    Reminder(moment=ReminderMoment.DAY, days=1, apart=timedelta(hours=12)),
    Reminder(moment=ReminderMoment.HOUR, hours=1, apart=timedelta(minutes=30)),
)
"""All reminders, the earliest first."""

LONGEST_CLOCK_CHANGE = timedelta(hours=1)
"""No clock of a region is set forward or back by more."""


def reminder_at(starts_at: datetime, *, zone: ZoneInfo, now: datetime) -> Reminder | None:
    """Return the last reminder whose moment has come, or None before the first one and from the hour on.

    An earlier one that was not sent is not made up for: after an outage, one reminder tells everything.
    """
    if now >= starts_at:
        return None
    come = [one for one in REMINDERS if one.at(starts_at, zone=zone) <= now]
    return come[-1] if come else None


def reminder_due(*, starts_at: datetime, booked_at: datetime, zone: ZoneInfo, now: datetime) -> Reminder | None:
    """Return the reminder that is due, if it is not sent yet.

    None is due for a moment before the booking or shortly after it, because the confirmation tells the same.
    """
    reminder = reminder_at(starts_at, zone=zone, now=now)
    if reminder is None or reminder.at(starts_at, zone=zone) <= booked_at + reminder.apart:
        return None
    return reminder
