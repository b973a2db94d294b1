"""The proof that a convocation was delivered."""

from datetime import datetime

from accompaniment.enums import AuditAction, NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Notification
from accompaniment.services import audit
from visio.models import Interview


def note_convocation(notification: Notification, at: datetime) -> None:
    """Store when the mail server accepted an interview's convocation, in the caller's transaction.

    A letter about a voluntary appointment is no convocation, and proves nothing. The first instant is kept. The person
    is locked first, as before every write to a file.
    """
    if notification.kind != NotificationKind.INTERVIEW_BOOKED or notification.jobseeker_id is None:
        return
    if not notification.context.get("is_mandatory"):
        return
    person = lock_jobseeker(notification.jobseeker_id)
    interview = notification.context["interview"]
    noted = Interview.objects.filter(pk=interview, jobseeker=person, convocation_delivered_at=None).update(
        convocation_delivered_at=at
    )
    if noted:
        audit.record(
            actor=None,
            jobseeker=person,
            action=AuditAction.INTERVIEW,
            interview=interview,
            event="convocation_delivered",
            delivered_at=at,
        )
