"""Letters about interviews that nobody needs any more."""

from collections.abc import Collection
from datetime import datetime

from accompaniment.enums import NotificationKind, ObligationState
from accompaniment.models import Notification, Obligation
from visio.enums import InterviewState, RoomRole
from visio.models import Interview, RescueAnswer
from visio.rules.reminders import reminder_at
from visio.rules.rescue import may_be_called

ABOUT_AN_INTERVIEW = (NotificationKind.INTERVIEW_BOOKED, NotificationKind.INTERVIEW_REMINDER)
RESCUES = (NotificationKind.INTERVIEW_RESCUE,)
REMINDERS = (NotificationKind.INTERVIEW_REMINDER,)
TO_CHOOSE = (NotificationKind.CHOOSE_SLOT,)
INVITATION_KEY = "choose-slot:"


def without_interview(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the convocations and reminders whose interview was cancelled or moved, or has begun."""
    told = {one.pk: one.context.get("interview") for one in notifications}
    known: dict[int, Interview] = Interview.objects.in_bulk({pk for pk in told.values() if pk is not None})
    return {
        key
        for key, pk in told.items()
        if pk in known and (known[pk].state != InterviewState.BOOKED or known[pk].starts_at <= now)
    }


def rescued(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the calls whose reader is there by now or has answered, or whose interview is over."""
    told = {one.pk: (one.context.get("interview"), one.context.get("side")) for one in notifications}
    known: dict[int, Interview] = Interview.objects.in_bulk({pk for pk, _ in told.values() if pk})
    answered = set(RescueAnswer.objects.filter(interview__in=known).values_list("interview", "side"))
    return {
        key
        for key, (pk, side) in told.items()
        if pk in known and ((pk, side) in answered or not _is_missed(known[pk], side=side or "", now=now))
    }


def _is_missed(interview: Interview, *, side: str, now: datetime) -> bool:
    there = interview.in_room_since if side == RoomRole.JOBSEEKER else interview.adviser_in_room_since
    return (
        there is None
        and interview.phone_since is None
        and interview.technical_failure_at is None
        and may_be_called(state=interview.state, starts_at=interview.starts_at, ends_at=interview.ends_at, now=now)
    )


def overtaken(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the reminders that waited so long that the next reminder of their interview is due."""
    told = {one.pk: (one.context.get("interview"), one.context.get("moment")) for one in notifications}
    known: dict[int, Interview] = Interview.objects.with_people().in_bulk({pk for pk, _ in told.values() if pk})
    return {
        key
        for key, (pk, moment) in told.items()
        if pk in known
        and (last := reminder_at(known[pk].starts_at, zone=known[pk].jobseeker.agency.zone, now=now)) is not None
        and last.moment != moment
    }


def without_choice(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the invitations whose interview is chosen, or no longer due."""
    asked = {one.pk: one.key.removeprefix(INVITATION_KEY).split(":")[0] for one in notifications}
    numbers = {key: int(text) for key, text in asked.items() if text.isdecimal()}
    known: dict[int, Obligation] = Obligation.objects.in_bulk(set(numbers.values()))
    coming = Interview.objects.coming(now).filter(obligation__in=known).values_list("obligation", flat=True)
    chosen = set(coming) if known else set()
    return {
        key for key, pk in numbers.items() if pk in known and (known[pk].state != ObligationState.DUE or pk in chosen)
    }
