"""The files of messages."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet

from accompaniment.models import User
from accompaniment.models.guards import AppendOnly
from messaging.enums import AttachmentState, LeftFor
from messaging.models.conversations import Conversation, Message, MessageChange


class AttachmentQuerySet(QuerySet[Any]):
    def readable_by(self, user: User) -> Self:
        """Keep the files of messages that the user may read, and their own that no message carries yet.

        Those of a deleted message are as gone as its text.
        """
        return self.filter(
            Q(message__isnull=False) | Q(uploader=user), conversation__in=Conversation.objects.readable_by(user)
        ).exclude(Q(state=AttachmentState.ARRIVING) | Q(message__in=MessageChange.objects.deleted()))

    def to_erase(self, now: datetime) -> Self:
        """Keep the files that are still on the disk although their message was deleted long enough ago."""
        long_ago = MessageChange.objects.deleted().filter(
            at__lte=now - timedelta(days=settings.DELETED_FILES_KEPT_DAYS)
        )
        on_the_disk = self.filter(state__in=(AttachmentState.WAITING, AttachmentState.READY))
        return on_the_disk.filter(message__in=long_ago).order_by("pk")

    def unsent(self, user: User, conversation: Conversation, pks: Collection[int]) -> Self:
        """Keep the files among these that the user has stored for a conversation and not sent."""
        return self.unbound().filter(uploader=user, conversation=conversation, pk__in=pks).order_by("pk")

    def unbound(self) -> Self:
        """Keep the files that no message carries."""
        return self.filter(message=None)


class Attachment(models.Model):
    """A file of a conversation: first of its uploader alone, then of the message that carries it.

    The file is below `ATTACHMENTS_ROOT`, under its random `key`. An infected one is deleted, and so is that of a
    deleted message after `DELETED_FILES_KEPT_DAYS`.
    """

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="attachments")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="attachments")
    position = models.PositiveSmallIntegerField(null=True, help_text="1, 2, 3 … in its message")
    uploader = models.ForeignKey(User, models.PROTECT, related_name="+")
    client_id = models.UUIDField(help_text="given by the uploader's screen, so that sending again stores once")
    key = models.CharField(max_length=32, unique=True, help_text="the random name of the file")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(help_text="bytes, as stored")
    has_preview = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=AttachmentState, default=AttachmentState.ARRIVING)
    created_at = models.DateTimeField()
    scanned_at = models.DateTimeField(null=True, help_text="when clamd gave its verdict; none if files are not scanned")

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ("message", "position", "pk")
        constraints = [
            models.UniqueConstraint(fields=("uploader", "client_id"), name="attachment_client_id_once"),
            models.UniqueConstraint(fields=("message", "position"), name="attachment_position_once"),
            models.CheckConstraint(
                condition=Q(message=None, position=None)
                | (
                    Q(message__isnull=False, position__isnull=False, position__gte=1)
                    & ~Q(state=AttachmentState.ARRIVING)
                ),
                name="attachment_bound_in_a_place",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="attachment_has_name"),
            models.CheckConstraint(
                condition=~Q(state=AttachmentState.ERASED) | Q(message__isnull=False, has_preview=False),
                name="attachment_erased_with_its_message",
            ),
        ]
        indexes = [
            models.Index(fields=("created_at",), condition=Q(message=None), name="attachment_unbound"),
            models.Index(fields=("created_at",), condition=Q(state="waiting"), name="attachment_to_scan"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.state} {self.key}"


class PieceLeft(AppendOnly):
    """A file of an e-mail that its message does not carry: what it was called, and why it was not taken over."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="left_pieces", db_index=False)
    position = models.PositiveSmallIntegerField(help_text="1, 2, 3 … among those that were left")
    name = models.CharField(max_length=120)
    why = models.CharField(max_length=8, choices=LeftFor)

    class Meta:
        ordering = ("message", "position")
        constraints = [
            models.UniqueConstraint(fields=("message", "position"), name="piece_left_position_once"),
            models.CheckConstraint(condition=Q(position__gte=1) & ~Q(name=""), name="piece_left_is_named"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.position} {self.why}"


OF_AN_ATTACHMENT = [field.attname for field in Attachment._meta.concrete_fields]
"""The columns of an attachment, in the order that `Attachment.from_db` takes them in."""
