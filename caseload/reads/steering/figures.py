"""The figures for managers, with a fixed number of statements.

A figure of a period counts what happened on the days from `first` to `last`, both included, in each region's own zone.
A figure of the present counts what is true now. A person counts for the present region of their agency.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, Q, QuerySet, Sum
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual

from accompaniment.enums import Channel, ContactNature, EnrolmentState, LeavingReason, Modality, RefusalReason, Track
from accompaniment.models import Accompaniment, Contact, Enrolment, Region, User
from accompaniment.models.expressions import LocalDay, alphabetical
from caseload.models import Placement, Portfolio
from caseload.rules.portfolio import ALMOST_FULL_PERCENT, Suppressed, percent, suppress

INTERVIEW_CHANNELS = (Channel.VIDEO, Channel.PHONE, Channel.ON_SITE)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def before(self) -> "Period":
        """The period of the same length that ended the day before."""
        days = self.last - self.first + A_DAY
        return Period(self.first - days, self.first - A_DAY)


@dataclass(slots=True)
class RegionFigures:
    """One row of the dashboard; the total is a row too."""

    code: str
    name: str
    opens_on: date | None
    volunteers: int = 0
    validated: int = 0
    refused: int = 0
    on_track: int = 0
    portfolios: int = 0
    occupied: int = 0
    capacity: int = 0
    almost_full: int = 0
    interviews: Counter[str] = field(default_factory=Counter)

    @property
    def filling(self) -> int:
        """Occupied places per cent of the capacity."""
        return percent(self.occupied, self.capacity)

    @property
    def interviews_held(self) -> int:
        return self.interviews.total()

    @property
    def interviews_by_channel(self) -> list[tuple[str, int]]:
        return [(channel.label, self.interviews[channel]) for channel in INTERVIEW_CHANNELS]

    @property
    def has_begun(self) -> bool:
        """Whether the web track has an opening day here, or any figure is not zero."""
        return self.opens_on is not None or any(getattr(self, name) for name in COUNTS) or bool(self.interviews)


COUNTS = ("volunteers", "validated", "refused", "on_track", "portfolios", "occupied", "capacity", "almost_full")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The figures of a manager's regions in a period, and those of the period before."""

    period: Period
    regions: list[RegionFigures]
    total: RegionFigures
    earlier: RegionFigures

    @property
    def begun(self) -> list[RegionFigures]:
        """The regions with something to show."""
        return [row for row in self.regions if row.has_begun]

    @property
    def not_begun(self) -> list[RegionFigures]:
        """The regions that are not open yet and have no figures."""
        return [row for row in self.regions if not row.has_begun]


def regions_of(user: User) -> QuerySet[Region]:
    """Return the regions that a manager steers, open ones first, then by name."""
    manager = getattr(user, "manager", None)
    if manager is None:
        return Region.objects.none()
    steered: QuerySet[Region] = Region.objects.all() if manager.whole_country else manager.regions.all()
    return steered.order_by(F("web_opens_on").asc(nulls_last=True), alphabetical("name"))


def dashboard(*, user: User, period: Period) -> Dashboard:
    """Return the figures of the manager's regions."""
    regions = {region.code: RegionFigures(region.code, region.name, region.web_opens_on) for region in regions_of(user)}
    earlier = RegionFigures("", "Période précédente", None)
    _count_enrolments(regions, earlier, period)
    _count_track(regions)
    _count_portfolios(regions)
    _count_interviews(regions, earlier, period)
    total = RegionFigures("", "Ensemble", None)
    for row in regions.values():
        for name in COUNTS:
            setattr(total, name, getattr(total, name) + getattr(row, name))
        total.interviews.update(row.interviews)
    return Dashboard(period, list(regions.values()), total, earlier)


def _count_enrolments(regions: dict[str, RegionFigures], earlier: RegionFigures, period: Period) -> None:
    """Volunteers by the day on which they asked, validations and refusals by the day of the decision."""
    facts: dict[str, tuple[str, Q]] = {
        "volunteers": ("asked_at", Q()),
        "validated": ("validated_at", Q()),
        "refused": ("closed_at", Q(state=EnrolmentState.REFUSED)),
    }
    both = Period(period.before.first, period.last)
    zone = F("jobseeker__agency__departement__region__timezone")
    rows: QuerySet[Any, dict[str, Any]] = (
        Enrolment.objects.filter(Q(*(_may_be_within(column, both) for column, _ in facts.values()), _connector=Q.OR))
        .filter(jobseeker__agency__departement__region__in=list(regions))
        .order_by()
        .annotate(**{f"{column}_day": LocalDay(zone, F(column)) for column, _ in facts.values()})
        .values(region=F("jobseeker__agency__departement__region"))
        .annotate(
            **{
                f"{name}_{when}": Count("pk", filter=condition & _on_days(f"{column}_day", span))
                for name, (column, condition) in facts.items()
                for when, span in (("now", period), ("before", period.before))
            }
        )
    )
    for row in rows:
        for name in facts:
            setattr(regions[row["region"]], name, row[f"{name}_now"])
            setattr(earlier, name, getattr(earlier, name) + row[f"{name}_before"])


