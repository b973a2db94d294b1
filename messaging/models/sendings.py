"""Messages that a worker sends: one text to several people, and what waits until an agency opens."""

from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.db.models import F, Q, QuerySet

from accompaniment.models import Jobseeker, User
from accompaniment.models.guards import AppendOnly
from messaging.enums import NotSentFor
from messaging.models.conversations import Conversation, Message


class SendingQuerySet(QuerySet[Any]):
    def waiting(self) -> Self:
        """Keep what has neither left nor been given up."""
        return self.filter(sent_at=None, given_up_at=None)

    def to_send(self, now: datetime) -> Self:
        """Keep what waits and whose next try is due, the longest due first."""
        return self.waiting().filter(next_try_at__lte=now).order_by("next_try_at", "pk")


class Sending(models.Model):
    """A message that a worker sends later. Its `client_id` is fixed, so that it is stored once for ever.

    `why`: the sentence that its author reads if it was not sent.
    """

    client_id = models.UUIDField(default=uuid4, unique=True)
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.OneToOneField(Message, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    given_up_for = models.CharField(max_length=9, choices=NotSentFor, blank=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None, message=None) | Q(sent_at__isnull=False, message__isnull=False),
                name="%(class)s_sent_with_message",
            ),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(given_up_at=None), name="%(class)s_sent_or_given_up"),
            models.CheckConstraint(
                condition=Q(given_up_at=None, given_up_for="", why="")
                | (Q(given_up_at__isnull=False) & ~Q(given_up_for="")),
                name="%(class)s_given_up_for_something",
            ),
        ]
        indexes = [
            models.Index(fields=("next_try_at",), condition=Q(sent_at=None, given_up_at=None), name="%(class)s_waiting")
        ]

    @property
    def is_waiting(self) -> bool:
        return self.sent_at is None and self.given_up_at is None


class Dispatch(AppendOnly):
    """One text of an adviser to several people, each in their own conversation. It answers nobody.

    The same text from the same page (`token`) is one dispatch, however often it is sent.
    """

    author = models.ForeignKey(User, models.PROTECT, related_name="dispatches")
    token = models.UUIDField()
    body = models.TextField(max_length=5000)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = [
            models.UniqueConstraint(fields=("author", "token"), name="dispatch_token_once"),
            models.CheckConstraint(condition=~Q(body=""), name="dispatch_not_empty"),
        ]
        verbose_name_plural = "dispatches"

    def __str__(self) -> str:
        return f"dispatch {self.pk}"


class DispatchRecipient(Sending):
    """One person of a dispatch, and what became of their message."""

    dispatch = models.ForeignKey(Dispatch, models.PROTECT, related_name="recipients", db_index=False)
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="+")

    objects = SendingQuerySet.as_manager()

    class Meta(Sending.Meta):
        constraints = [
            *Sending.Meta.constraints,
            models.UniqueConstraint(fields=("dispatch", "jobseeker"), name="dispatch_person_once"),
        ]

    def __str__(self) -> str:
        return f"dispatch {self.dispatch_id} to {self.jobseeker_id}"


class PlannedMessageQuerySet(SendingQuerySet):
    def to_show(self, author: User) -> Self:
        """Keep an author's messages that wait, or that could not be sent and were not put away, by their time."""
        refused = Q(given_up_for=NotSentFor.REFUSED, put_away_at=None)
        waiting = Q(sent_at=None, given_up_at=None)
        return self.filter(waiting | refused, author=author).order_by("due_at", "pk")


class PlannedMessage(Sending):
    """A message of an adviser that waits until the person's agency opens. Until then its author alone sees its text."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="planned")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    client_id = models.UUIDField(help_text="given by the author's screen, and that of the message")
    body = models.TextField(max_length=5000)
    written_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="when the agency opens")
    after_number = models.PositiveIntegerField(help_text="the last message when it was written or changed")
    put_away_at = models.DateTimeField(null=True, help_text="its author has read that it was not sent")

    objects = PlannedMessageQuerySet.as_manager()

    class Meta(Sending.Meta):
        constraints = [
            *Sending.Meta.constraints,
            models.UniqueConstraint(fields=("author", "client_id"), name="planned_client_id_once"),
            models.CheckConstraint(condition=~Q(body=""), name="planned_not_empty"),
            models.CheckConstraint(condition=Q(due_at__gt=F("written_at")), name="planned_for_later"),
            models.CheckConstraint(
                condition=Q(put_away_at=None) | Q(given_up_at__isnull=False), name="planned_put_away_unsent"
            ),
        ]

    def __str__(self) -> str:
        return f"planned in {self.conversation_id} for {self.due_at:%Y-%m-%d %H:%M}"
