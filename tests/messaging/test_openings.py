"""When an agency is open: at every hour of the day, in every zone, on holidays and on the days of the clock change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accompaniment.rules.public_holidays import is_public_holiday
from messaging.rules import OPENINGS_AHEAD, Opening, Stretch, openings_from

PARIS = ZoneInfo("Europe/Paris")
ZONES = [
    ("Europe/Paris", ""),
    ("Europe/Paris", "57"),
    ("Indian/Reunion", "974"),
    ("America/Martinique", "972"),
    ("America/Cayenne", "973"),
    ("Pacific/Noumea", "NC"),
    ("Pacific/Tahiti", "PF"),
]
HOURS = ((time(9), time(12)), (time(13), time(17)))
WEEK = [Stretch(weekday=day, opens_at=opens, closes_at=closes) for day in range(5) for opens, closes in HOURS]


def first(
    now: datetime, *, zone: ZoneInfo = PARIS, subdivision: str = "", week: list[Stretch] = WEEK
) -> Opening | None:
    return next(openings_from(week, zone=zone, holidays_subdivision=subdivision, now=now), None)


def is_open(at: datetime, zone: ZoneInfo, subdivision: str) -> bool:
    """The same question, asked of the wall clock."""
    local = at.astimezone(zone)
    if local.weekday() > 4 or is_public_holiday(local.date(), subdivision):
        return False
    return any(opens <= local.time() < closes for opens, closes in HOURS)


@pytest.mark.parametrize(("key", "subdivision"), ZONES)
@pytest.mark.parametrize("week_of", [date(2026, 12, 21), date(2026, 3, 27), date(2026, 10, 23), date(2026, 5, 20)])
def test_every_quarter_of_an_hour_of_a_week(key: str, subdivision: str, week_of: date) -> None:
    """The weeks of Christmas, of both clock changes, and of public holidays in May."""
    zone = ZoneInfo(key)
    begins = datetime.combine(week_of, time(), tzinfo=UTC)
    for quarter in range(8 * 24 * 4):
        now = begins + timedelta(minutes=15 * quarter)
        found = first(now, zone=zone, subdivision=subdivision)
        assert found is not None
        assert (found.starts_at <= now) == is_open(now, zone, subdivision), now
        assert now < found.ends_at
        assert is_open(found.starts_at, zone, subdivision)
        assert not is_open(found.ends_at, zone, subdivision)
        if found.starts_at > now:
            closed = now
            while closed < found.starts_at:
                assert not is_open(closed, zone, subdivision), closed
                closed += timedelta(minutes=15)


def at(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at("2026-12-04", "16:59:59"), at("2026-12-04", "13:00")),
        (at("2026-12-04", "17:00"), at("2026-12-07", "09:00")),
        (at("2026-12-04", "12:00"), at("2026-12-04", "13:00")),
        (at("2026-12-07", "08:59:59"), at("2026-12-07", "09:00")),
        (at("2026-12-07", "09:00"), at("2026-12-07", "09:00")),
        # Christmas is a Friday.
        (at("2026-12-24", "18:00"), at("2026-12-28", "09:00")),
        (at("2027-03-27", "18:00"), at("2027-03-30", "09:00")),
    ],
)
def test_at_the_second(now: datetime, opens: datetime) -> None:
    found = first(now)
    assert found is not None
    assert found.starts_at == opens


def test_moselle_has_a_day_more() -> None:
    """26 December 2028 is a Tuesday."""
    now = at("2028-12-25", "20:00")
    (usual, moselle) = (first(now, subdivision=subdivision) for subdivision in ("", "57"))
    assert usual is not None
    assert moselle is not None
    assert (usual.starts_at, moselle.starts_at) == (at("2028-12-26", "09:00"), at("2028-12-27", "09:00"))


def test_an_agency_without_hours_has_no_opening_and_nothing_is_looked_for_for_ever() -> None:
    assert first(at("2026-12-04", "18:00"), week=[]) is None
    found = list(openings_from(WEEK, zone=PARIS, holidays_subdivision="", now=at("2026-12-04", "18:00")))
    assert found == sorted(found)
    assert found[-1].starts_at < at("2026-12-04", "18:00") + OPENINGS_AHEAD + timedelta(days=1)
