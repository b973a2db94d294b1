"""Letters about interviews that nobody needs any more."""

from collections.abc import Collection
from datetime import datetime

from accompaniment.enums import NotificationKind, ObligationState
from accompaniment.models import Notification, Obligation
from visio.enums import InterviewState
from visio.models import Interview

ABOUT_AN_INTERVIEW = (NotificationKind.INTERVIEW_BOOKED,)
TO_CHOOSE = (NotificationKind.CHOOSE_SLOT,)
INVITATION_KEY = "choose-slot:"


def without_interview(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the convocations whose interview was cancelled or moved, or has begun."""
    told = {one.pk: one.context.get("interview") for one in notifications}
    known: dict[int, Interview] = Interview.objects.in_bulk({pk for pk in told.values() if pk is not None})
    return {
        key
        for key, pk in told.items()
        if pk in known and (known[pk].state != InterviewState.BOOKED or known[pk].starts_at <= now)
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
