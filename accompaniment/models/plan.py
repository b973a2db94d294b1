"""Contact plan, obligations and requests for a meeting on site."""

from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from accompaniment.enums import (
    OWN_CHANNELS,
    ContactNature,
    Modality,
    ObligationKind,
    ObligationState,
    ReviewOutcome,
)
from accompaniment.models.guards import AppendOnly
from accompaniment.models.journal import Contact
from accompaniment.models.people import Jobseeker, OfJobseekerQuerySet, User
from accompaniment.rules.tracks import PLAN_CHANNELS


class PlanDefault(models.Model):
    """The default cadence of a modality from a day on. Data, so that a rule can change on a date."""

    modality = models.CharField("modalité", max_length=10, choices=Modality)
    starts_on = models.DateField("à partir du")
    channel = models.CharField("canal", max_length=8, choices=OWN_CHANNELS)
    interval_days = models.PositiveSmallIntegerField("fréquence, en jours")
    review_after_days = models.PositiveSmallIntegerField("à revoir après, en jours")

    class Meta:
        ordering = ("modality", "starts_on")
        constraints = [
            models.UniqueConstraint(fields=("modality", "starts_on"), name="plan_default_once"),
            models.CheckConstraint(
                condition=Q(interval_days__gte=7) & Q(interval_days__lte=366) & Q(review_after_days__gte=7),
                name="plan_default_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.modality} {self.interval_days} j"


class ContactPlanQuerySet(OfJobseekerQuerySet):
    def current(self) -> Self:
        return self.filter(ended_on=None)

    def to_review(self, today: date) -> Self:
        """Keep current plans that wait for the adviser: the person wants another one, or the review is due.

        Adds `change_asked_at`. Wishes come first, oldest first, then plans by review day.
        """
        requests = PlanRequest.objects
        asked = requests.open().filter(jobseeker=OuterRef("jobseeker")).values("asked_at")
        return (
            self.current()
            .annotate(change_asked_at=Subquery(asked[:1]))
            .filter(Q(review_on__lte=today) | Q(change_asked_at__isnull=False))
            .order_by(F("change_asked_at").asc(nulls_last=True), "review_on", "pk")
        )


class ContactPlan(models.Model):
    """Nature, channel and frequency of one person's mandatory contacts, with a reason and a review date."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="contact_plans")
    nature = models.CharField("nature", max_length=24, choices=ContactNature, default=ContactNature.INTERVIEW)
    channel = models.CharField("canal", max_length=8, choices=OWN_CHANNELS)
    interval_days = models.PositiveSmallIntegerField("fréquence, en jours")
    reason = models.CharField("motif", max_length=200)
    review_on = models.DateField("à revoir le")
    starts_on = models.DateField("à partir du")
    ended_on = models.DateField("jusqu'au", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContactPlanQuerySet.as_manager()

    class Meta:
        ordering = ("jobseeker", "starts_on", "pk")
        verbose_name = "plan de contact"
        constraints = [
            models.UniqueConstraint(fields=("jobseeker",), condition=Q(ended_on=None), name="contact_plan_one_current"),
            models.CheckConstraint(
                condition=Q(interval_days__gte=7) & Q(interval_days__lte=366), name="contact_plan_interval"
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("starts_on")), name="contact_plan_in_order"
            ),
            models.CheckConstraint(condition=Q(review_on__gt=F("starts_on")), name="contact_plan_reviewed_later"),
            models.CheckConstraint(condition=~Q(reason=""), name="contact_plan_has_reason"),
            models.CheckConstraint(
                condition=reduce(
                    or_, (Q(nature=nature, channel__in=channels) for nature, channels in PLAN_CHANNELS.items())
                ),
                name="contact_plan_channel_fits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.channel} {self.interval_days} j"

    @property
    def first_review_day(self) -> date:
        """The earliest day on which the plan can be reviewed: the one after it begins."""
        return self.starts_on + timedelta(days=1)


class PlanReview(AppendOnly):
    """A review of a contact plan with the person: it was kept, or replaced."""

    plan = models.ForeignKey(ContactPlan, models.PROTECT, related_name="reviews")
    at = models.DateTimeField("le")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    outcome = models.CharField("suite", max_length=8, choices=ReviewOutcome)
    next_review_on = models.DateField("à revoir le", null=True)
    comment = models.CharField("précision", max_length=500, blank=True)

    class Meta:
        ordering = ("at", "pk")
        verbose_name = "point sur le plan de contact"
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome=ReviewOutcome.KEPT) | Q(next_review_on__isnull=False),
                name="plan_review_kept_until",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.outcome}"


class PlanRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        """Keep requests that are neither answered nor withdrawn."""
        return self.filter(answered_at=None, withdrawn_at=None)


class PlanRequest(models.Model):
    """A person's request for another contact plan. At most one is open; the adviser answers it or the person withdraws
    it.
    """

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="plan_requests")
    asked_at = models.DateTimeField("demandé le")
    wished_channel = models.CharField("canal souhaité", max_length=8, choices=OWN_CHANNELS, blank=True)
    wished_interval_days = models.PositiveSmallIntegerField("fréquence souhaitée, en jours", null=True)
    comment = models.TextField("précision", blank=True, max_length=1000)
    answered_at = models.DateTimeField("répondu le", null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    accepted = models.BooleanField("accordé", null=True)
    answer = models.TextField("réponse", blank=True)
    withdrawn_at = models.DateTimeField("retiré le", null=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = PlanRequestQuerySet.as_manager()

    class Meta:
        ordering = ("asked_at", "pk")
        verbose_name = "demande de changement du plan de contact"
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(answered_at=None, withdrawn_at=None),
                name="plan_request_one_open",
                violation_error_message="Une demande est déjà en cours.",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None, accepted=None)
                | Q(answered_at__gte=F("asked_at"), answered_by__isnull=False, accepted__isnull=False),
                name="plan_request_answered_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(
                    withdrawn_at__isnull=False,
                    withdrawn_at__gte=F("asked_at"),
                    withdrawn_by__isnull=False,
                    answered_at=None,
                ),
                name="plan_request_withdrawn_or_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.asked_at:%Y-%m-%d}"


class ObligationQuerySet(OfJobseekerQuerySet):
    def due(self) -> Self:
        return self.filter(state=ObligationState.DUE)


class Obligation(models.Model):
    """A period in which a mandatory interview is due: one per jobseeker, kind and period."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="obligations")
    kind = models.CharField("nature", max_length=24, choices=ObligationKind)
    plan = models.ForeignKey(ContactPlan, models.PROTECT, related_name="obligations")
    period = DateRangeField("période", help_text="[début, fin[ en jours de l'agence")
    due_on = models.DateField("au plus tard le")
    state = models.CharField("état", max_length=8, choices=ObligationState, default=ObligationState.DUE)
    held_at = models.DateTimeField("tenue le", null=True)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="obligations")
    waived_at = models.DateTimeField("levée le", null=True)
    waived_reason = models.CharField("motif", max_length=200, blank=True)

    objects = ObligationQuerySet.as_manager()

    class Meta:
        ordering = ("due_on", "pk")
        verbose_name = "échéance"
        constraints = [
            ExclusionConstraint(
                name="obligation_one_per_period",
                expressions=[
                    ("jobseeker", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=~Q(state=ObligationState.WAIVED),
            ),
            models.CheckConstraint(condition=Q(period__isempty=False), name="obligation_period_not_empty"),
            models.CheckConstraint(condition=Q(due_on__gte=F("period__startswith")), name="obligation_due_in_period"),
            models.CheckConstraint(
                condition=Q(state=ObligationState.DUE, held_at=None, contact=None, waived_at=None)
                | Q(state=ObligationState.HELD, held_at__isnull=False, contact__isnull=False, waived_at=None)
                | (Q(state=ObligationState.WAIVED, held_at=None, waived_at__isnull=False) & ~Q(waived_reason="")),
                name="obligation_state_and_dates",
            ),
            models.UniqueConstraint(
                fields=("contact",),
                name="obligation_one_per_contact",
                violation_error_message="Ce contact tient déjà une autre échéance.",
            ),
        ]
        indexes = [
            models.Index(fields=("due_on",), condition=Q(state=ObligationState.DUE), name="obligation_due"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.kind} {self.due_on}"


class OnSiteRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        """Keep requests that are neither answered nor withdrawn."""
        return self.filter(answered_at=None, withdrawn_at=None)


class OnSiteRequest(models.Model):
    """A person's request for a meeting on site. It is never refused, and the time to answer is measured.

    The person may withdraw it before the answer, and ask again at any time.
    """

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="on_site_requests")
    asked_at = models.DateTimeField("demandé le")
    comment = models.TextField("précision", blank=True, max_length=1000)
    answered_at = models.DateTimeField("répondu le", null=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answer = models.TextField("réponse", blank=True)
    withdrawn_at = models.DateTimeField("retiré le", null=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = OnSiteRequestQuerySet.as_manager()

    class Meta:
        ordering = ("asked_at", "pk")
        verbose_name = "demande d'entretien en agence"
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(answered_at=None, withdrawn_at=None),
                name="on_site_request_one_open",
                violation_error_message="Une demande est déjà en cours.",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None)
                | Q(answered_at__isnull=False, answered_at__gte=F("asked_at"), answered_by__isnull=False),
                name="on_site_request_answered_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(
                    withdrawn_at__isnull=False,
                    withdrawn_at__gte=F("asked_at"),
                    withdrawn_by__isnull=False,
                    answered_at=None,
                ),
                name="on_site_request_withdrawn_or_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.asked_at:%Y-%m-%d}"
