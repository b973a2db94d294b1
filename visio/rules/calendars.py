"""Reads when an iCalendar file is busy. Titles, places and people of its events are never kept."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

MOST_EVENTS = 5000
"""Events of one calendar, each repetition counted once, in the days that are read."""

MOST_RULES = 1000
TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
TOO_FINE = ("BYSECOND", "BYMINUTE", "BYHOUR")
"""Repetitions that no calendar of a person has, and that would keep a worker busy for hours."""

NOT_A_CALENDAR = "Cette adresse ne mène pas à un agenda iCalendar."
TOO_MANY = "Cet agenda a trop d'événements."


class CalendarError(Exception):
    """A calendar cannot be read; `sentence` says why in French."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def busy_times(content: bytes, *, first: date, last: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return when a calendar is busy from day `first` to `last`, in order and apart, as instants (UTC).

    Free and cancelled events do not count. Whole days and times without a zone are those of `zone`. Raises
    CalendarError for what is no calendar, or has too many events.
    """
    try:
        calendar = icalendar.Calendar.from_ical(content)
        rules = [rule for event in calendar.walk("VEVENT") for rule in _rules(event)]
        if len(rules) > MOST_RULES or any(_repeats_too_often(rule) for rule in rules):
            raise CalendarError(TOO_MANY)
        begins, ends = datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)
        found = recurring_ical_events.of(calendar, skip_bad_series=True).between(begins, ends)
        times = [_times(event, zone) for event in islice(found, MOST_EVENTS + 1) if _counts(event)]
    except CalendarError:
        raise
    except Exception as error:  # the libraries raise many kinds for files that others wrote
        raise CalendarError(NOT_A_CALENDAR) from error
    if len(times) > MOST_EVENTS:
        raise CalendarError(TOO_MANY)
    return merged((max(start, begins.astimezone(UTC)), min(end, ends.astimezone(UTC))) for start, end in times)


def merged(times: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Return the same times without overlaps, in order; what has no length is left out."""
    apart: list[tuple[datetime, datetime]] = []
    for start, end in sorted(times):
        if start >= end:
            continue
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], end))
        else:
            apart.append((start, end))
    return apart


def _rules(event: Any) -> list[Any]:
    rules = event.get("RRULE", [])
    return rules if isinstance(rules, list) else [rules]


def _repeats_too_often(rule: Any) -> bool:
    often = any(str(frequency).upper() in TOO_OFTEN for frequency in rule.get("FREQ", []))
    return often or any(len(rule.get(part, [])) > 1 for part in TOO_FINE)


def _counts(event: Any) -> bool:
    is_free = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    return not is_free and str(event.get("STATUS", "")).upper() != "CANCELLED"


def _times(event: Any, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return _instant(event["DTSTART"].dt, zone), _instant(event["DTEND"].dt, zone)


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    at = value if isinstance(value, datetime) else datetime.combine(value, time())
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
