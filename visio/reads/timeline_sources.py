"""Events of interviews for a person's timeline: bookings and ends.

Held interviews are in the contact journal, with their reports.
"""

from collections.abc import Iterator

from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import moment_there, weekday_in_words
from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, Source, TimelineRequest
from caseload.reads.file.timeline_sources import newest, said_by
from visio.enums import InterviewState
from visio.models import AbsenceAnswer, Interview, InterviewEvent
from visio.rules import ABSENCE_STATES

ENDINGS = {
    InterviewState.INTERRUPTED: "Entretien interrompu par un problème technique : ce n'est pas une absence",
    InterviewState.EXCUSED: "La personne n'est pas venue à l'entretien, sans suite",
    InterviewState.CANCELLED: "Entretien annulé",
}

DECISIONS = {
    InterviewState.MISSED: "Absence confirmée",
    InterviewState.EXCUSED: "Absence classée sans suite",
}


def bookings(asked: TimelineRequest) -> Iterator[Event]:
    for interview in newest(Interview.objects.with_people().select_related("booked_by"), asked, at="booked_at"):
        when = moment_there(interview.starts_at, zone=reader_zone(), others=interview.zones)
        yield Event(
            at=interview.booked_at,
            kind=TimelineKind.INTERVIEW,
            title=f"Entretien fixé au {when}",
            channel=interview.get_channel_display(),
            text=f"Avec {interview.adviser}.",
            by=said_by(interview.booked_by),
        )


def endings(asked: TimelineRequest) -> Iterator[Event]:
    rows = Interview.objects.filter(state__in=ENDINGS, noted_at=None).select_related("closed_by")
    for interview in newest(rows, asked, at="closed_at"):
        yield Event(
            at=interview.closed_at,
            kind=TimelineKind.INTERVIEW,
            title=ENDINGS[InterviewState(interview.state)],
            text=interview.technical_failure_note,
            by=said_by(interview.closed_by),
        )


def absences(asked: TimelineRequest) -> Iterator[Event]:
    rows = Interview.objects.select_related("noted_by", "adviser__agency__departement__region")
    for interview in newest(rows, asked, at="noted_at"):
        if interview.noted_at is not None and interview.answer_by is not None:
            yield Event(
                at=interview.noted_at,
                kind=TimelineKind.INTERVIEW,
                title="Absence à l'entretien notée",
                text=f"La personne peut s'expliquer jusqu'au {weekday_in_words(interview.answer_by)} inclus.",
                by=said_by(interview.noted_by),
            )


def explanations(asked: TimelineRequest) -> Iterator[Event]:
    for answer in newest(AbsenceAnswer.objects.all(), asked):
        yield Event(
            at=answer.at,
            kind=TimelineKind.INTERVIEW,
            title="Absence expliquée par la personne",
            text=answer.text,
        )


def decisions(asked: TimelineRequest) -> Iterator[Event]:
    rows = InterviewEvent.objects.filter(from_state__in=ABSENCE_STATES).select_related("actor")
    for event in newest(rows, asked, person="interview__jobseeker"):
        yield Event(
            at=event.at,
            kind=TimelineKind.INTERVIEW,
            title=DECISIONS[InterviewState(event.to_state)],
            text=event.reason,
            by=said_by(event.actor),
        )


VISIO_SOURCES = [
    Source(kinds=frozenset({TimelineKind.INTERVIEW}), events=events)
    for events in (bookings, endings, absences, explanations, decisions)
]
