"""Conversations, their messages and what was decided about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accompaniment.enums import Role
from accompaniment.models import Contact, Jobseeker, User
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import OfJobseekerQuerySet
from accompaniment.models.search import named, words_of
from caseload.models import Adviser
from messaging.enums import LeftFor, MessageChangeKind, ReplySeenBy, WaitEndedBy
from messaging.rules import email_note


class ConversationQuerySet(OfJobseekerQuerySet):
    def awaiting_reply(self) -> Self:
        """Keep the conversations in which the person waits for an answer, longest wait first."""
        return self.filter(awaiting_reply_since__isnull=False).order_by("awaiting_reply_since", "pk")

    def late_for(self, user: User, *, now: datetime) -> Self:
        """Keep the waits that somebody who does not answer them sees, the first due first.

        An adviser sees those of the agency of which 80 % of the time has passed, a manager those of the regions of
        which all has passed.
        """
        if user.is_manager:
            late = self.visible_to(user).filter(reply_due_at__lte=now)
        else:
            agency = Adviser.objects.filter(user=user).values("agency")
            late = self.filter(jobseeker__agency__in=agency, reply_team_at__lte=now)
            late = late.exclude(jobseeker__in=Jobseeker.objects.visible_to(user))
        return late.filter(awaiting_reply_since__isnull=False).order_by("reply_due_at", "pk")

    def to_handle(self, user: User, *, now: datetime, risen: bool = False) -> Self:
        """Keep what waits for this adviser now, longest wait first: answers, and reminders that are due.

        Each has its `place`, the instant since which it waits. A conversation that the adviser wants to be reminded
        of on a later day is left out until then, or until the person writes again; with `risen`, at most until half of
        the time to answer has passed.
        """
        own = Reminder.objects.filter(conversation=OuterRef("pk"), user=user)
        news = Message.objects.filter(
            conversation=OuterRef("conversation"), number__gt=OuterRef("number"), author__role=Role.JOBSEEKER
        )
        due = own.filter(due_at__lte=now).values("due_at")[:1]
        shown = Q(~Exists(own.filter(~Exists(news), due_at__gt=now)))
        if risen:
            shown |= Q(awaiting_reply_since__isnull=False, reply_desk_at__lte=now)
        waiting = self.visible_to(user).filter(shown)
        waiting = waiting.annotate(reminded_at=Subquery(due), place=Coalesce("awaiting_reply_since", "reminded_at"))
        return waiting.filter(place__isnull=False).order_by("place", "pk")

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name, in any order, without accents, allowing for typing errors."""
        return self.filter(named(words_of(words), jobseeker="jobseeker__"))


class Conversation(models.Model):
    """The one conversation between a jobseeker and the people who follow them.

    The transaction that stores a message increments `last_number` under a row lock, so numbers have no gap.
    """

    jobseeker = models.OneToOneField(Jobseeker, models.PROTECT, related_name="conversation")
    last_number = models.PositiveIntegerField(default=0)
    last_change = models.PositiveIntegerField(
        default=0, db_default=0, help_text="how many changes of its messages there were; counted as `last_number` is"
    )
    awaiting_reply_since = models.DateTimeField(
        null=True, help_text="the jobseeker's first message that nobody on the staff has answered"
    )

    reply_desk_at = models.DateTimeField(null=True, help_text="half of the time to answer has passed")
    reply_team_at = models.DateTimeField(null=True, help_text="80 % of it has passed, and the team sees it")
    reply_due_at = models.DateTimeField(null=True, help_text="all of it has passed, and the managers see it")

    place: datetime
    # Set only by `to_handle`.

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=("awaiting_reply_since",),
                condition=Q(awaiting_reply_since__isnull=False),
                name="conversation_awaiting",
            ),
            models.Index(
                fields=("reply_team_at",),
                condition=Q(reply_team_at__isnull=False),
                name="conversation_late",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reply_desk_at=None, reply_team_at=None, reply_due_at=None)
                | Q(reply_team_at__gte=F("reply_desk_at"), reply_due_at__gte=F("reply_team_at")),
                name="conversation_reply_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"conversation of {self.jobseeker_id}"


