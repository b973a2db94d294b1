"""What call-back requests have to tell in a person's timeline; calls and exchanges stand in the contact journal."""

from collections.abc import Iterator

from caseload.enums import TimelineKind
from caseload.timeline import Event, Source, Stretch
from caseload.timeline_sources import newest, said_by
from messaging.enums import CallbackState
from messaging.models import CallbackRequest


def asked(stretch: Stretch) -> Iterator[Event]:
    for request in newest(CallbackRequest.objects.all(), stretch, at="asked_at"):
        yield Event(
            at=request.asked_at,
            kind=TimelineKind.CONTACT,
            title=f"Rappel demandé : {request.get_subject_display().lower()}",
            text=request.comment,
            by=stretch.person.full_name,
        )


def ended_without_a_call(stretch: Stretch) -> Iterator[Event]:
    rows = CallbackRequest.objects.exclude(state__in=(CallbackState.OPEN, CallbackState.DONE))
    for request in newest(rows.select_related("closed_by"), stretch, at="closed_at"):
        yield Event(
            at=request.closed_at,
            kind=TimelineKind.CONTACT,
            title=f"Demande de rappel : {request.get_state_display().lower()}",
            by=said_by(request.closed_by),
        )


MESSAGING_SOURCES = [
    Source(kinds=frozenset({TimelineKind.CONTACT}), events=events) for events in (asked, ended_without_a_call)
]
