"""Portfolios with their caps, placements, and who answers while an adviser is away."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Self, TypeVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Case, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable, CombinedExpression
from django.db.models.functions import Coalesce, Greatest

from accompaniment.enums import OWN_CHANNELS, Channel, EnrolmentState, Modality, Role, SettingEvent
from accompaniment.models import Agency, Jobseeker, User
from accompaniment.models.changes import SettingChange
from accompaniment.models.expressions import DateRange, LocalDay, TsTzRange
from accompaniment.models.guards import Guarded, Guards
from accompaniment.models.people import OfJobseekerQuerySet
from caseload.enums import PlacementEnd
from caseload.models.absences import Absence, DaysQuerySet
from caseload.models.staff import STAFF_FILTERS, Adviser, managed_by, never_opened
from caseload.rules.portfolio import percent, proportional_cap


class CapacityQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep a manager's caps: those of the whole country, and those of the agencies of their regions."""
        steered = self.model.objects.filter(managed_by(user, "agency__departement__region"))
        return self.filter(Q(agency=None) | Q(pk__in=steered.values("pk")))


class Capacity(models.Model):
    """How many permanent placements a portfolio of a modality may hold from a day on.

    A row for an agency takes precedence over the one for the whole country, and has a reason. A row without a value
    gives the agency the country's cap again.
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
        """Return the cap for an adviser with this working share (in per cent).

        Raises ValueError for a row without a value.
        """
        if self.value is None:
            raise ValueError("the cap is the country's")
        places: int = self.value
        return proportional_cap(places, working_share) if self.by_working_share else places


class CapacityChange(SettingChange):
    """A change of a cap: one was set, or a coming one was cancelled."""

    event = models.CharField(max_length=9, choices=SettingEvent)
    modality = models.CharField(max_length=10, choices=Modality)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", help_text="null: the whole country")
    value = models.PositiveSmallIntegerField(null=True, help_text="null: that of the country")
    by_working_share = models.BooleanField()
    starts_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.modality} {self.value} {self.event}"


def filling() -> CombinedExpression:
    """Return the expression for how full a portfolio is. A portfolio without places counts as having one."""
    return F("occupied") * 1.0 / Greatest(F("capacity"), 1)


class PortfolioQuerySet(QuerySet[Any]):
    def of_open_accounts(self) -> Self:
        return self.filter(adviser__user__is_active=True)

    def kept_by(self, kept: Mapping[str, Any]) -> Self:
        """Keep those of the chosen `region`, `agence` and `modalite`."""
        found = self.filter(**{STAFF_FILTERS[name]: value for name, value in kept.items() if name in STAFF_FILTERS})
        if "modalite" in kept:
            return found.filter(modality=kept["modalite"])
        return found

    def most_filled_first(self) -> Self:
        return self.order_by(filling().desc(), "pk")

    def least_filled_first(self) -> Self:
        """Sort by how full they are. Portfolios whose adviser never opened the account come last."""
        return self.order_by(never_opened("adviser__user"), filling(), "pk")

    def followed_by(self, user: User, now: datetime) -> Self:
        """Keep the portfolios for which the adviser may read and act now: their own, even while away, and those they
        cover.

        Who is expected to answer is another question: see `with_presence` and `reads.moves.who_answers`.
        """
        own = self.model.objects.filter(adviser__user=user).order_by().values("pk")
        covered = Cover.objects.running_at(now).filter(colleague__user=user).order_by().values("portfolio")
        # A union instead of OR: PostgreSQL then starts from these few rows, however large the table is.
        return self.filter(pk__in=own.union(covered))

    def visible_to(self, user: User, now: datetime) -> Self:
        """Keep the portfolios that an adviser answers for now, or those of a manager's regions."""
        if user.role == Role.ADVISER:
            return self.followed_by(user, now)
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.none()

    def open_to_transfers_of(self, user: User) -> Self:
        """Keep the portfolios to which the user may transfer people: of their agency, or of a manager's regions."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.filter(agency__advisers__user=user)

    def with_room(self) -> Self:
        """Keep those with a free place, least loaded first."""
        return self.filter(occupied__lt=F("capacity")).order_by("occupied", "pk")

    def with_people_in_cover(self, now: datetime) -> Self:
        """Add `in_cover`: how many people the adviser answers for now in place of absent colleagues."""
        covers = Cover.objects.running_at(now).filter(colleague=OuterRef("adviser")).order_by()
        people = covers.values("colleague").annotate(people=Sum("portfolio__occupied")).values("people")
        return self.annotate(in_cover=Coalesce(Subquery(people), 0))

    def with_presence(self, day: date) -> Self:
        """Add `away_until` (the last day of the adviser's absence on `day`) and `relayed` (whether a colleague
        answers).
        """
        absences = Absence.objects
        covers = Cover.objects
        away = absences.running_on(day).filter(adviser=OuterRef("adviser")).order_by()
        return self.annotate(
            away_until=Subquery(away.values("ends_on")[:1]),
            relayed=Exists(covers.running_on(day).answering().filter(portfolio=OuterRef("pk"))),
        )

    def unanswered_on(self, day: date) -> dict[int, date]:
        """Return the portfolios whose adviser is away on `day` without a cover, with the last day of each absence."""
        away = self.with_presence(day).filter(away_until__isnull=False, relayed=False).order_by()
        return dict(away.values_list("pk", "away_until"))

    def proposed_for(self, agency: Agency, modality: str, day: date) -> Self:
        """Keep the portfolios of a modality in the agency's region in which somebody answers on `day`.

        Portfolios whose adviser never opened the account come last, before them those whose adviser is away. Among the
        others the agency's own come first, then the least loaded.
        """
        return (
            self.with_presence(day)
            .filter(
                Q(away_until=None) | Q(relayed=True),
                modality=modality,
                agency__departement__region=agency.departement.region_id,
                adviser__user__is_active=True,
            )
            .order_by(
                Case(When(away_until=None, then=Value(0)), default=Value(1)),
                never_opened("adviser__user"),
                Case(When(agency=agency, then=Value(0)), default=Value(1)),
                filling(),
                "pk",
            )
        )


class Portfolio(models.Model):
    """An adviser's set of jobseekers of one modality.

    A trigger on placements keeps `occupied`, the number of open placements, in their transaction. When a lower cap
    comes into force while more people are there, `capacity` stays at their number and `lowered_to` holds the cap. The
    same trigger lowers `capacity` with each place that becomes free, so that the place is not taken again.
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
    # Set only by `with_presence`.

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
        """The cap in force; it may be below the number of people who are there."""
        return self.capacity if self.lowered_to is None else self.lowered_to

    @property
    def places_left(self) -> int:
        return self.capacity - self.occupied

    @property
    def filling(self) -> int:
        """Occupied places in per cent of the capacity."""
        return percent(self.occupied, self.capacity)


