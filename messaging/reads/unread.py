"""Whether messages that a notification tells of still wait for its reader."""

from datetime import datetime

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification
from messaging.models import ReadMark

ABOUT_MESSAGES = (NotificationKind.UNREAD_MESSAGES,)


def has_read_all(notification: Notification, now: datetime) -> bool:
    """Return whether the reader has read everything that the notification counts."""
    up_to: dict[str, int] = notification.context.get("up_to", {})
    if not up_to:
        return False
    marks = ReadMark.objects.filter(user=notification.user, conversation__in=[int(pk) for pk in up_to])
    read = {str(mark.conversation_id): mark.number for mark in marks}
    return all(read.get(pk, 0) >= number for pk, number in up_to.items())
