"""Letters about interviews that nobody needs any more."""

from datetime import datetime

from accompaniment.enums import NotificationKind, ObligationState
from accompaniment.models import Notification, Obligation
from visio.enums import InterviewState
from visio.models import Interview

ABOUT_AN_INTERVIEW = (NotificationKind.INTERVIEW_BOOKED,)
TO_CHOOSE = (NotificationKind.CHOOSE_SLOT,)
INVITATION_KEY = "choose-slot:"


def has_no_interview(notification: Notification, now: datetime) -> bool:
    """Return whether the interview of a convocation was cancelled or moved, or has begun."""
    interview: Interview | None = Interview.objects.filter(pk=notification.context.get("interview")).first()
    if interview is None:
        return False
    return interview.state != InterviewState.BOOKED or interview.starts_at <= now


def has_nothing_to_choose(notification: Notification, now: datetime) -> bool:
    """Return whether the interview that the person should choose is chosen, or no longer due."""
    pk = notification.key.removeprefix(INVITATION_KEY).split(":")[0]
    if not pk.isdecimal():
        return False
    obligation = Obligation.objects.filter(pk=pk).first()
    if obligation is None:
        return False
    return obligation.state != ObligationState.DUE or Interview.objects.coming(now).filter(obligation=pk).exists()
