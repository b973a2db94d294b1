"""Tables of the messaging floor: conversations, call-back requests, and deliveries outside the pages."""

from messaging.models.attachments import OF_AN_ATTACHMENT, Attachment, PieceLeft
from messaging.models.callbacks import CallbackAttempt, CallbackEvent, CallbackRequest, CallbackWindow, of_the_team
from messaging.models.conversations import (
    OF_A_MESSAGE,
    Conversation,
    ConversationQuerySet,
    Message,
    MessageChange,
    MessageSearch,
    ReadMark,
    Reminder,
    ReplyRise,
    WaitEnd,
)
from messaging.models.deliveries import Alert, Delivery, DemonstrationEmail, SmsDay, ToldMark, UnreadRound
from messaging.models.replies import CannedReply
from messaging.models.sendings import Dispatch, DispatchRecipient, PlannedMessage
from messaging.models.steps import MessageStep

__all__ = [
    "OF_AN_ATTACHMENT",
    "OF_A_MESSAGE",
    "Alert",
    "Attachment",
    "CallbackAttempt",
    "CallbackEvent",
    "CallbackRequest",
    "CallbackWindow",
    "CannedReply",
    "Conversation",
    "ConversationQuerySet",
    "Delivery",
    "DemonstrationEmail",
    "Dispatch",
    "DispatchRecipient",
    "Message",
    "MessageChange",
    "MessageSearch",
    "MessageStep",
    "PieceLeft",
    "PlannedMessage",
    "ReadMark",
    "Reminder",
    "ReplyRise",
    "SmsDay",
    "ToldMark",
    "UnreadRound",
    "WaitEnd",
    "of_the_team",
]
