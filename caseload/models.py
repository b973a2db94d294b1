"""Advisers, managers, portfolios with their caps, placements and covers."""

from datetime import date
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q

from accompaniment.alphabet import alphabetical
from accompaniment.enums import Channel, Modality
from accompaniment.models import Agency, Jobseeker, Region, User
from accompaniment.models.guards import Guarded, Guards
from accompaniment.ranges import DateRange, TsTzRange
from caseload.enums import ImportKind, ImportState, PlacementEnd, TransferObstacle, TransferState
from caseload.querysets import (
    AbsenceQuerySet,
    AdviserQuerySet,
    CapacityQuerySet,
    CoverQuerySet,
    ImportRunQuerySet,
    ManagerQuerySet,
    PlacementQuerySet,
    PortfolioQuerySet,
    ReadingRightQuerySet,
    TransferBatchQuerySet,
    TransferQuerySet,
)
from caseload.rules import percent, proportional_cap


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

    objects = ManagerQuerySet.as_manager()

    class Meta:
        verbose_name = "responsable"

    def __str__(self) -> str:
        return self.user.full_name


class Capacity(models.Model):
    """How many permanent placements a portfolio of a modality may hold, from a day on.

    The row of an agency goes before the one of the whole country; it has a reason. One without a value says that the
    agency has the cap of the country again.
    """

    modality = models.CharField("modalité", max_length=10, choices=Modality)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="capacities")
    value = models.PositiveSmallIntegerField("plafond", null=True)
    starts_on = models.DateField("à partir du")
    by_working_share = models.BooleanField(
        "selon la quotité", default=False, help_text="the value is for a full-time adviser; others in proportion"
    )
    reason = models.CharField("motif", max_length=200, blank=True)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = CapacityQuerySet.as_manager()

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
            models.CheckConstraint(
                condition=Q(value__isnull=False) | Q(agency__isnull=False, by_working_share=False),
                name="capacity_country_has_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.modality} {self.value}"

    def places_for(self, working_share: int) -> int:
        """Return the cap of an adviser's portfolio; the working share is in per cent.

        Raises ValueError for a row that leaves the cap to the country.
        """
        if self.value is None:
            raise ValueError("the cap is the country's")
        places: int = self.value
        return proportional_cap(places, working_share) if self.by_working_share else places


class Portfolio(models.Model):
    """An adviser's set of jobseekers of one modality.

    `occupied` counts the open placements and is kept by a trigger on them, in their transaction. Where more people
    were there when a lower cap came into force, `capacity` is their number and `lowered_to` that cap: the same trigger
    brings `capacity` down with each place that is freed, so that it is never taken again.
    """

    adviser = models.ForeignKey(Adviser, models.PROTECT, related_name="portfolios", verbose_name="conseiller")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="portfolios", verbose_name="agence")
    modality = models.CharField("modalité", max_length=10, choices=Modality)
    capacity = models.PositiveSmallIntegerField("plafond")
    lowered_to = models.PositiveSmallIntegerField(
        "plafond dépassé", null=True, help_text="the cap in force while more people are there; empty otherwise"
    )
    capacity_share = models.PositiveSmallIntegerField(
        "quotité du plafond", default=100, db_default=100, help_text="per cent by which the cap in force was reduced"
    )
    occupied = models.PositiveSmallIntegerField("occupés", default=0)

    away_until: date | None
    relayed: bool
    # Both only where `with_presence` has added them.

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
            models.CheckConstraint(
                condition=Q(lowered_to=None) | Q(lowered_to__lt=F("occupied"), capacity=F("occupied")),
                name="portfolio_above_its_cap_is_full",
            ),
        ]
        indexes = [models.Index(fields=("agency", "modality", "occupied"), name="portfolio_least_loaded")]

    def __str__(self) -> str:
        return f"{self.get_modality_display()} – {self.adviser}"

    @property
    def cap(self) -> int:
        """The cap in force, which may be below the number of people who are there."""
        return self.capacity if self.lowered_to is None else self.lowered_to

    @property
    def places_left(self) -> int:
        return self.capacity - self.occupied

    @property
    def filling(self) -> int:
        """Occupied places per cent of the capacity."""
        return percent(self.occupied, self.capacity)


