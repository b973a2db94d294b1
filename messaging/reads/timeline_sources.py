"""Events of call-back requests for a person's timeline. Calls and messages are in the contact journal."""

from collections.abc import Iterator

from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, Source, TimelineRequest
from caseload.reads.file.timeline_sources import newest, said_by
from messaging.enums import CallbackState
from messaging.models import CallbackRequest


def requests_made(asked: TimelineRequest) -> Iterator[Event]:
    for request in newest(CallbackRequest.objects.all(), asked, at="asked_at"):
        way = ", par écrit" if request.in_writing else ""
        yield Event(
            at=request.asked_at,
            kind=TimelineKind.CONTACT,
            title=f"Rappel demandé{way} : {request.get_subject_display().lower()}",
            text=request.comment,
            by=asked.person.full_name,
        )


def ended_without_a_call(asked: TimelineRequest) -> Iterator[Event]:
    rows = CallbackRequest.objects.exclude(state__in=(CallbackState.OPEN, CallbackState.DONE))
    for request in newest(rows.select_related("closed_by"), asked, at="closed_at"):
        yield Event(
            at=request.closed_at,
            kind=TimelineKind.CONTACT,
            title=f"Demande de rappel : {request.get_state_display().lower()}",
            by=said_by(request.closed_by),
        )


MESSAGING_SOURCES = [
    Source(kinds=frozenset({TimelineKind.CONTACT}), events=events) for events in (requests_made, ended_without_a_call)
]
