"""Messages to people about their interviews, outside the pages."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import CalendarMethod, Channel, NotificationKind
from accompaniment.models import User
from accompaniment.rules.french import (
    delay_in_words,
    hour_in_words,
    moment_there,
    weekday_in_words,
    zone_beside,
    zone_in_words,
)
from accompaniment.rules.presentation import CHANNELS
from accompaniment.services import outbox
from caseload.models import Adviser
from visio.enums import InterviewState, RoomRole
from visio.models import Interview
from visio.rules import ROOM_OPENS_BEFORE
from visio.rules.reminders import Reminder
from visio.services.calendar_entries import new_entry, next_entry

CONVOCATION_KEY = "interview-booked:"

HOW_TO_JOIN = {
    Channel.VIDEO: (
        f"Ouvrez votre espace et appuyez sur « Rejoindre », à partir de {delay_in_words(ROOM_OPENS_BEFORE)} avant "
        "l'heure. "
        "Vous pouvez tester votre caméra et votre micro dès maintenant."
    ),
    Channel.PHONE: "Votre conseiller vous appelle à l'heure dite. Gardez votre téléphone à portée de main.",
    Channel.ON_SITE: "Présentez-vous à l'accueil de votre agence.",
}


def convocation_key(interview_pk: int) -> str:
    return f"{CONVOCATION_KEY}{interview_pk}"


def reminder_key(interview: Interview, reminder: Reminder) -> str:
    return f"interview-reminder:{interview.pk}:{interview.starts_at:%Y%m%d%H%M}:{reminder.moment}"


def send_convocation(interview: Interview, *, replaces: Interview | None = None) -> bool:
    """Put the convocation into the outbox: date, hour with its zone, channel, adviser and how to join."""
    return outbox.notify_jobseeker(
        key=convocation_key(interview.pk),
        kind=NotificationKind.INTERVIEW_BOOKED,
        jobseeker=interview.jobseeker,
        context={
            **_convocation(interview, replaces=_when(replaces) if replaces else ""),
            **new_entry(interview, replaces=replaces),
        },
    )


def send_now_obligatory(interview: Interview) -> bool:
    """Send the convocation to an interview that was booked voluntarily and now holds an obligation."""
    return outbox.notify_jobseeker(
        key=f"interview-obligatory:{interview.pk}:{interview.obligation_id}",
        kind=NotificationKind.INTERVIEW_BOOKED,
        jobseeker=interview.jobseeker,
        context={**_convocation(interview, became_mandatory=True), **next_entry(interview)},
    )


def send_reminder(interview: Interview, reminder: Reminder) -> bool:
    """Remind the person of an interview, once for its hour and this moment."""
    return outbox.notify_jobseeker(
        key=reminder_key(interview, reminder),
        kind=NotificationKind.INTERVIEW_REMINDER,
        jobseeker=interview.jobseeker,
        context={**_convocation(interview), "moment": reminder.moment.value},
    )


def send_rescue(interview: Interview, side: RoomRole) -> bool:
    """Ask one side of an interview that has begun without it what happens; both at their own clock."""
    key, kind = f"interview-rescue:{interview.pk}:{side}", NotificationKind.INTERVIEW_RESCUE
    to_person = side == RoomRole.JOBSEEKER
    zone = (interview.jobseeker if to_person else interview.adviser).agency.zone
    reader, other = interview.jobseeker, interview.adviser.user
    facts = {
        "first_name": reader.first_name if to_person else other.first_name,
        "interview": interview.pk,
        "side": side.value,
        "hour": hour_in_words(interview.starts_at.astimezone(zone)),
        "beside": zone_beside(interview.starts_at, zone=zone, others=interview.zones),
        "other": other if to_person else reader,
        "to_person": to_person,
        "path": reverse("rescue", args=[interview.token]),
    }
    if to_person:
        return outbox.notify_jobseeker(key=key, kind=kind, jobseeker=reader, context=facts)
    return outbox.notify(key=key, kind=kind, email=other.email, user=other, context=facts)


def send_cancellation(
    interview: Interview, *, message: str = "", author: User | None = None, choose: bool = False
) -> bool:
    """Say that an interview will not take place, with the message of its author, or ask for another slot."""
    return outbox.notify_jobseeker(
        key=f"interview-cancelled:{interview.pk}",
        kind=NotificationKind.INTERVIEW_CANCELLED,
        jobseeker=interview.jobseeker,
        context={
            **_facts(interview),
            **next_entry(interview, CalendarMethod.CANCEL),
            "message": message,
            "author": author or "",
            "choose": choose,
        },
    )


def send_new_adviser(interview: Interview, *, instead_of: Adviser) -> bool:
    """Say that a colleague holds an interview, which stays as it was booked."""
    return outbox.notify_jobseeker(
        key=f"interview-relayed:{interview.pk}:{interview.adviser_id}:{timezone.now():%Y%m%d%H%M%S%f}",
        kind=NotificationKind.INTERVIEW_BOOKED,
        jobseeker=interview.jobseeker,
        context={**_convocation(interview, instead_of=instead_of.user), **next_entry(interview)},
    )


def invite_again(interview: Interview) -> bool:
    """Ask for another slot for the obligation of an interview that a technical problem ended."""
    if interview.obligation is None:
        return False
    return outbox.notify_jobseeker(
        key=f"choose-slot:{interview.obligation.pk}:after:{interview.pk}",
        kind=NotificationKind.CHOOSE_SLOT,
        jobseeker=interview.jobseeker,
        context=choose_slot_context(first_name=interview.jobseeker.first_name, due_on=interview.obligation.due_on),
    )


def send_absence_noted(interview: Interview) -> bool:
    """Say that an absence was noted, that nothing is decided, and until when the person may explain it."""
    return outbox.notify_jobseeker(
        key=f"absence-noted:{interview.pk}",
        kind=NotificationKind.ABSENCE_NOTED,
        jobseeker=interview.jobseeker,
        context={
            **_facts(interview),
            "noted_by": interview.noted_by or "",
            "answer_by": weekday_in_words(interview.answer_by) if interview.answer_by else "",
            "path": reverse("explain_absence", args=[interview.pk]),
        },
    )


def send_absence_decided(interview: Interview, *, decided_by: User, reason: str) -> bool:
    """Say what a named person decided about a noted absence, why, and how to contest it."""
    return outbox.notify_jobseeker(
        key=f"absence-decided:{interview.pk}:{interview.state}",
        kind=NotificationKind.ABSENCE_DECIDED,
        jobseeker=interview.jobseeker,
        context={
            **_facts(interview),
            "decided_by": decided_by,
            "kept": interview.state == InterviewState.MISSED,
            "reason": reason,
            "agency": interview.jobseeker.agency.name,
            "path": reverse("explain_absence", args=[interview.pk]),
        },
    )


def choose_slot_context(*, first_name: str, due_on: date) -> dict[str, str]:
    """Return the context of an invitation to choose a slot; the letter writes the day."""
    return {"first_name": first_name, "due_on": due_on.isoformat(), "path": reverse("my_interviews")}


def _convocation(
    interview: Interview, *, replaces: str = "", instead_of: User | None = None, became_mandatory: bool = False
) -> dict[str, Any]:
    return {
        **_facts(interview),
        "how_to_join": HOW_TO_JOIN[Channel(interview.channel)],
        "phone": interview.jobseeker.phone if interview.channel == Channel.PHONE else "",
        "address": _address(interview) if interview.channel == Channel.ON_SITE else "",
        "is_mandatory": interview.obligation is not None,
        "became_mandatory": became_mandatory,
        "replaces": replaces,
        "instead_of": instead_of or "",
    }


def _facts(interview: Interview) -> dict[str, Any]:
    zone = interview.jobseeker.agency.zone
    local = interview.starts_at.astimezone(zone)
    return {
        "first_name": interview.jobseeker.first_name,
        "interview": interview.pk,
        "day": weekday_in_words(local.date()),
        "hour": hour_in_words(local),
        "zone": zone_in_words(zone),
        "beside": zone_beside(interview.starts_at, zone=zone, others=interview.zones),
        "channel": CHANNELS[Channel(interview.channel)].capitalize(),
        "adviser": interview.adviser.user,
        "path": reverse("my_interviews"),
    }


def _when(interview: Interview) -> str:
    return moment_there(interview.starts_at, zone=interview.jobseeker.agency.zone, others=interview.zones)


def _address(interview: Interview) -> str:
    agency = interview.adviser.agency
    return ", ".join(
        part for part in (agency.name, agency.address, f"{agency.postal_code} {agency.commune}".strip()) if part
    )
