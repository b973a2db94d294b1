"""Events of call-back requests for a person's timeline. Calls and messages are in the contact journal."""

from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, Happened
from caseload.reads.file.timeline_sources import name_of, own, source
from messaging.enums import CallbackState, CallbackSubject, CallbackWay
from messaging.models import CallbackRequest
from messaging.rules import OPEN_CALLBACKS

WAYS_SAID = {
    CallbackWay.CHAT: "par écrit",
    CallbackWay.VIDEO: "en visio",
    CallbackWay.RELAY_TEXT: "avec transcription écrite",
    CallbackWay.RELAY_SIGNS: "avec interprète en langue des signes",
}


def request_made(happened: Happened) -> Event:
    way = "" if happened["way"] == CallbackWay.PHONE else f", {WAYS_SAID[CallbackWay(happened['way'])]}"
    return Event(
        at=happened.at,
        kind=TimelineKind.CONTACT,
        title=f"Rappel demandé{way}\u00a0: {CallbackSubject(happened['subject']).label.lower()}",
        text=happened["comment"],
        by=happened.person.full_name,
    )


def ended_without_a_call(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.CONTACT,
        title=f"Demande de rappel\u00a0: {CallbackState(happened['state']).label.lower()}",
        by=happened["by"].strip(),
    )


MESSAGING_SOURCES = [
    source(
        TimelineKind.CONTACT,
        own(CallbackRequest.objects.all()),
        request_made,
        at="asked_at",
        way="way",
        subject="subject",
        comment="comment",
    ),
    source(
        TimelineKind.CONTACT,
        own(CallbackRequest.objects.exclude(state__in=(*OPEN_CALLBACKS, CallbackState.DONE))),
        ended_without_a_call,
        at="closed_at",
        state="state",
        by=name_of("closed_by"),
    ),
]
