"""Conversations, call-back requests, and deliveries outside the pages."""

from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q, QuerySet

from accompaniment.models import Jobseeker, Notification, User
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import OfJobseekerQuerySet
from accompaniment.models.search import named, words_of
from messaging.enums import CallbackState, CallbackSubject


class ConversationQuerySet(OfJobseekerQuerySet):
    def awaiting_reply(self) -> Self:
        """Keep the conversations in which the person waits for an answer, longest wait first."""
        return self.filter(awaiting_reply_since__isnull=False).order_by("awaiting_reply_since", "pk")

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name, in any order, without accents, allowing for typing errors."""
        return self.filter(named(words_of(words), jobseeker="jobseeker__"))


class Conversation(models.Model):
    """The one conversation between a jobseeker and the people who follow them.

    The transaction that stores a message increments `last_number` under a row lock, so numbers have no gap.
    """

    jobseeker = models.OneToOneField(Jobseeker, models.PROTECT, related_name="conversation")
    last_number = models.PositiveIntegerField(default=0)
    awaiting_reply_since = models.DateTimeField(
        null=True, help_text="the jobseeker's first message that nobody on the staff has answered"
    )

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=("awaiting_reply_since",),
                condition=Q(awaiting_reply_since__isnull=False),
                name="conversation_awaiting",
            )
        ]

    def __str__(self) -> str:
        return f"conversation of {self.jobseeker_id}"


class MessageQuerySet(QuerySet[Any]):
    def after(self, number: int) -> Self:
        """Keep the messages after number `number`, in order."""
        return self.filter(number__gt=number).order_by("number")


class Message(AppendOnly):
    """A message that the server has confirmed."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="messages")
    number = models.PositiveIntegerField(help_text="1, 2, 3 … in its conversation, without gaps")
    author = models.ForeignKey(User, models.PROTECT, related_name="messages")
    client_id = models.UUIDField(help_text="given by the author's screen, so that sending again stores once")
    body = models.TextField(max_length=5000)
    collective = models.BooleanField(
        default=False, help_text="one text to several people: it answers nobody, and is no contact"
    )
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("conversation", "number")
        constraints = [
            models.UniqueConstraint(fields=("conversation", "number"), name="message_number_once"),
            models.UniqueConstraint(fields=("author", "client_id"), name="message_client_id_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="message_number_from_one"),
            models.CheckConstraint(condition=~Q(body=""), name="message_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}#{self.number}"


OF_A_MESSAGE = [field.attname for field in Message._meta.concrete_fields]
"""The columns of a message, in the order that `Message.from_db` takes them in."""


class ReadMark(models.Model):
    """The number up to which somebody has read a conversation."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="read_marks")
    user = models.ForeignKey(User, models.CASCADE, related_name="read_marks")
    number = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("conversation", "user"), name="read_mark_once")]

    def __str__(self) -> str:
        return f"{self.user_id} read {self.conversation_id} to {self.number}"


class CallbackRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state=CallbackState.OPEN)


class CallbackRequest(models.Model):
    """The person asks to be called, on a subject, in a time window. One open request per person.

    A person who does not telephone is answered in writing in the same window.
    """

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="callback_requests")
    subject = models.CharField("sujet", max_length=10, choices=CallbackSubject)
    comment = models.TextField("précision", blank=True, max_length=1000)
    in_writing = models.BooleanField("réponse par écrit", default=False, db_default=False)
    phone = models.CharField("numéro à appeler", max_length=20, blank=True, help_text="format E.164")
    window_starts_at = models.DateTimeField("à partir de")
    window_ends_at = models.DateTimeField("jusqu'à")
    asked_at = models.DateTimeField("demandé le")
    state = models.CharField("état", max_length=10, choices=CallbackState, default=CallbackState.OPEN)
    closed_at = models.DateTimeField("clos le", null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.TextField("suite donnée", blank=True)

    objects = CallbackRequestQuerySet.as_manager()

    class Meta:
        ordering = ("window_ends_at", "pk")
        verbose_name = "demande de rappel"
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(state=CallbackState.OPEN),
                name="callback_one_open",
                violation_error_message="Une demande de rappel est déjà en cours.",
            ),
            models.CheckConstraint(condition=Q(in_writing=True) | ~Q(phone=""), name="callback_number_or_writing"),
            models.CheckConstraint(
                condition=Q(window_ends_at__gt=F("window_starts_at")), name="callback_window_in_order"
            ),
            models.CheckConstraint(
                condition=Q(state=CallbackState.OPEN, closed_at=None, closed_by=None)
                | (~Q(state=CallbackState.OPEN) & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="callback_closed_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.state}"

    @property
    def zones(self) -> tuple[ZoneInfo]:
        """The person's time zone, in which the window was chosen. Load the agency's region."""
        return (self.jobseeker.agency.zone,)

    @property
    def number(self) -> str:
        """The number to call: while the request is open the one in the file, afterwards the one that was called.

        It is empty if the answer is given in writing.
        """
        if self.in_writing:
            return ""
        return (self.jobseeker.phone if self.state == CallbackState.OPEN else "") or self.phone


class CallbackEvent(AppendOnly):
    """One change of state of a call-back request."""

    request = models.ForeignKey(CallbackRequest, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=10, choices=CallbackState, blank=True)
    to_state = models.CharField(max_length=10, choices=CallbackState)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.request_id} {self.from_state}→{self.to_state}"


class Delivery(AppendOnly):
    """A notification that the mail server accepted: the proof that a person was told.

    The text is not stored, because an activation link in it would be a secret.
    """

    notification = models.OneToOneField(Notification, models.PROTECT, related_name="delivery")
    email = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    accepted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.notification_id} {self.accepted_at:%Y-%m-%d %H:%M}"


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
