"""The locks of messaging, in the order of `accompaniment.locks`."""

from datetime import datetime

from accompaniment.locks import Rank, lock_first, lock_row
from accompaniment.models import Notification
from messaging.models import CallbackRequest, Conversation


def lock_conversation(pk: int) -> Conversation:
    """Lock a conversation, so that its messages are numbered one by one."""
    conversations = Conversation.objects.select_related("jobseeker__agency__departement__region")
    conversation: Conversation = lock_row(Rank.REST, conversations.filter(pk=pk))
    return conversation


def lock_callback(pk: int) -> CallbackRequest:
    """Lock a call-back request. Its person is locked before."""
    request: CallbackRequest = lock_row(Rank.REST, CallbackRequest.objects.filter(pk=pk))
    return request


def take_notification(now: datetime) -> Notification | None:
    """Take the oldest due notification in hand; return None if nothing is due or other workers have all of it."""
    due = Notification.objects.to_send(now).select_related("user")
    return lock_first(Rank.IN_HAND, due, skip_locked=True)


def lock_notification(pk: int) -> Notification:
    """Lock a notification. The person that it concerns is locked before."""
    return lock_row(Rank.REST, Notification.objects.filter(pk=pk))
