"""Events of interviews for a person's timeline: bookings and ends.

Held interviews are in the contact journal, with their reports.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from accompaniment.enums import Channel
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import moment_there, weekday_in_words
from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, Happened
from caseload.reads.file.timeline_sources import name_of, own, source, titled
from visio.enums import InterviewState, RescueReply
from visio.models import AbsenceAnswer, Interview, InterviewEvent, RescueAnswer
from visio.rules import ABSENCE_STATES
from visio.rules.states import last_day_to_answer

ENDINGS = {
    InterviewState.INTERRUPTED: "Entretien interrompu par un problème technique\u00a0: ce n'est pas une absence",
    InterviewState.EXCUSED: "La personne n'est pas venue à l'entretien, sans suite",
    InterviewState.CANCELLED: "Entretien annulé",
}

DECISIONS = {
    InterviewState.MISSED: "Absence confirmée",
    InterviewState.EXCUSED: "Absence classée sans suite",
}

ADVISERS_ZONE = "adviser__agency__departement__region__timezone"

WHY_CANCELLED = Subquery(
    InterviewEvent.objects.filter(interview=OuterRef("pk"), to_state=InterviewState.CANCELLED).values("reason")[:1]
)
"""What whoever cancelled an interview wrote; empty for none."""


def booking(happened: Happened) -> Event:
    when = moment_there(
        datetime.fromisoformat(happened["starts_at"]),
        zone=reader_zone(),
        others=(happened.person.agency.zone, ZoneInfo(happened["zone"])),
    )
    return Event(
        at=happened.at,
        kind=TimelineKind.INTERVIEW,
        title=f"Entretien fixé au {when}",
        channel=Channel(happened["channel"]).label,
        text=f"Avec {happened['adviser']}.",
        by=happened["by"].strip(),
    )


def ending(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.INTERVIEW,
        title=ENDINGS[InterviewState(happened["state"])],
        text=happened["note"],
        by=happened["by"].strip(),
    )


def absence(happened: Happened) -> Event:
    until = datetime.fromisoformat(happened["answer_until"])
    day = last_day_to_answer(until, zone=ZoneInfo(happened["zone"]))
    return Event(
        at=happened.at,
        kind=TimelineKind.INTERVIEW,
        title="Absence à l'entretien notée",
        text=f"La personne peut s'expliquer jusqu'au {weekday_in_words(day)} inclus.",
        by=happened["by"].strip(),
    )


def explanation(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.INTERVIEW,
        title="Absence expliquée par la personne",
        text=happened["text"],
    )


def decision(happened: Happened) -> Event:
    title = DECISIONS[InterviewState(happened["to_state"])]
    return titled(TimelineKind.INTERVIEW, title)(happened)


REPLIES = {
    RescueReply.COMING: "a répondu «\u00a0J'arrive\u00a0»",
    RescueReply.TROUBLE: "a signalé un problème technique",
    RescueReply.CANNOT: "a répondu «\u00a0Je ne peux pas\u00a0»",
}


def rescue_answer(happened: Happened) -> Event:
    said = REPLIES[RescueReply(happened["reply"])]
    return Event(
        at=happened.at,
        kind=TimelineKind.INTERVIEW,
        title=f"À l'heure de l'entretien, {happened['by'].strip()} {said}",
        by=happened["by"].strip(),
    )


VISIO_SOURCES = [
    source(
        TimelineKind.INTERVIEW,
        own(Interview.objects.all()),
        booking,
        at="booked_at",
        starts_at="starts_at",
        zone=ADVISERS_ZONE,
        channel="channel",
        adviser=name_of("adviser__user"),
        by=name_of("booked_by"),
    ),
    source(
        TimelineKind.INTERVIEW,
        own(Interview.objects.filter(state__in=ENDINGS, noted_at=None)),
        ending,
        at="closed_at",
        state="state",
        note=Coalesce(NullIf("technical_failure_note", Value("")), WHY_CANCELLED, Value("")),
        by=name_of("closed_by"),
    ),
    source(
        TimelineKind.INTERVIEW,
        own(Interview.objects.all()),
        absence,
        at="noted_at",
        answer_until="answer_until",
        zone=ADVISERS_ZONE,
        by=name_of("noted_by"),
    ),
    source(
        TimelineKind.INTERVIEW,
        own(RescueAnswer.objects.all(), "interview__jobseeker"),
        rescue_answer,
        reply="reply",
        by=name_of("actor"),
    ),
    source(TimelineKind.INTERVIEW, own(AbsenceAnswer.objects.all()), explanation, text="text"),
    source(
        TimelineKind.INTERVIEW,
        own(InterviewEvent.objects.filter(from_state__in=ABSENCE_STATES), "interview__jobseeker"),
        decision,
        to_state="to_state",
        text="reason",
        by=name_of("actor"),
    ),
]
