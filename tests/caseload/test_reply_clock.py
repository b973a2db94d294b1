"""The 72 hours to answer run on the days on which the person's agency opens, in its zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from caseload.rules.reply_clock import reply_times

PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")
WEEK = range(5)


def due(since: str, *, zone: ZoneInfo = PARIS, weekdays: object = WEEK, subdivision: str = "") -> list[str]:
    """Return the three instants on the agency's wall clock."""
    times = reply_times(
        datetime.fromisoformat(since).replace(tzinfo=zone),
        weekdays=list(weekdays),  # type: ignore[call-overload]
        zone=zone,
        holidays_subdivision=subdivision,
    )
    return [f"{at.astimezone(zone):%a %d %H:%M}" for at in (times.desk_at, times.team_at, times.due_at)]


@pytest.mark.parametrize(
    ("since", "facts", "expected"),
    [
        pytest.param("2026-11-16T10:00", {}, ["Tue 17 22:00", "Wed 18 19:36", "Thu 19 10:00"], id="three open days"),
        pytest.param("2026-11-13T16:00", {}, ["Tue 17 04:00", "Wed 18 01:36", "Wed 18 16:00"], id="over a weekend"),
        pytest.param("2026-11-14T16:00", {}, ["Tue 17 12:00", "Wed 18 09:36", "Thu 19 00:00"], id="on a Saturday"),
        pytest.param("2026-11-10T12:00", {}, ["Thu 12 24:00", "Fri 13 21:36", "Mon 16 12:00"], id="11 November"),
        pytest.param(
            "2026-12-24T12:00", {}, ["Mon 28 24:00", "Tue 29 21:36", "Wed 30 12:00"], id="Christmas on a Friday"
        ),
        pytest.param(
            "2026-12-24T12:00",
            {"subdivision": "6AE", "weekdays": range(6)},
            ["Mon 28 24:00", "Tue 29 21:36", "Wed 30 12:00"],
            id="26 December in Alsace, open on Saturdays",
        ),
        pytest.param(
            "2026-12-24T12:00",
            {"weekdays": range(6)},
            ["Sat 26 24:00", "Mon 28 21:36", "Tue 29 12:00"],
            id="26 December elsewhere, open on Saturdays",
        ),
        pytest.param(
            "2026-12-18T12:00",
            {"zone": REUNION, "subdivision": "974"},
            ["Mon 21 24:00", "Tue 22 21:36", "Wed 23 12:00"],
            id="La Réunion",
        ),
        pytest.param(
            "2026-12-19T12:00",
            {"zone": REUNION, "subdivision": "974"},
            ["Tue 22 12:00", "Wed 23 09:36", "Thu 24 00:00"],
            id="La Réunion, a Saturday after the day of the abolition",
        ),
        pytest.param("2026-03-27T12:00", {}, ["Mon 30 24:00", "Tue 31 21:36", "Wed 01 12:00"], id="clocks go forward"),
        pytest.param(
            "2026-03-28T12:00",
            {"weekdays": range(7)},
            ["Mon 30 01:00", "Mon 30 22:36", "Tue 31 13:00"],
            id="the day of 23 hours counts 23",
        ),
        pytest.param(
            "2026-11-16T10:00", {"weekdays": ()}, ["Tue 17 22:00", "Wed 18 19:36", "Thu 19 10:00"], id="unknown"
        ),
    ],
)
def test_the_clock_runs_on_open_days(since: str, facts: dict[str, object], expected: list[str]) -> None:
    assert due(since, **facts) == [midnight(one) for one in expected]  # type: ignore[arg-type]


def midnight(moment: str) -> str:
    """Write « Thu 12 24:00 », the end of a day, as the beginning of the next."""
    if not moment.endswith("24:00"):
        return moment
    name, day, _ = moment.split()
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return f"{names[(names.index(name) + 1) % 7]} {int(day) + 1:02} 00:00"