class MessageQuerySet(QuerySet[Any]):
    def after(self, number: int) -> Self:
        """Keep the messages after number `number`, in order."""
        return self.filter(number__gt=number).order_by("number")

    def standing(self) -> Self:
        """Keep the messages that their authors have not deleted."""
        deletion = MessageChange.objects.filter(message=OuterRef("pk"), kind=MessageChangeKind.DELETED)
        return self.filter(~Exists(deletion))


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
    by_email = models.BooleanField(default=False, db_default=False, help_text="it came as an answer to a notification")
    pieces_left = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="attachments of the e-mail that were not taken over"
    )
    answers_up_to = models.PositiveIntegerField(
        null=True, help_text="the last message that an answer of the staff by e-mail answers; none: all before it"
    )
    attached = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="how many files came with it")
    card = models.BooleanField(
        default=False, db_default=False, help_text="it offers slots in words, and `slot_card` shows them to choose from"
    )
    created_at = models.DateTimeField()

    change: "MessageChange | None" = None
    # The last change; set only by `reads.changes.with_changes`.
    left: "Sequence[tuple[str, LeftFor]]" = ()
    # The files of its e-mail that are named because it does not carry them; set by `reads.attachments.with_left`.

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("conversation", "number")
        constraints = [
            models.UniqueConstraint(fields=("conversation", "number"), name="message_number_once"),
            models.UniqueConstraint(fields=("author", "client_id"), name="message_client_id_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="message_number_from_one"),
            models.CheckConstraint(condition=~Q(body="") | Q(attached__gt=0), name="message_not_empty"),
            models.CheckConstraint(condition=Q(by_email=True) | Q(pieces_left=0), name="message_pieces_of_an_email"),
            models.CheckConstraint(
                condition=Q(answers_up_to=None) | Q(by_email=True, answers_up_to__lt=F("number")),
                name="message_answers_by_email_what_was_before",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}#{self.number}"

    @property
    def text(self) -> str:
        """The present text; empty if the author has deleted the message. Load `change` with it."""
        return self.body if self.change is None else self.change.body

    @property
    def is_deleted(self) -> bool:
        return self.change is not None and self.change.kind == MessageChangeKind.DELETED

    @property
    def note(self) -> str:
        """What is said of a message that came by e-mail; empty for others. Load `change` and `left` with it."""
        if not self.by_email:
            return ""
        return email_note(0) if self.is_deleted else email_note(self.pieces_left, self.left)


OF_A_MESSAGE = [field.attname for field in Message._meta.concrete_fields]
"""The columns of a message, in the order that `Message.from_db` takes them in."""


class MessageChangeQuerySet(QuerySet[Any]):
    def deleted(self) -> "QuerySet[Any, Any]":
        """Return the messages that their authors have deleted."""
        return self.filter(kind=MessageChangeKind.DELETED).order_by().values("message")


class MessageChange(AppendOnly):
    """A new text of a message, or its deletion, by its author. The texts before it stay where they are."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="changes", db_index=False)
    number = models.PositiveIntegerField(help_text="1, 2, 3 … in its conversation, without gaps")
    message = models.ForeignKey(Message, models.PROTECT, related_name="changes", db_index=False)
    kind = models.CharField(max_length=7, choices=MessageChangeKind)
    body = models.TextField(blank=True, max_length=5000, help_text="the new text; empty for a deletion")
    at = models.DateTimeField()

    objects = MessageChangeQuerySet.as_manager()

    class Meta:
        ordering = ("conversation", "number")
        constraints = [
            models.UniqueConstraint(fields=("conversation", "number"), name="message_change_number_once"),
            models.UniqueConstraint(fields=("message", "number"), name="message_change_of_message"),
            models.UniqueConstraint(fields=("message",), condition=Q(kind="deleted"), name="message_deleted_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="message_change_from_one"),
            models.CheckConstraint(
                condition=Q(kind="deleted", body="") | (Q(kind="edited") & ~Q(body="")),
                name="message_change_text_of_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}~{self.number}"


class MessageSearch(models.Model):
    """The words of each message that can no longer change (`services.search_words`), for the search.

    A deleted message has none. There are no foreign keys, because messages are never removed.
    """

    message = models.OneToOneField(Message, models.PROTECT, primary_key=True, related_name="+", db_constraint=False)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="+", db_constraint=False)
    words = SearchVectorField(help_text="stems without accents, by the function `message_words`")

    class Meta:
        indexes = [GinIndex(fields=("words",), name="message_search_words")]

    def __str__(self) -> str:
        return f"words of {self.message_id}"


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


class WaitEnd(AppendOnly):
    """Nobody owes an answer to the messages up to a number, although no message answers them, and why."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="wait_ends")
    number = models.PositiveIntegerField(help_text="the last message of the person that this settles")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_by = models.CharField(max_length=8, choices=WaitEndedBy)
    contact = models.OneToOneField(Contact, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("conversation", "number", "pk")
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_by="contact", contact__isnull=False)
                | Q(ended_by="no_reply", contact=None, actor__isnull=False),
                name="wait_ended_by_someone",
            ),
        ]
        indexes = [models.Index(fields=("conversation", "-number"), name="wait_end_latest")]

    def __str__(self) -> str:
        return f"{self.conversation_id}#{self.number} {self.ended_by}"


class ReplyRise(AppendOnly):
    """A share of the time to answer has passed without an answer: who saw the wait from then on, and since when."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="rises")
    since = models.DateTimeField(help_text="the message that waits")
    seen_by = models.CharField(max_length=7, choices=ReplySeenBy)
    at = models.DateTimeField(help_text="when the share had passed, whenever that was noted")

    class Meta:
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(fields=("conversation", "since", "seen_by"), name="reply_rise_once"),
            models.CheckConstraint(condition=Q(at__gt=F("since")), name="reply_rise_after_the_message"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.seen_by} at {self.at:%Y-%m-%d %H:%M}"


class Reminder(models.Model):
    """An adviser wants to deal with a conversation, from an instant on. Others neither see nor feel it.

    It shortens nobody's time to answer. `number` is the last message when it was set: a later one of the person brings
    the conversation back at once.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="reminders")
    user = models.ForeignKey(User, models.CASCADE, related_name="reminders")
    set_at = models.DateTimeField()
    due_at = models.DateTimeField()
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("conversation", "user"), name="reminder_once"),
            models.CheckConstraint(condition=Q(due_at__gte=F("set_at")), name="reminder_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.conversation_id} at {self.due_at:%Y-%m-%d}"
