"""A person's coming interviews in words."""

from collections.abc import Collection
from datetime import datetime

from accompaniment.enums import Channel
from accompaniment.models import Jobseeker
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import moment_there
from accompaniment.rules.presentation import CHANNELS
from visio.enums import InterviewState
from visio.models import Interview


def coming_in_words(person: Jobseeker, now: datetime) -> list[str]:
    """Return one sentence for each, with the reader's zone where the clocks of the two sides differ."""
    return [
        f"{moment_there(one.starts_at, zone=reader_zone(), others=one.zones, style='l j F Y').capitalize()}, "
        f"{CHANNELS[Channel(one.channel)]}, avec {one.adviser}"
        for one in Interview.objects.filter(jobseeker=person).with_people().coming(now)
    ]


def booked_in_words(people: Collection[int], now: datetime) -> dict[int, list[str]]:
    """Return each person's booked interviews in words, the nearest first, in one statement. Nobody's is left out.

    One that has begun is not among them: it stays with its adviser.
    """
    found: dict[int, list[str]] = {}
    booked = Interview.objects.filter(jobseeker__in=people, state=InterviewState.BOOKED, starts_at__gt=now)
    for one in booked.with_people().coming(now):
        found.setdefault(one.jobseeker_id, []).append(f"entretien du {day_hour_and_channel(one)}")
    return found


def next_in_words(person: Jobseeker, now: datetime) -> str:
    """Return the day and hour of the person's next interview on the person's clock; empty without one.

    The zone is named if the adviser's clock differs.
    """
    booked = Interview.objects.filter(jobseeker=person, state=InterviewState.BOOKED, starts_at__gt=now)
    one = booked.with_people().coming(now).first()
    return moment_there(one.starts_at, zone=person.agency.zone, others=one.zones) if one else ""


def day_hour_and_channel(interview: Interview) -> str:
    """Return the reader's day and hour, the channel and the adviser. Load the interview `with_people`.

    The zone is named if the other side reads another hour.
    """
    when = moment_there(interview.starts_at, zone=reader_zone(), others=interview.zones)
    return f"{when}, {CHANNELS[Channel(interview.channel_used)]}, avec {interview.adviser}"
