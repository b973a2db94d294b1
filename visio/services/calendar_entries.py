"""What calendars are told of an interview: one name for all its life, and a version that grows with each change.

Each function runs in the transaction of the act, with the interview or its person locked.
"""

from typing import Any

from django.db.models import F

from accompaniment.enums import CalendarMethod
from messaging.services.calendar_parts import calendar_facts
from visio.models import Interview


def new_entry(interview: Interview, *, replaces: Interview | None) -> dict[str, Any]:
    """Return the facts for a new interview. If it `replaces` another one, it is that one's next version."""
    if replaces is not None:
        replaces.refresh_from_db(fields=["calendar_uid", "calendar_sequence"])
        interview.calendar_uid = replaces.calendar_uid
        interview.calendar_sequence = replaces.calendar_sequence + 1
        interview.save(update_fields=["calendar_uid", "calendar_sequence"])
    return _facts(interview, CalendarMethod.REQUEST)


def next_entry(interview: Interview, method: CalendarMethod = CalendarMethod.REQUEST) -> dict[str, Any]:
    """Return the facts for the next version of an interview, changed or cancelled."""
    Interview.objects.filter(pk=interview.pk).update(calendar_sequence=F("calendar_sequence") + 1)
    interview.refresh_from_db(fields=["calendar_sequence"])
    return _facts(interview, method)


def _facts(interview: Interview, method: CalendarMethod) -> dict[str, Any]:
    return calendar_facts(
        uid=str(interview.calendar_uid),
        sequence=interview.calendar_sequence,
        method=method,
        starts_at=interview.starts_at,
        ends_at=interview.ends_at,
    )
