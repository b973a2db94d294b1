"""Permanent transfers, and the reading rights of former advisers."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable

from accompaniment.enums import Role
from accompaniment.models import Jobseeker, User
from accompaniment.models.people import OfJobseekerQuerySet
from caseload.enums import TransferObstacle, TransferState
from caseload.models.portfolios import Portfolio
from caseload.models.staff import Adviser


class TransferBatchQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the decisions of which the user may see at least one row. Each row has its own right."""
        rows = Transfer.objects.shown_to(user)
        return self.filter(pk__in=rows.values("batch"))


class TransferBatch(models.Model):
    """One decision to move people: who made it, when, why, and for which day."""

    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("décidé le")
    due_on = models.DateField("pour le", help_text="a day of the agency that the people leave")
    reason = models.CharField("motif", max_length=200)
    keep_reading = models.BooleanField("l'ancien conseiller garde la lecture 30 jours", default=False)
    token = models.UUIDField(unique=True, null=True, help_text="of the form: sent twice, it is done once")
    targets = models.ManyToManyField(Portfolio, related_name="+", help_text="where people may go, if there is room")
    finished_at = models.DateTimeField(null=True, help_text="everybody is settled and the receivers are told")

    objects = TransferBatchQuerySet.as_manager()

    class Meta:
        ordering = ("-decided_at", "-pk")
        verbose_name = "transfert"
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="transfer_batch_has_reason")]
        indexes = [
            models.Index(fields=("due_on",), condition=Q(finished_at=None), name="transfer_batch_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.decided_by_id} {self.due_on}"


class TransferQuerySet(OfJobseekerQuerySet):
    def planned(self) -> Self:
        return self.filter(state=TransferState.PLANNED)

    def decided_over_by(self, user: User) -> Self:
        """Keep the transfers that the user may see: for a manager, of people in their regions; for an adviser, their
        own decisions.

        The right belongs to the row: nobody may see a whole batch because one of its people is theirs.
        """
        if user.role == Role.MANAGER:
            return self.visible_to(user)
        return self.filter(batch__decided_by=user)

    def shown_to(self, user: User) -> Self:
        """Keep what the user may decide; for an adviser also transfers into or out of their own portfolios."""
        if user.role != Role.ADVISER:
            return self.decided_over_by(user)
        received = Q(target__adviser__user=user, state=TransferState.DONE)
        return self.filter(Q(batch__decided_by=user) | Q(source__adviser__user=user) | received)


class Transfer(models.Model):
    """One person of a batch: from which portfolio to which, and the outcome.

    `target` is the planned portfolio, and after the move the one that received the person. It is empty for a person
    without a place.
    """

    batch = models.ForeignKey(TransferBatch, models.PROTECT, related_name="transfers")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="transfers")
    source = models.ForeignKey(Portfolio, models.PROTECT, related_name="transfers_out")
    target = models.ForeignKey(Portfolio, models.PROTECT, null=True, related_name="transfers_in")
    state = models.CharField("état", max_length=9, choices=TransferState, default=TransferState.PLANNED)
    finished_at = models.DateTimeField("terminé le", null=True)
    why_not = models.CharField("pourquoi non", max_length=20, choices=TransferObstacle, blank=True)
    why_not_facts = models.JSONField(default=dict, db_default={}, help_text="by code: keys of portfolios, counts, days")
    carried = models.JSONField(default=list, help_text="[{what, at}]: what moved along, and what is left to decide")

    objects = TransferQuerySet.as_manager()

    class Meta:
        ordering = ("batch", "pk")
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(state=TransferState.PLANNED),
                name="transfer_one_planned",
                violation_error_message="Un transfert est déjà prévu pour cette personne.",
            ),
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_moves"),
            models.CheckConstraint(
                condition=Q(state=TransferState.PLANNED, finished_at=None)
                | (~Q(state=TransferState.PLANNED) & Q(finished_at__isnull=False)),
                name="transfer_finished",
            ),
            models.CheckConstraint(
                condition=(Q(state=TransferState.NOT_DONE) & ~Q(why_not=""))
                | (~Q(state=TransferState.NOT_DONE) & Q(why_not="")),
                name="transfer_not_done_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(why_not__in=("", *TransferObstacle.values)), name="transfer_not_done_for_a_known_reason"
            ),
            models.CheckConstraint(
                condition=Q(state__in=(TransferState.NOT_DONE, TransferState.CANCELLED)) | Q(target__isnull=False),
                name="transfer_has_target",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.source_id}→{self.target_id} {self.state}"


class ReadingRightQuerySet(OfJobseekerQuerySet):
    def standing(self, now: datetime | Combinable) -> Self:
        """Keep the rights that run at `now`."""
        return self.filter(starts_at__lte=now, ends_at__gt=now)


class ReadingRight(models.Model):
    """A former adviser may read a person's file for a limited time, because a manager allowed it."""

    adviser = models.ForeignKey(Adviser, models.PROTECT, related_name="reading_rights")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="reading_rights")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = ReadingRightQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="reading_right_in_order"),
        ]
        indexes = [models.Index(fields=("adviser", "ends_at"), name="reading_right_by_adviser")]

    def __str__(self) -> str:
        return f"{self.adviser_id} reads {self.jobseeker_id} until {self.ends_at:%Y-%m-%d}"
