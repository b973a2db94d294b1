"""Whether messages that a notification tells of still wait for its reader."""

from collections.abc import Collection
from datetime import datetime

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification
from messaging.models import ReadMark

ABOUT_MESSAGES = (NotificationKind.UNREAD_MESSAGES,)
OF_A_MARK = ("user_id", "conversation_id", "number")


def read_among(notifications: Collection[Notification], now: datetime) -> set[int]:
    """Return the keys of the notifications whose reader has read everything that they count."""
    counted = {one.pk: one.context["up_to"] for one in notifications if one.context.get("up_to")}
    marks = ReadMark.objects.filter(
        user__in={one.user_id for one in notifications if one.pk in counted},
        conversation__in={int(conversation) for up_to in counted.values() for conversation in up_to},
    )
    read = {(user, str(conversation)): number for user, conversation, number in marks.values_list(*OF_A_MARK)}
    return {
        one.pk
        for one in notifications
        if one.pk in counted and all(read.get((one.user_id, pk), 0) >= number for pk, number in counted[one.pk].items())
    }
