"""Days and hours of the demonstration: when an agency works, and which slots an adviser has left."""

from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from accompaniment.models import Agency
from accompaniment.rules.public_holidays import is_public_holiday

SLOTS = (time(9), time(9, 45), time(10, 30), time(11, 15), time(13), time(13, 45), time(14, 30), time(15, 15), time(16))
ONE_DAY = timedelta(days=1)


class Calendar:
    """The working days of an agency, in its own zone."""

    def __init__(self, agency: Agency) -> None:
        self.zone: ZoneInfo = agency.zone
        self.subdivision = agency.departement.holidays_subdivision

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone)

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and not is_public_holiday(day, self.subdivision)

    def days(self, first: date, last: date) -> list[date]:
        """Return the working days from `first` to `last`, both included."""
        span = (last - first).days
        return [day for day in (first + timedelta(days=number) for number in range(span + 1)) if self.works(day)]

    def last_working(self, first: date, last: date) -> date:
        """Return the last working day from `first` to `last`; `last` if there is none."""
        return max(self.days(first, last), default=last)

    def next_working(self, day: date) -> date:
        """Return the first working day after `day`."""
        day += ONE_DAY
        while not self.works(day):
            day += ONE_DAY
        return day

    def previous_working(self, day: date) -> date:
        """Return the last working day before `day`."""
        day -= ONE_DAY
        while not self.works(day):
            day -= ONE_DAY
        return day

    def moment(self, rng: Random, after: datetime, before: datetime) -> datetime:
        """Return an instant within working hours between two instants, or any instant between them if there is none."""
        days = self.days(self.day(after), self.day(before))
        for day in rng.sample(days, min(4, len(days))):
            found = self.at(day, time(rng.randrange(9, 17), rng.randrange(60)))
            if after < found < before:
                return found
        return after + (before - after) * rng.uniform(0.2, 0.9)


class SlotBook:
    """The slots of one adviser. Each is given out once."""

    def __init__(self, calendar: Calendar, rng: Random) -> None:
        self.calendar = calendar
        self.rng = rng
        self.taken: set[datetime] = set()

    def draw(self, first: date, last: date) -> datetime | None:
        """Return a free slot on a working day from `first` to `last`, or None when all are taken."""
        days = self.calendar.days(first, last)
        self.rng.shuffle(days)
        for day in days:
            slot = self.draw_on(day)
            if slot is not None:
                return slot
        return None

    def draw_on(self, day: date) -> datetime | None:
        """Return a free slot of a day, whether people work on it or not."""
        free = [slot for clock in SLOTS if (slot := self.calendar.at(day, clock)) not in self.taken]
        if not free:
            return None
        slot = self.rng.choice(free)
        self.taken.add(slot)
        return slot
