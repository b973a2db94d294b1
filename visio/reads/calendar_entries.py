"""Interviews as calendars have them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from accompaniment.enums import Channel
from accompaniment.models import User
from accompaniment.rules.calendars import Appointment, title_of
from accompaniment.rules.presentation import CHANNELS
from visio.enums import InterviewState
from visio.models import Interview
from visio.rules import LIVE_STATES

KEPT_IN_A_FEED = timedelta(days=30)
MOST_IN_A_FEED = 500
DISCREET = "Rendez-vous"
"""The title in a calendar that others may read: it says nothing of a search for work."""


def as_appointment(interview: Interview, reader: User, *, tells_subject: bool = True) -> Appointment:
    """Return an interview for the reader's own calendar. Load it `with_people`.

    The adviser's has no name of a person: many calendars of the staff are kept by another company.
    """
    channel = CHANNELS[Channel(interview.channel_used)]
    title, place, url = DISCREET, "", ""
    if tells_subject:
        is_person = interview.jobseeker.user_id == reader.pk
        adviser = interview.adviser.user.full_name
        title = title_of(channel=channel, adviser=adviser) if is_person else f"Entretien {channel}"
        place = channel.capitalize()
        url = f"{settings.PUBLIC_URL}{reverse('my_interviews' if is_person else 'agenda')}"
    return Appointment(
        uid=str(interview.calendar_uid),
        sequence=interview.calendar_sequence,
        starts_at=interview.starts_at,
        ends_at=interview.ends_at,
        title=title,
        place=place,
        url=url,
    )


def feed_of(reader: User, *, tells_subject: bool, now: datetime) -> list[Appointment]:
    """Return the reader's own interviews that are to come, or were held within the last days, the first one first."""
    kept = Interview.objects.of_the_two(reader).filter(
        state__in=(*LIVE_STATES, InterviewState.HELD), ends_at__gt=now - KEPT_IN_A_FEED
    )
    found = kept.with_people().order_by("starts_at", "pk")[:MOST_IN_A_FEED]
    return [as_appointment(interview, reader, tells_subject=tells_subject) for interview in found]
