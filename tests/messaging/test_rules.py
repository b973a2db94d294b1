"""Opening hours in words, call-back windows, and the urgency of an answer."""

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.rules import (
    Bucket,
    Stretch,
    Window,
    callback_windows,
)

PARIS = ZoneInfo("Europe/Paris")
OFFICE = [
    Stretch(weekday=weekday, opens_at=time(opens), closes_at=time(closes))
    for weekday in range(5)
    for opens, closes in ((9, 12), (13, 17))
]


def windows(now: datetime, *, subdivision: str = "", zone: ZoneInfo = PARIS) -> list[Window]:
    return callback_windows(OFFICE, zone=zone, holidays_subdivision=subdivision, now=now)


def days_of(offered: list[Window]) -> list[str]:
    return list(dict.fromkeys(window.starts_at.date().isoformat() for window in offered))


def test_windows_are_cut_from_the_opening_hours_of_the_next_days() -> None:
    offered = windows(datetime(2026, 3, 2, 8, 0, tzinfo=PARIS))
    assert [f"{w.starts_at:%H:%M}-{w.ends_at:%H:%M}" for w in offered[:4]] == [
        "09:00-10:30",
        "10:30-12:00",
        "13:00-15:00",
        "15:00-17:00",
    ]
    assert days_of(offered) == ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"]


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (datetime(2026, 3, 6, 8, 30, tzinfo=PARIS), datetime(2026, 3, 6, 9, 0, tzinfo=PARIS)),
        (datetime(2026, 3, 6, 8, 31, tzinfo=PARIS), datetime(2026, 3, 6, 10, 30, tzinfo=PARIS)),
        (datetime(2026, 3, 6, 16, 0, tzinfo=PARIS), datetime(2026, 3, 9, 9, 0, tzinfo=PARIS)),
    ],
)
def test_a_window_is_chosen_half_an_hour_before_and_never_at_the_weekend(now: datetime, first: datetime) -> None:
    assert windows(now)[0].starts_at == first


def test_alsace_and_moselle_have_good_friday_the_rest_of_the_country_has_not() -> None:
    now = datetime(2026, 4, 2, 18, 0, tzinfo=PARIS)
    assert days_of(windows(now))[0] == "2026-04-03"
    assert days_of(windows(now, subdivision="57"))[0] == "2026-04-07"
    assert days_of(windows(now, subdivision="6AE"))[0] == "2026-04-07"


def test_overseas_the_day_is_the_agencys_own() -> None:
    saint_denis = ZoneInfo("Indian/Reunion")
    offered = windows(datetime(2026, 3, 2, 21, 0, tzinfo=UTC), zone=saint_denis, subdivision="974")
    assert offered[0].starts_at == datetime(2026, 3, 3, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "utc_hour"),
    [(datetime(2026, 3, 27, 18, 0, tzinfo=PARIS), 7), (datetime(2026, 10, 23, 18, 0, tzinfo=PARIS), 8)],
)
def test_nine_oclock_stays_nine_oclock_over_the_clock_change(now: datetime, utc_hour: int) -> None:
    monday = windows(now)[0].starts_at
    assert monday.strftime("%A %H:%M") == "Monday 09:00"
    assert monday.astimezone(UTC).hour == utc_hour


def test_an_agency_that_never_opens_offers_nothing() -> None:
    assert callback_windows([], zone=PARIS, holidays_subdivision="", now=datetime(2026, 3, 2, 8, 0, tzinfo=PARIS)) == []


@given(st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_windows_never_overlap_and_lie_in_the_opening_hours(now: datetime) -> None:
    offered = windows(now, subdivision="57")
    assert offered
    for before, after in itertools.pairwise(offered):
        assert before.ends_at <= after.starts_at
    for window in offered:
        assert window.starts_at >= now + timedelta(minutes=30)
        assert window.ends_at - window.starts_at <= timedelta(hours=2)
        assert time(9) <= window.starts_at.time() < window.ends_at.time() <= time(17)


def test_a_bucket_empties_and_fills_again() -> None:
    bucket = Bucket(burst=3, per_second=2.0, at=0.0)
    assert all(bucket.take(0.0) for _ in range(3))
    assert not bucket.take(0.0)
    assert bucket.take(0.501)
    assert not bucket.take(0.501)
