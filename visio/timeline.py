"""What the interviews have to tell in a person's timeline: how they were booked and ended, held ones aside.

A held interview stands in the contact journal with its report.
"""

from collections.abc import Iterator

from accompaniment.french import moment_in_words
from caseload.enums import TimelineKind
from caseload.timeline import Event, Source, Stretch
from caseload.timeline_sources import newest, said_by
from visio.enums import InterviewState
from visio.models import Interview

ENDINGS = {
    InterviewState.INTERRUPTED: "Entretien interrompu par un problème technique : ce n'est pas une absence",
    InterviewState.MISSED: "Absence à l'entretien",
    InterviewState.CANCELLED: "Entretien annulé",
}


def bookings(stretch: Stretch) -> Iterator[Event]:
    zone = stretch.person.agency.zone
    for interview in newest(Interview.objects.select_related("booked_by", "adviser__user"), stretch, at="booked_at"):
        start = interview.starts_at.astimezone(zone)
        yield Event(
            at=interview.booked_at,
            kind=TimelineKind.INTERVIEW,
            title=f"Entretien fixé au {moment_in_words(start)}",
            channel=interview.get_channel_display(),
            text=f"Avec {interview.adviser}.",
            by=said_by(interview.booked_by),
        )


def endings(stretch: Stretch) -> Iterator[Event]:
    rows = Interview.objects.filter(state__in=ENDINGS).select_related("closed_by")
    for interview in newest(rows, stretch, at="closed_at"):
        yield Event(
            at=interview.closed_at,
            kind=TimelineKind.INTERVIEW,
            title=ENDINGS[InterviewState(interview.state)],
            text=interview.technical_failure_note,
            by=said_by(interview.closed_by),
        )


VISIO_SOURCES = [Source(kinds=frozenset({TimelineKind.INTERVIEW}), events=events) for events in (bookings, endings)]
