"""Writes appointments as an iCalendar file (RFC 5545), for a letter (RFC 6047), a download or a subscription.

A calendar may be shared with a family or carried by a company of another country. So the file has no secret, and no
more words than its caller gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText

from accompaniment.enums import CalendarMethod

MADE_BY = "-//Agenda//FR"
"""The maker of the file. It tells nothing of the service, because some programs show it."""


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """One appointment as a calendar has it.

    `uid` stays when it is moved, and `sequence` grows with each change. A calendar ignores what comes with a smaller
    sequence than it has.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str = ""
    text: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Who invites whom, by e-mail address. Only an invitation in a letter has them."""

    organizer: str
    organizer_name: str
    attendee: str


def title_of(*, channel: str, adviser: str) -> str:
    """Return the title in the person's own calendar: « Entretien en visio avec Claire Martin »."""
    return f"Entretien {channel[:1].lower()}{channel[1:]} avec {adviser}"


def calendar_file(
    appointments: Iterable[Appointment],
    *,
    method: CalendarMethod,
    zone: ZoneInfo,
    now: datetime,
    parties: Parties | None = None,
    name: str = "",
) -> bytes:
    """Return the file, with the hours and the rules of the reader's zone. `name` is the one of a subscription."""
    given = list(appointments)
    calendar = Calendar()
    calendar.add("prodid", MADE_BY)
    calendar.add("version", "2.0")
    calendar.add("method", method.value)
    if name:
        calendar.add("x-wr-calname", name)
    years = [one.starts_at.astimezone(zone).year for one in given] or [now.astimezone(zone).year]
    calendar.add_component(_zone_rules(zone.key, min(years), max(years)))
    for one in given:
        calendar.add_component(_event(one, method=method, zone=zone, now=now, parties=parties))
    return bytes(calendar.to_ical())


def _event(
    one: Appointment, *, method: CalendarMethod, zone: ZoneInfo, now: datetime, parties: Parties | None
) -> Event:
    event = Event()
    event.add("uid", one.uid)
    event.add("sequence", one.sequence)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", one.starts_at.astimezone(zone))
    event.add("dtend", one.ends_at.astimezone(zone))
    event.add("summary", one.title)
    for field, text in (("location", one.place), ("description", one.text), ("url", one.url)):
        if text:
            event.add(field, text)
    event.add("status", "CANCELLED" if method == CalendarMethod.CANCEL else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if method == CalendarMethod.CANCEL else "OPAQUE")
    if parties is not None:
        organizer = vCalAddress(f"mailto:{parties.organizer}")
        organizer.params["CN"] = vText(parties.organizer_name)
        attendee = vCalAddress(f"mailto:{parties.attendee}")
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["PARTSTAT"] = vText("NEEDS-ACTION")
        attendee.params["RSVP"] = vText("FALSE")  # nobody reads an answer to this address
        event.add("organizer", organizer)
        event.add("attendee", attendee)
    return event


@lru_cache(maxsize=64)
def _zone_rules(key: str, first_year: int, last_year: int) -> Timezone:
    """Return the rules of a zone for these years: what holds at their beginning, and each change of the clock.

    Nobody changes the result. The library has a function for this, which puts the change in spring an hour too late.
    """
    zone = ZoneInfo(key)
    rules = Timezone()
    rules.add("tzid", key)
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    rules.add_component(_observance(at, zone=zone, offset_before=_offset(at, zone)))
    while at < end:
        before = _offset(at, zone)
        if _offset(at + timedelta(days=1), zone) != before:
            change = at
            while _offset(change, zone) == before:
                change += timedelta(minutes=15)
            rules.add_component(_observance(change, zone=zone, offset_before=before))
        at += timedelta(days=1)
    return rules


def _observance(at: datetime, *, zone: ZoneInfo, offset_before: timedelta) -> TimezoneDaylight | TimezoneStandard:
    """Return what holds from an instant on. It begins at the hour that the clock showed before."""
    local = at.astimezone(zone)
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    part.add("dtstart", (at + offset_before).replace(tzinfo=None))
    part.add("tzoffsetfrom", offset_before)
    part.add("tzoffsetto", _offset(at, zone))
    part.add("tzname", local.tzname() or zone.key)
    return part


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
