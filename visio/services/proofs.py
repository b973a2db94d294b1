"""The proof that a convocation arrived."""

from datetime import datetime

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification
from visio.models import Interview


def note_convocation(notification: Notification, at: datetime) -> None:
    """Write on the interview when the mail server took its convocation; the first time stands."""
    if notification.kind != NotificationKind.INTERVIEW_BOOKED:
        return
    Interview.objects.filter(pk=notification.context["interview"], convocation_delivered_at=None).update(
        convocation_delivered_at=at
    )
