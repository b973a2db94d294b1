"""Conversations, call-back requests, and deliveries outside the pages."""

from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accompaniment.enums import GivenUpFor, NoticeChannel, Role
from accompaniment.models import Contact, Jobseeker, Notification, User
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import OfJobseekerQuerySet
from accompaniment.models.search import named, words_of
from caseload.models import Adviser, Placement
from messaging.enums import AttemptOutcome, CallbackState, CallbackSubject, CallbackWay, ReplySeenBy, WaitEndedBy
from messaging.rules import CLAIM_LASTS, OPEN_CALLBACKS, WAYS_WITH_NUMBER


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
    created_at = models.DateTimeField()

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ("conversation", "number")
        constraints = [
            models.UniqueConstraint(fields=("conversation", "number"), name="message_number_once"),
            models.UniqueConstraint(fields=("author", "client_id"), name="message_client_id_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="message_number_from_one"),
            models.CheckConstraint(condition=~Q(body=""), name="message_not_empty"),
            models.CheckConstraint(condition=Q(by_email=True) | Q(pieces_left=0), name="message_pieces_of_an_email"),
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


class CallbackRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_CALLBACKS)

    def answered_by(self, user: User, *, now: datetime) -> Self:
        """Keep the requests that a member of staff may answer now.

        First it is the person's adviser and whoever covers for the adviser, then their team (`of_the_team`). The
        managers of the region follow at `manager_at`. The two latter answer without opening the file.
        """
        own = Q(jobseeker__in=Jobseeker.objects.visible_to(user))
        if user.is_manager:
            return self.filter(own, manager_at__lte=now)
        return self.filter(own | of_the_team(user, now=now))

    def to_call(self, now: datetime) -> Self:
        """Keep the open requests whose window is now, or whose windows have all passed."""
        window = CallbackWindow.objects.filter(request=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)
        return self.open().filter(Q(Exists(window)) | Q(window_ends_at__lte=now))

    def unclaimed(self, now: datetime) -> Self:
        """Keep the open requests that nobody has claimed, or whose claim has lapsed."""
        return self.filter(Q(state=CallbackState.OPEN) | Q(pk__in=self.model.objects.lapsed(now).values("pk")))

    def lapsed(self, now: datetime) -> Self:
        """Keep the requests that were claimed so long ago that somebody else may call."""
        return self.filter(state=CallbackState.CLAIMED, claimed_at__lte=now - CLAIM_LASTS)

    def to_tell(self) -> Self:
        """Keep the requests whose person was not reached, has not been told so yet, and is followed by somebody."""
        followed = Exists(Placement.objects.open().filter(jobseeker=OuterRef("jobseeker")))
        return self.filter(followed, state=CallbackState.UNREACHED, told_at=None)


def of_the_team(user: User, *, now: datetime) -> Q:
    """The requests of people of the adviser's agency that the whole team sees.

    These are the requests of which half of the promised time has passed, and those of people whom nobody follows.
    """
    nobody = ~Exists(Placement.objects.open().filter(jobseeker=OuterRef("jobseeker")))
    agency = Adviser.objects.filter(user=user).values("agency")
    return Q(jobseeker__agency__in=agency) & (Q(team_at__lte=now) | Q(nobody))


class CallbackRequest(models.Model):
    """The person asks to be called, on a subject, in one or more windows. One open request per person.

    A person who cannot telephone is answered in another way in the same windows. A member of staff claims the request
    before calling. Its windows are those of the present promise: after an attempt that did not reach the person they
    are the next ones.
    """

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="callback_requests")
    subject = models.CharField("sujet", max_length=10, choices=CallbackSubject)
    comment = models.TextField("précision", blank=True, max_length=1000)
    way = models.CharField("réponse", max_length=11, choices=CallbackWay, default=CallbackWay.PHONE, db_default="phone")
    phone = models.CharField("numéro à appeler", max_length=20, blank=True, help_text="format E.164")
    window_starts_at = models.DateTimeField("à partir de", help_text="the beginning of the first window")
    window_ends_at = models.DateTimeField("jusqu'à", help_text="the end of the last window: the call is due")
    team_at = models.DateTimeField("visible de l'équipe", help_text="after half of the windows' time")
    manager_at = models.DateTimeField("visible des responsables", help_text="after 80 % of the windows' time")
    asked_at = models.DateTimeField("demandé le")
    state = models.CharField("état", max_length=10, choices=CallbackState, default=CallbackState.OPEN)
    claimed_at = models.DateTimeField("pris le", null=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField("clos le", null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField(null=True, help_text="a person who was not reached was sent the next windows")
    outcome = models.TextField("suite donnée", blank=True)

    own: bool
    was_missed: bool
    relay: str | None
    follower: str | None
    # Set only by `reads.callback_queue.with_people`.

    objects = CallbackRequestQuerySet.as_manager()

    class Meta:
        ordering = ("window_ends_at", "pk")
        verbose_name = "demande de rappel"
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(state__in=("open", "claimed")),
                name="callback_one_open",
                violation_error_message="Une demande de rappel est déjà en cours.",
            ),
            models.CheckConstraint(
                condition=Q(way__in=("chat", "video")) | ~Q(phone=""), name="callback_number_or_another_way"
            ),
            models.CheckConstraint(
                condition=Q(
                    window_ends_at__gt=F("window_starts_at"),
                    team_at__gte=F("window_starts_at"),
                    manager_at__gte=F("team_at"),
                    manager_at__lte=F("window_ends_at"),
                ),
                name="callback_window_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state="claimed", claimed_at__isnull=False, claimed_by__isnull=False)
                | (~Q(state="claimed") & Q(claimed_at=None, claimed_by=None)),
                name="callback_claimed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("open", "claimed"), closed_at=None, closed_by=None)
                | (~Q(state__in=("open", "claimed")) & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="callback_closed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(told_at=None) | Q(state="unreached", told_at__gte=F("closed_at")),
                name="callback_told_if_unreached",
            ),
        ]
        indexes = [
            models.Index(fields=("claimed_at",), condition=Q(state="claimed"), name="callback_claims"),
            models.Index(fields=("closed_at",), condition=Q(state="unreached", told_at=None), name="callback_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.state}"

    @property
    def zones(self) -> tuple[ZoneInfo]:
        """The person's time zone, in which the windows were chosen. Load the agency's region."""
        return (self.jobseeker.agency.zone,)

    @property
    def claim_ends_at(self) -> datetime | None:
        """The instant at which somebody else may call; None if nobody has the request in hand."""
        return self.claimed_at + CLAIM_LASTS if self.claimed_at is not None else None

    @property
    def in_writing(self) -> bool:
        return self.way == CallbackWay.CHAT

    @property
    def has_number(self) -> bool:
        return self.way in WAYS_WITH_NUMBER

    @property
    def number(self) -> str:
        """The number to call: while the request is open the one in the file, afterwards the one that was called.

        It is empty if the answer needs no number.
        """
        if not self.has_number:
            return ""
        return (self.jobseeker.phone if self.state in OPEN_CALLBACKS else "") or self.phone


class CallbackWindow(models.Model):
    """A time in which the person can be reached: [starts_at, ends_at)."""

    request = models.ForeignKey(CallbackRequest, models.CASCADE, related_name="windows")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=("request", "starts_at"), name="callback_window_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="callback_windows_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.starts_at:%Y-%m-%d %H:%M}"


class CallbackAttempt(AppendOnly):
    """An attempt to reach the person, and what came of it."""

    request = models.ForeignKey(CallbackRequest, models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=12, choices=AttemptOutcome)
    phone = models.CharField(max_length=20, blank=True, help_text="the number that was called, in E.164")

    class Meta:
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(fields=("request",), condition=Q(outcome="reached"), name="callback_reached_once"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.outcome}"


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
