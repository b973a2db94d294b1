"""What a letter about an appointment asks of its reader's calendar: to note it, to change it, or to cancel it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from accompaniment.enums import CalendarMethod
from accompaniment.rules.calendars import Appointment, Parties, calendar_file, title_of

CALENDAR = "calendar"
"""The key of a notification's context under which the facts for the calendar stand."""


@dataclass(frozen=True, kw_only=True)
class CalendarPart:
    """The part of a letter that a calendar reads."""

    text: str
    kind: str
    filename: str = "entretien.ics"


def calendar_facts(
    *, uid: str, sequence: int, method: CalendarMethod, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    """Return what a context stores for the calendar. Names and words are those of the letter."""
    return {
        CALENDAR: {
            "uid": uid,
            "sequence": sequence,
            "method": method.value,
            "starts_at": starts_at.isoformat(),
            "ends_at": ends_at.isoformat(),
        }
    }


def calendar_part(
    context: Mapping[str, Any], *, link: str, attendee: str, zone: ZoneInfo, now: datetime
) -> CalendarPart | None:
    """Return the part for a letter with this context, on the reader's clock; None if it has none.

    It says nothing that the letter does not say.
    """
    facts = context.get(CALENDAR)
    if not facts:
        return None
    method = CalendarMethod(facts["method"])
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    appointment = Appointment(
        uid=facts["uid"],
        sequence=facts["sequence"],
        starts_at=datetime.fromisoformat(facts["starts_at"]),
        ends_at=datetime.fromisoformat(facts["ends_at"]),
        title=title_of(channel=context["channel"], adviser=str(context["adviser"])),
        place=str(context.get("address") or context["channel"]),
        text=str(context.get("how_to_join", "")),
        url=link,
    )
    content = calendar_file(
        [appointment],
        method=method,
        zone=zone,
        now=now,
        parties=Parties(organizer=address, organizer_name=name or address, attendee=attendee),
    )
    return CalendarPart(text=content.decode(), kind=f"text/calendar; method={method.value}")
