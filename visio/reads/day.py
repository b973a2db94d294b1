"""The free hours and the absences of an adviser's days, for the page of the day and the agenda."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from accompaniment.rules.public_holidays import is_public_holiday
from caseload.models import Absence, Adviser
from visio.models import Interview, OutsideBusy
from visio.reads.hours import hours_of
from visio.rules.slots import Busy, Hours, free_stretches


@dataclass(frozen=True, slots=True)
class FreeHours:
    """A stretch in which the adviser can be booked."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class AdviserDays:
    """What an adviser's days hold beside the interviews: working hours and absences, read once for several days."""

    adviser: Adviser
    hours: Hours
    absences: list[Absence]
    outside: list[Busy]
    """When the adviser's outside calendar is busy."""

    def absence_on(self, day: date) -> Absence | None:
        return next((one for one in self.absences if one.starts_on <= day <= one.ends_on), None)

    def free_on(self, day: date, *, interviews: Iterable[Interview], now: datetime) -> list[FreeHours]:
        """Return the hours of a day that are still free; none on a public holiday or a day of absence."""
        closed = is_public_holiday(day, self.adviser.agency.departement.holidays_subdivision)
        if closed or self.absence_on(day) is not None:
            return []
        busy = [Busy(starts_at=one.starts_at, ends_at=one.occupies_until) for one in interviews if one.is_live]
        busy += self.outside
        zone = self.adviser.agency.zone
        found = free_stretches(day, hours=self.hours, zone=zone, busy=busy, after=now)
        return [FreeHours(starts_at=starts_at, ends_at=ends_at) for starts_at, ends_at in found]


def adviser_days(adviser: Adviser, *, first: date, last: date) -> AdviserDays:
    """Read what the adviser's days from `first` to `last` hold, both included; three statements."""
    return AdviserDays(
        adviser=adviser,
        hours=hours_of(adviser),
        outside=[
            Busy(starts_at=one.starts_at, ends_at=one.ends_at)
            for one in OutsideBusy.objects.filter(
                calendar__adviser=adviser,
                starts_at__lt=datetime.combine(last + timedelta(days=1), time(), adviser.agency.zone),
                ends_at__gt=datetime.combine(first, time(), adviser.agency.zone),
            )
        ],
        absences=list(Absence.objects.between(first, last).filter(adviser=adviser)),
    )
