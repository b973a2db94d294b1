"""The contact journal, the audit, the notification outbox, and the state of periodic jobs."""

from datetime import datetime
from typing import Any, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q, QuerySet

from accompaniment.enums import (
    READING_ACTIONS,
    AuditAction,
    Channel,
    ContactNature,
    GivenUpFor,
    Initiator,
    NotificationKind,
    ShownEntries,
)
from accompaniment.models.expressions import where_given
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import Jobseeker, OfJobseekerQuerySet, User
from accompaniment.rules.french import counted
from accompaniment.rules.tracks import NOTED_CHANNELS

LONGEST_CONTACT = 600  # minutes


class Contact(AppendOnly):
    """One line of the journal: when, by which channel, of what nature."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="contacts")
    at = models.DateTimeField("le")
    channel = models.CharField("canal", max_length=8, choices=Channel)
    nature = models.CharField("nature", max_length=24, choices=ContactNature)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    summary = models.TextField(
        "résumé", blank=True, help_text="what was typed or decided; nothing where the nature says it all"
    )
    began_by = models.CharField(
        "à l'initiative de", max_length=8, choices=Initiator, blank=True, db_default="", help_text="of a noted contact"
    )
    minutes = models.PositiveSmallIntegerField("durée en minutes", null=True, help_text="of a noted contact, if known")
    source = models.CharField(  # noqa: DJ001  (unique where there is one)
        max_length=80,
        null=True,
        unique=True,
        help_text="what wrote the line, so that writing it twice writes it once",
    )

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=~Q(nature=ContactNature.MESSAGE) | Q(summary=""), name="contact_by_message_has_no_sentence"
            ),
            models.CheckConstraint(
                condition=(Q(nature__in=tuple(NOTED_CHANNELS)) & ~Q(began_by=""))
                | (~Q(nature__in=tuple(NOTED_CHANNELS)) & Q(began_by="", minutes=None)),
                name="contact_noted_says_who_began",
            ),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__range=(1, LONGEST_CONTACT)), name="contact_noted_in_minutes"
            ),
        ]
        indexes = [models.Index(fields=("jobseeker", "-at"), name="contact_by_jobseeker")]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.nature} {self.at:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> str:
        """The text, after what is known of a noted contact: who began it, and how long it lasted."""
        if not self.began_by:
            return self.summary
        facts = ["À l'initiative de la personne" if self.began_by == Initiator.PERSON else "À l'initiative du service"]
        facts += [counted(self.minutes, "une minute")] if self.minutes else []
        return f"{', '.join(facts)}.\n{self.summary}"

    @property
    def told_to_person(self) -> str:
        """The text for the person; `summary` is for the staff."""
        if self.nature != ContactNature.MESSAGE or self.author is None:
            return self.told
        return "Vous avez écrit." if self.author.is_jobseeker else f"{self.author.full_name} vous a écrit."


class AuditEntryQuerySet(OfJobseekerQuerySet):
    def shown_as(self, shown: ShownEntries) -> Self:
        """Keep readings only, everything except messages, or everything."""
        if shown == ShownEntries.READINGS:
            return self.filter(action__in=READING_ACTIONS)
        return self if shown == ShownEntries.ALL else self.exclude(action=AuditAction.MESSAGE)


class AuditEntry(AppendOnly):
    """An act or a reading in a person's file: by whom, when and what."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False, help_text="null: the system"
    )
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, null=True, related_name="audit_entries", db_index=False)
    action = models.CharField(max_length=20, choices=AuditAction)
    details = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        indexes = [
            models.Index(fields=("jobseeker", "-at"), name="audit_by_jobseeker"),
            where_given("actor", name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_id} {self.action}"


class NotificationQuerySet(QuerySet[Any]):
    def to_send(self, now: datetime) -> Self:
        """Keep notifications that wait and whose next try is due, oldest first."""
        return self.filter(Q(sent_at=None, given_up_at=None), next_try_at__lte=now).order_by("pk")


class Notification(models.Model):
    """The outbox: a message for a person, written in the act's transaction and delivered after the commit."""

    key = models.CharField(max_length=120, unique=True, help_text="says what is told; the same key is told once")
    kind = models.CharField(max_length=24, choices=NotificationKind)
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="notifications")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, null=True, related_name="notifications")
    email = models.EmailField(max_length=254)
    context = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    given_up_for = models.CharField(max_length=12, choices=GivenUpFor, blank=True, db_default="")
    last_error = models.CharField(max_length=200, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(given_up_at=None), name="notification_sent_or_given_up"
            ),
            models.CheckConstraint(
                condition=Q(next_try_at__gte=F("created_at")), name="notification_tried_after_creation"
            ),
        ]
        indexes = [
            models.Index(
                fields=("next_try_at",),
                condition=Q(sent_at=None, given_up_at=None),
                name="notification_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.key


class Setback(models.Model):
    """A row on which a periodic job fails. It is left alone until its next try."""

    job = models.CharField(max_length=120, help_text="name of the task, and of its part where it has several")
    row = models.BigIntegerField(help_text="no key: of whichever table the job works on")
    failures = models.PositiveIntegerField()
    next_try_at = models.DateTimeField()
    error = models.CharField(max_length=80, blank=True, help_text="class of the last failure, never its words")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("job", "row"), name="setback_once")]

    def __str__(self) -> str:
        return f"{self.job} {self.row}: {self.failures}"


class JobRun(models.Model):
    """When a periodic job last ran, so that a stopped clock is noticed. One row per job."""

    job = models.CharField(max_length=120, primary_key=True, help_text="name of the task")
    first_at = models.DateTimeField(auto_now_add=True)
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=80, blank=True, help_text="class of the last failure, never its words")

    def __str__(self) -> str:
        return self.job
