"""Advisers, managers, portfolios with their caps, placements and covers."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q

from accompaniment.alphabet import alphabetical
from accompaniment.enums import Channel, Modality
from accompaniment.models import Agency, Jobseeker, Region, User
from accompaniment.ranges import TsTzRange
from caseload.enums import ImportKind, ImportState, PlacementEnd
from caseload.querysets import (
    AdviserQuerySet,
    CoverQuerySet,
    ImportRunQuerySet,
    PlacementQuerySet,
    PortfolioQuerySet,
)
from caseload.rules import percent


class Adviser(models.Model):
    """A member of staff who follows jobseekers, in one agency."""

    user = models.OneToOneField(User, models.PROTECT, related_name="adviser")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="advisers", verbose_name="agence")
    working_share = models.PositiveSmallIntegerField("quotité", default=100, help_text="en pour cent")

    objects = AdviserQuerySet.as_manager()

    class Meta:
        ordering = (alphabetical("user__last_name"), alphabetical("user__first_name"), "pk")
        verbose_name = "conseiller"
        constraints = [
            models.CheckConstraint(
                condition=Q(working_share__gte=10) & Q(working_share__lte=100), name="adviser_working_share"
            ),
        ]

    def __str__(self) -> str:
        return self.user.full_name


class Manager(models.Model):
    """A member of staff who steers regions, or the whole country."""

    user = models.OneToOneField(User, models.PROTECT, related_name="manager")
    whole_country = models.BooleanField("tout le pays", default=False)
    regions = models.ManyToManyField(Region, related_name="managers", blank=True, verbose_name="régions")

    class Meta:
        verbose_name = "responsable"

    def __str__(self) -> str:
        return self.user.full_name


class Capacity(models.Model):
    """How many permanent placements a portfolio of a modality may hold, from a day on.

    The row of an agency goes before the one of the whole country; it has a reason.
    """

    modality = models.CharField("modalité", max_length=10, choices=Modality)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="capacities")
    value = models.PositiveSmallIntegerField("plafond")
    starts_on = models.DateField("à partir du")
    reason = models.CharField("motif", max_length=200, blank=True)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("modality", "agency", "starts_on")
        verbose_name = "plafond"
        constraints = [
            models.UniqueConstraint(
                fields=("modality", "agency", "starts_on"), nulls_distinct=False, name="capacity_once"
            ),
            models.CheckConstraint(
                condition=Q(agency=None) | (~Q(reason="") & Q(set_by__isnull=False)),
                name="capacity_agency_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.modality} {self.value}"


class Portfolio(models.Model):
    """An adviser's set of jobseekers of one modality.

    `occupied` counts the open placements and is kept by a trigger on them, in their transaction.
    """

    adviser = models.ForeignKey(Adviser, models.PROTECT, related_name="portfolios", verbose_name="conseiller")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="portfolios", verbose_name="agence")
    modality = models.CharField("modalité", max_length=10, choices=Modality)
    capacity = models.PositiveSmallIntegerField("plafond")
    occupied = models.PositiveSmallIntegerField("occupés", default=0)

    objects = PortfolioQuerySet.as_manager()

    class Meta:
        ordering = ("adviser", "modality")
        verbose_name = "portefeuille"
        constraints = [
            models.UniqueConstraint(fields=("adviser", "modality"), name="portfolio_one_per_modality"),
            models.CheckConstraint(
                condition=Q(occupied__lte=F("capacity")),
                name="portfolio_within_capacity",
                violation_error_message="Ce portefeuille est complet.",
            ),
        ]
        indexes = [models.Index(fields=("agency", "modality", "occupied"), name="portfolio_least_loaded")]

    def __str__(self) -> str:
        return f"{self.get_modality_display()} – {self.adviser}"

    @property
    def places_left(self) -> int:
        return self.capacity - self.occupied

    @property
    def filling(self) -> int:
        """Occupied places per cent of the capacity."""
        return percent(self.occupied, self.capacity)


class Placement(models.Model):
    """Who is in which portfolio since when. One open placement per person."""

    portfolio = models.ForeignKey(Portfolio, models.PROTECT, related_name="placements")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="placements")
    started_at = models.DateTimeField("depuis")
    ended_at = models.DateTimeField("jusqu'à", null=True)
    end_reason = models.CharField("motif", max_length=20, choices=PlacementEnd, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = PlacementQuerySet.as_manager()

    class Meta:
        ordering = ("portfolio", "started_at", "pk")
        verbose_name = "affectation"
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(ended_at=None),
                name="placement_one_open",
                violation_error_message="Cette personne est déjà dans un portefeuille.",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_reason="")
                | (Q(ended_at__isnull=False, ended_at__gte=F("started_at")) & ~Q(end_reason="")),
                name="placement_ended_with_reason",
            ),
            ExclusionConstraint(
                name="placement_never_overlaps",
                expressions=[
                    ("jobseeker", RangeOperators.EQUAL),
                    (TsTzRange("started_at", "ended_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=("portfolio",), condition=Q(ended_at=None), name="placement_open_in_portfolio"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} in {self.portfolio_id}"


class CaseSummary(models.Model):
    """What the portfolio list shows of a person, written by the floors that know it, so that lists never look up."""

    jobseeker = models.OneToOneField(Jobseeker, models.CASCADE, primary_key=True, related_name="summary")
    last_contact_at = models.DateTimeField("dernier contact", null=True)
    last_contact_channel = models.CharField("canal", max_length=8, choices=Channel, blank=True)
    awaiting_reply_since = models.DateTimeField("sans réponse depuis", null=True)
    callback_due_at = models.DateTimeField("rappel avant", null=True)
    next_interview_at = models.DateTimeField("prochain entretien", null=True)
    next_interview_channel = models.CharField("canal", max_length=8, choices=Channel, blank=True)
    obligation_due_on = models.DateField("échéance", null=True)

    class Meta:
        verbose_name = "résumé"

    def __str__(self) -> str:
        return f"summary of {self.jobseeker_id}"


class Cover(models.Model):
    """A colleague answers for a portfolio during an absence. It does not count against the colleague's cap."""

    portfolio = models.ForeignKey(Portfolio, models.PROTECT, related_name="covers")
    colleague = models.ForeignKey(Adviser, models.PROTECT, related_name="covers", verbose_name="relais")
    starts_on = models.DateField("du")
    ends_on = models.DateField("au", help_text="inclus")
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    objects = CoverQuerySet.as_manager()

    class Meta:
        ordering = ("starts_on", "pk")
        verbose_name = "relais"
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="cover_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.colleague_id} for {self.portfolio_id} {self.starts_on}–{self.ends_on}"


class ImportRun(models.Model):
    """One file that a manager loaded, and what came of it."""

    kind = models.CharField("fichier", max_length=10, choices=ImportKind)
    filename = models.CharField("nom du fichier", max_length=200)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField("état", max_length=8, choices=ImportState, default=ImportState.RUNNING)
    summary = models.JSONField(default=dict)
    rejected_rows = models.JSONField(default=list, help_text="[{line, column, reason, value}]")
    warned_rows = models.JSONField(default=list, help_text="the same shape, for rows that went in")
    rejected_csv = models.TextField(blank=True, help_text="the rejected rows as a file to correct and load again")
    error = models.TextField(blank=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-pk")
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ImportState.RUNNING, finished_at=None)
                | (~Q(state=ImportState.RUNNING) & Q(finished_at__isnull=False)),
                name="import_run_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.filename}"
