"""Deliveries outside the pages, and who was told of which messages."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q, QuerySet

from accompaniment.enums import GivenUpFor, NoticeChannel
from accompaniment.models import Notification, User
from accompaniment.models.guards import AppendOnly
from messaging.models.conversations import Conversation


class AlertQuerySet(QuerySet[Any]):
    def to_send(self, now: datetime) -> Self:
        """Keep the alerts that wait and whose next try is due, those that replace an e-mail first."""
        due = self.filter(Q(sent_at=None, given_up_at=None), next_try_at__lte=now)
        return due.order_by("-in_place_of_email", "pk")


class Alert(models.Model):
    """The short form of a notification, by SMS or on a device. One row per notification and channel is told once."""

    notification = models.ForeignKey(Notification, models.PROTECT, related_name="alerts")
    channel = models.CharField(max_length=5, choices=NoticeChannel)
    in_place_of_email = models.BooleanField(help_text="the e-mail reaches nobody, so neither choice nor hour holds it")
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    given_up_for = models.CharField(max_length=12, choices=GivenUpFor, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("notification", "channel"), name="alert_once_per_channel"),
            models.CheckConstraint(condition=~Q(channel=NoticeChannel.EMAIL), name="alert_is_no_email"),
            models.CheckConstraint(condition=Q(sent_at=None) | Q(given_up_at=None), name="alert_sent_or_given_up"),
            models.CheckConstraint(
                condition=Q(given_up_at=None, given_up_for="") | (Q(given_up_at__isnull=False) & ~Q(given_up_for="")),
                name="alert_given_up_for_something",
            ),
        ]
        indexes = [
            models.Index(fields=("next_try_at",), condition=Q(sent_at=None, given_up_at=None), name="alert_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} {self.channel}"


class Delivery(AppendOnly):
    """A notification that the other side accepted, once per channel: the proof that a person was told.

    The text is not stored, because an activation link in it would be a secret.
    """

    notification = models.ForeignKey(Notification, models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=5, choices=NoticeChannel, db_default=NoticeChannel.EMAIL)
    address = models.CharField(max_length=254, help_text="e-mail address, telephone number, or service of a browser")
    subject = models.CharField(max_length=200)
    reference = models.CharField(max_length=120, blank=True, db_default="", help_text="the gateway's own number")
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("notification", "channel"), name="delivery_once_per_channel")]

    def __str__(self) -> str:
        return f"{self.notification_id} {self.channel} {self.accepted_at:%Y-%m-%d %H:%M}"


class ToldMark(models.Model):
    """The number up to which somebody was told, outside the pages, that messages wait."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("conversation", "user"), name="told_mark_once")]

    def __str__(self) -> str:
        return f"{self.user_id} told of {self.conversation_id} to {self.number}"


class UnreadRound(models.Model):
    """The last message that is dealt with for everybody. One row, which the worker of a round holds."""

    message = models.BigIntegerField(help_text="no key: the messages after it are looked at")

    def __str__(self) -> str:
        return str(self.message)


class SmsDay(models.Model):
    """How many parts of SMS were handed to the gateway on one day. A conditional write keeps the budget."""

    day = models.DateField(primary_key=True)
    parts = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.parts}"


class DemonstrationEmail(models.Model):
    """An e-mail of the demonstration; it never leaves the machine."""

    sent_at = models.DateTimeField(auto_now_add=True)
    recipient = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    body = models.TextField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.recipient}: {self.subject}"
