"""The week of an adviser's hours, and the interviews that are booked outside them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accompaniment.rules.french import hour_in_words, weekday_in_words
from accompaniment.rules.public_holidays import is_public_holiday
from caseload.models import Absence, Adviser
from visio.enums import InterviewState
from visio.models import Interview
from visio.reads.hours import hours_of
from visio.rules.slots import Hours, only_by, within_hours

DAYS_OF_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class ShownStretch:
    """One stretch in words: its hours, and its channels if these are not all."""

    hours: str
    only: str


@dataclass(frozen=True, slots=True)
class HoursDay:
    """One day of the week: its stretches, and why nobody can book on it in spite of them."""

    day: date
    heading: str
    stretches: list[ShownStretch]
    has_its_own: bool
    is_holiday: bool
    absence: Absence | None
    can_change: bool


@dataclass(frozen=True, slots=True)
class HoursWeek:
    """A week of hours, and what is booked outside the hours on whatever day."""

    days: list[HoursDay]
    outside: list[Interview]


def hours_week(adviser: Adviser, *, monday: date, now: datetime) -> HoursWeek:
    """Return the week that begins on `monday`."""
    hours = hours_of(adviser)
    today = now.astimezone(adviser.agency.zone).date()
    last = monday + timedelta(days=DAYS_OF_A_WEEK - 1)
    absences = list(Absence.objects.between(monday, last).filter(adviser=adviser))
    subdivision = adviser.agency.departement.holidays_subdivision
    days = [monday + timedelta(days=offset) for offset in range(DAYS_OF_A_WEEK)]
    return HoursWeek(
        days=[
            HoursDay(
                day=day,
                heading=weekday_in_words(day),
                stretches=in_words(hours, day),
                has_its_own=day in hours.dated,
                is_holiday=is_public_holiday(day, subdivision),
                absence=next((one for one in absences if one.starts_on <= day <= one.ends_on), None),
                can_change=day >= today,
            )
            for day in days
        ],
        outside=outside_hours(adviser, hours=hours, now=now),
    )


def in_words(hours: Hours, day: date) -> list[ShownStretch]:
    """Return the stretches of a day in words."""
    return [
        ShownStretch(hours=f"{hour_in_words(one.starts_at)} – {hour_in_words(one.ends_at)}", only=only_by(one.channels))
        for one in hours.on(day)
    ]


def outside_hours(adviser: Adviser, *, hours: Hours, now: datetime) -> list[Interview]:
    """Return the coming interviews that the adviser's hours would not offer, the first one first."""
    coming = Interview.objects.coming(now).filter(adviser=adviser, state=InterviewState.BOOKED, starts_at__gt=now)
    return [
        interview
        for interview in coming.with_people()
        if not within_hours(
            starts_at=interview.starts_at,
            ends_at=interview.ends_at,
            channel=interview.channel,
            hours=hours,
            zone=adviser.agency.zone,
        )
    ]