class Placement(Guarded):
    """Who is in which portfolio since when. One open placement per person."""

    portfolio = models.ForeignKey(Portfolio, models.PROTECT, related_name="placements")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="placements")
    started_at = models.DateTimeField("depuis")
    ended_at = models.DateTimeField("jusqu'à", null=True)
    end_reason = models.CharField("motif", max_length=20, choices=PlacementEnd, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    guards: ClassVar[Guards] = {
        "placement_counts_insert": "INSERT",
        "placement_counts_update": "UPDATE",
        "placement_counts_delete": "DELETE",
    }

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
    to_place_by = models.DateField("à placer avant", null=True, help_text="nearest deadline that has no interview")

    class Meta:
        verbose_name = "résumé"

    def __str__(self) -> str:
        return f"summary of {self.jobseeker_id}"


class Absence(models.Model):
    """Days on which an adviser is away, both included; colleagues answer meanwhile through the covers."""

    adviser = models.ForeignKey(Adviser, models.PROTECT, related_name="absences", verbose_name="conseiller")
    starts_on = models.DateField("du")
    ends_on = models.DateField("au", help_text="inclus")
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ("starts_on", "pk")
        verbose_name = "absence"
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_in_order"),
            ExclusionConstraint(
                name="absence_never_overlaps",
                expressions=[
                    ("adviser", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", RangeBoundary(inclusive_upper=True)), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
                violation_error_message="Une absence est déjà prévue sur ces jours.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.adviser_id} {self.starts_on}–{self.ends_on}"


class Cover(models.Model):
    """A colleague answers for a portfolio during an absence. It does not count against the colleague's cap."""

    portfolio = models.ForeignKey(Portfolio, models.PROTECT, related_name="covers")
    absence = models.ForeignKey(Absence, models.PROTECT, null=True, related_name="covers")
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
            ExclusionConstraint(
                name="cover_once",
                expressions=[
                    ("portfolio", RangeOperators.EQUAL),
                    ("colleague", RangeOperators.EQUAL),
                    (DateRange("starts_on", "ends_on", RangeBoundary(inclusive_upper=True)), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
                violation_error_message="Ce relais est déjà prévu sur ces jours.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.colleague_id} for {self.portfolio_id} {self.starts_on}–{self.ends_on}"


class TransferBatch(models.Model):
    """One decision to move people: who took it, when, why, and for which day."""

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


class Transfer(models.Model):
    """One person of a batch: from where to where, and what became of it.

    `target` is where the person is to go, and after the move where they went; nobody without a place has one.
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


class ReadingRight(models.Model):
    """A former adviser may still read a person's file for a while, because a manager said so."""

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


class SavedView(models.Model):
    """A name that somebody gave to a selection of the portfolio list: the query of its address."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    name = models.CharField("nom", max_length=60)
    query = models.CharField("sélection", max_length=500)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "pk")
        verbose_name = "vue enregistrée"
        constraints = [
            models.UniqueConstraint(
                fields=("user", "name"),
                name="saved_view_name_once",
                violation_error_message="Une vue porte déjà ce nom.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_name"),
        ]

    def __str__(self) -> str:
        return self.name


UNFINISHED_IMPORTS = (ImportState.WAITING, ImportState.RUNNING, ImportState.ASKING)


class ImportRun(models.Model):
    """One file that a manager loaded, and what came of it."""

    kind = models.CharField("fichier", max_length=10, choices=ImportKind)
    filename = models.CharField("nom du fichier", max_length=200)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField("état", max_length=8, choices=ImportState, default=ImportState.RUNNING)
    source = models.FileField("fichier reçu", upload_to="imports", blank=True, help_text="kept until it is loaded")
    bytes_total = models.PositiveBigIntegerField("taille", default=0)
    bytes_done = models.PositiveBigIntegerField("lu", default=0)
    attempts = models.PositiveSmallIntegerField("essais", default=0, help_text="how often a worker has taken it up")
    summary = models.JSONField(default=dict)
    rejected_rows = models.JSONField(default=list, help_text="[{line, column, reason, value}]")
    warned_rows = models.JSONField(default=list, help_text="the same shape, for rows that went in")
    rejected_csv = models.TextField(blank=True, help_text="the rejected rows as a file to correct and load again")
    error = models.TextField(blank=True)
    foreseen = models.JSONField(
        default=dict, blank=True, help_text="whose tier it changes, and how many leave their portfolio: asked first"
    )
    confirmed = models.CharField(
        "confirmé", max_length=64, blank=True, help_text="the mark of what a manager has read and confirmed"
    )

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-pk")
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=UNFINISHED_IMPORTS, finished_at=None)
                | (~Q(state__in=UNFINISHED_IMPORTS) & Q(finished_at__isnull=False)),
                name="import_run_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.filename}"

    @property
    def percent_read(self) -> int:
        """How much of the file the worker has read, as whole per cents."""
        return min(100, self.bytes_done * 100 // self.bytes_total) if self.bytes_total else 0

    @property
    def rejected(self) -> int:
        """How many rows did not go in; of a file that was loaded."""
        return int(self.summary.get("rejected", 0))

    @property
    def nothing_went_in(self) -> bool:
        """Tell whether a file was read to its end and each of its rows was rejected."""
        return self.state == ImportState.DONE and 0 < self.rejected == self.summary.get("rows")