def _count_track(regions: dict[str, RegionFigures]) -> None:
    for row in (
        Accompaniment.objects.current()
        .filter(track=Track.WEB, jobseeker__agency__departement__region__in=list(regions))
        .order_by()
        .values(region=F("jobseeker__agency__departement__region"))
        .annotate(people=Count("pk"))
    ):
        regions[row["region"]].on_track = row["people"]


def _count_portfolios(regions: dict[str, RegionFigures]) -> None:
    for row in (
        Portfolio.objects.filter(modality=Modality.GUIDE_WEB, agency__departement__region__in=list(regions))
        .order_by()
        .values(region=F("agency__departement__region"))
        .annotate(
            number=Count("pk"),
            places_taken=Sum("occupied"),
            places=Sum("capacity"),
            nearly_full=Count("pk", filter=ALMOST_FULL),
        )
    ):
        figures = regions[row["region"]]
        figures.portfolios = row["number"]
        figures.occupied = row["places_taken"]
        figures.capacity = row["places"]
        figures.almost_full = row["nearly_full"]


ALMOST_FULL = Q(
    GreaterThanOrEqual(Cast("occupied", IntegerField()) * 100, Cast("capacity", IntegerField()) * ALMOST_FULL_PERCENT),
    capacity__gt=0,
)


def _count_interviews(regions: dict[str, RegionFigures], earlier: RegionFigures, period: Period) -> None:
    """Interviews in the journal by channel, without registration interviews."""
    both = Period(period.before.first, period.last)
    for row in (
        Contact.objects.filter(
            _may_be_within("at", both),
            nature=ContactNature.INTERVIEW,
            jobseeker__agency__departement__region__in=list(regions),
        )
        .order_by()
        .annotate(day=LocalDay(F("jobseeker__agency__departement__region__timezone"), F("at")))
        .values("channel", region=F("jobseeker__agency__departement__region"))
        .annotate(
            held=Count("pk", filter=_on_days("day", period)),
            held_before=Count("pk", filter=_on_days("day", period.before)),
        )
    ):
        if row["held"]:
            regions[row["region"]].interviews[row["channel"]] = row["held"]
        earlier.interviews[row["channel"]] += row["held_before"]


def _may_be_within(column: str, period: Period) -> Q:
    """Keep instants that fall on a day of the period in some zone; an index supports it."""
    first = datetime.combine(period.first - A_DAY, time(), tzinfo=UTC)
    last = datetime.combine(period.last + 2 * A_DAY, time(), tzinfo=UTC)
    return Q(**{f"{column}__gte": first, f"{column}__lt": last})


def _on_days(column: str, period: Period) -> Q:
    return Q(**{f"{column}__gte": period.first, f"{column}__lte": period.last})


def waiting_for_placement(user: User) -> int:
    """Return how many people of the manager's regions follow the 100 % web track without a portfolio."""
    return (
        Accompaniment.objects.current()
        .filter(track=Track.WEB, jobseeker__agency__departement__region__in=regions_of(user))
        .exclude(jobseeker__placements__in=Placement.objects.open())
        .count()
    )


# --- Reasons: what they tell is about people, so small counts are hidden -------------------------------------------


@dataclass(frozen=True, slots=True)
class Reasons:
    """The number of people per reason since the beginning, as far as it may be shown."""

    counts: Suppressed[str]

    @property
    def rows(self) -> list[tuple[str, Any]]:
        return list(self.counts.cells.items())


def refusal_reasons(user: User) -> Reasons:
    """Return the refusals in the manager's regions by reason, since the beginning.

    Neither a period nor a single region can be chosen: the difference between two such tables would reveal what each
    hides.
    """
    return _reasons(user, "refusal_reason", EnrolmentState.REFUSED, RefusalReason)


def leaving_reasons(user: User) -> Reasons:
    """Return the ends of the 100 % web track in the manager's regions by reason, since the beginning."""
    return _reasons(user, "leaving_reason", EnrolmentState.ENDED, LeavingReason)


def _reasons(
    user: User, column: str, state: EnrolmentState, labels: type[RefusalReason] | type[LeavingReason]
) -> Reasons:
    counted = dict(
        Enrolment.objects.filter(state=state, jobseeker__agency__departement__region__in=regions_of(user))
        .order_by()
        .values_list(column)
        .annotate(people=Count("pk"))
    )
    return Reasons(suppress({str(reason.label): counted.get(reason.value, 0) for reason in labels}))