Rows = TypeVar("Rows", bound=QuerySet[Any])


def _waits(requests: str) -> Q:
    """Return the condition that a request waits for an answer, as in `open()`; `requests` is the path to it."""
    return Q(**{f"{requests}__answered_at": None, f"{requests}__withdrawn_at": None})


def with_case(rows: Rows, *, person: str = "") -> Rows:
    """Add what a person's needs depend on beside the summary: period, open enrolment, plan and open requests.

    `person` is the path from a row to the person. Constraints ensure that each join finds at most one row.
    """
    one_row_of_each: Rows = rows.annotate(
        period=FilteredRelation(f"{person}accompaniments", condition=Q(**{f"{person}accompaniments__ended_at": None})),
        accepting=FilteredRelation(
            f"{person}enrolments", condition=Q(**{f"{person}enrolments__state": EnrolmentState.VALIDATED})
        ),
        plan=FilteredRelation(f"{person}contact_plans", condition=Q(**{f"{person}contact_plans__ended_on": None})),
        wish=FilteredRelation(f"{person}plan_requests", condition=_waits(f"{person}plan_requests")),
        on_site=FilteredRelation(f"{person}on_site_requests", condition=_waits(f"{person}on_site_requests")),
    ).annotate(
        tier=F("period__tier"),
        track=F("period__track"),
        since=F("period__started_at"),
        validated_at=F("accepting__validated_at"),
        plan_review_on=F("plan__review_on"),
        plan_interval_days=F("plan__interval_days"),
        plan_change_asked_at=F("wish__asked_at"),
        on_site_asked_at=F("on_site__asked_at"),
        timezone=F(f"{person}agency__departement__region__timezone"),
    )
    return one_row_of_each


class PlacementQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def once_followed_by(self, user: User) -> Self:
        """Keep placements of the files that the user may see; for an adviser also those that ended in their own
        portfolios.
        """
        seen = Jobseeker.objects.visible_to(user)
        return self.filter(Q(jobseeker__in=seen) | Q(portfolio__adviser__user=user))

    def waiting(self) -> Self:
        """Keep the last placement of each person who is in no portfolio now and is still registered."""
        of_the_person = self.model.objects.filter(jobseeker=OuterRef("jobseeker"))
        return (
            self.filter(ended_at__isnull=False)
            .exclude(end_reason=PlacementEnd.LEFT)
            .filter(
                ~Exists(of_the_person.filter(ended_at=None)),
                ~Exists(of_the_person.filter(started_at__gt=OuterRef("started_at"))),
            )
        )

    def in_charge_of(self, user: User) -> Self:
        """Keep the people whom this user may place: those of a manager's regions, or of an adviser's agency."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "jobseeker__agency__departement__region"))
        return self.filter(jobseeker__agency__advisers__user=user)

    def followed_by(self, user: User, now: datetime) -> Self:
        """Keep the placements in the portfolios that an adviser answers for now."""
        return self.filter(portfolio__in=Portfolio.objects.followed_by(user, now))

    def with_case(self) -> Self:
        """Add what the portfolio list shows of each person. The summary is under `jobseeker__summary__`."""
        return with_case(self, person="jobseeker__")


class Placement(Guarded):
    """Which person is in which portfolio, and since when. A person has at most one open placement."""

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
            # `waiting`: who has left a portfolio is counted on every page of a manager.
            models.Index(
                fields=("jobseeker",),
                condition=Q(ended_at__isnull=False) & ~Q(end_reason=PlacementEnd.LEFT),
                name="placement_left",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} in {self.portfolio_id}"


class CaseSummary(models.Model):
    """What the portfolio list shows of a person. Upper floors write it, so that lists need no look-ups."""

    jobseeker = models.OneToOneField(Jobseeker, models.CASCADE, primary_key=True, related_name="summary")
    last_contact_at = models.DateTimeField("dernier contact", null=True)
    last_contact_channel = models.CharField("canal", max_length=8, choices=Channel, blank=True)
    awaiting_reply_since = models.DateTimeField("sans réponse depuis", null=True)
    reply_due_at = models.DateTimeField("réponse avant", null=True, help_text="if an answer is awaited")
    reply_planned_at = models.DateTimeField("réponse prévue", null=True, help_text="a message waits until then")
    callback_due_at = models.DateTimeField("rappel avant", null=True)
    next_interview_at = models.DateTimeField("prochain entretien", null=True)
    next_interview_channel = models.CharField("canal", max_length=8, choices=OWN_CHANNELS, blank=True)
    obligation_due_on = models.DateField("échéance", null=True)
    to_place_by = models.DateField("à placer avant", null=True, help_text="nearest deadline that has no interview")

    class Meta:
        verbose_name = "résumé"

    def __str__(self) -> str:
        return f"summary of {self.jobseeker_id}"


class CoverQuerySet(DaysQuerySet):
    def running_at(self, now: datetime | Combinable) -> Self:
        """Keep the covers that run at an instant, by the day of the covering colleague's agency."""
        there = F("colleague__agency__departement__region__timezone")
        instant = now if isinstance(now, Combinable) else Value(now, output_field=models.DateTimeField())
        return self.running_on(LocalDay(there, instant))

    def answering(self) -> Self:
        """Keep the covers whose colleague has an open account."""
        return self.filter(colleague__user__is_active=True)

    def of_person(self, person: Jobseeker | Combinable) -> Self:
        """Keep the covers of the portfolio in which a person is now."""
        return self.filter(portfolio__placements__jobseeker=person, portfolio__placements__ended_at=None)


class Cover(models.Model):
    """A colleague answers for a portfolio during an absence. A cover does not count against the colleague's cap."""

    portfolio = models.ForeignKey(Portfolio, models.PROTECT, related_name="covers")
    absence = models.ForeignKey(Absence, models.PROTECT, related_name="covers")
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

    def answers_at(self, now: datetime) -> bool:
        """Return whether `running_at` and `answering` keep the cover. Load its colleague's account and region."""
        day = now.astimezone(self.colleague.agency.zone).date()
        return self.cancelled_at is None and self.starts_on <= day <= self.ends_on and self.colleague.user.is_active
