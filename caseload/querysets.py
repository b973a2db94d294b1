"""Filters of the caseload floor, and the perimeter."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Case, F, FilteredRelation, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from accompaniment.alphabet import alphabetical
from accompaniment.enums import EnrolmentState, Role
from accompaniment.querysets import OfJobseekerQuerySet

if TYPE_CHECKING:
    from accompaniment.models import Agency, User
    from caseload.models import Adviser


STAFF_FILTERS = {"region": "agency__departement__region", "agence": "agency"}


def managed_by(user: "User", region: str) -> Q:
    """Return the condition that a region, reached by the path `region`, is one of this manager's.

    A manager of the whole country has every region.
    """
    manager = getattr(user, "manager", None)
    if manager is None:
        return Q(pk__in=[])
    if manager.whole_country:
        return Q()
    return Q(**{f"{region}__managers": manager})


class AdviserQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep oneself, or the advisers of a manager's regions."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.filter(user=user)

    def kept_by(self, kept: Mapping[str, Any]) -> Self:
        """Keep those of the chosen `region`, `agence` and `modalite`."""
        found = self.filter(**{STAFF_FILTERS[name]: value for name, value in kept.items() if name in STAFF_FILTERS})
        if "modalite" in kept:
            return found.filter(portfolios__modality=kept["modalite"])
        return found

    def by_agency(self) -> Self:
        """Sort by region, agency and name, with portfolios, agency and region loaded."""
        return (
            self.select_related("user", "agency__departement__region")
            .prefetch_related("portfolios")
            .order_by(
                alphabetical("agency__departement__region__name"),
                alphabetical("agency__name"),
                "agency",
                alphabetical("user__last_name"),
                alphabetical("user__first_name"),
                "pk",
            )
        )


class PortfolioQuerySet(QuerySet[Any]):
    def kept_by(self, kept: Mapping[str, Any]) -> Self:
        """Keep those of the chosen `region`, `agence` and `modalite`."""
        found = self.filter(**{STAFF_FILTERS[name]: value for name, value in kept.items() if name in STAFF_FILTERS})
        if "modalite" in kept:
            return found.filter(modality=kept["modalite"])
        return found

    def most_filled_first(self) -> Self:
        return self.order_by(F("occupied") * -1.0 / Greatest(F("capacity"), 1), "pk")

    def visible_to(self, user: "User", day: date) -> Self:
        """Keep an adviser's own portfolios and those covered on `day`, or those of a manager's regions."""
        if user.role == Role.ADVISER:
            covered = Q(
                covers__colleague__user=user,
                covers__starts_on__lte=day,
                covers__ends_on__gte=day,
                covers__cancelled_at=None,
            )
            return self.filter(Q(adviser__user=user) | covered).distinct()
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.none()

    def with_room(self) -> Self:
        """Keep those with a free place, least loaded first."""
        return self.filter(occupied__lt=F("capacity")).order_by("occupied", "pk")

    def proposed_for(self, agency: "Agency", modality: str) -> Self:
        """Keep the portfolios of a modality in the agency's region: the agency's own first, least loaded first."""
        return self.filter(
            modality=modality, agency__departement__region=agency.departement.region_id, adviser__user__is_active=True
        ).order_by(
            Case(When(agency=agency, then=Value(0)), default=Value(1)), F("occupied") * 1.0 / F("capacity"), "pk"
        )


class PlacementQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def followed_by(self, adviser: "Adviser", day: date) -> Self:
        """Keep the placements in an adviser's own portfolios and in those that he or she covers on `day`."""
        covered = Q(
            portfolio__covers__colleague=adviser,
            portfolio__covers__starts_on__lte=day,
            portfolio__covers__ends_on__gte=day,
            portfolio__covers__cancelled_at=None,
        )
        return self.filter(Q(portfolio__adviser=adviser) | covered).distinct()

    def with_case(self) -> Self:
        """Add what the portfolio list shows of each person: the current period and the open enrolment.

        The summary's columns are reached by `jobseeker__summary__…`. Each join meets one row at most, by the
        database's own constraints.
        """
        return self.annotate(
            period=FilteredRelation("jobseeker__accompaniments", condition=Q(jobseeker__accompaniments__ended_at=None)),
            accepting=FilteredRelation(
                "jobseeker__enrolments", condition=Q(jobseeker__enrolments__state=EnrolmentState.VALIDATED)
            ),
        ).annotate(
            tier=F("period__tier"),
            track=F("period__track"),
            since=F("period__started_at"),
            validated_at=F("accepting__validated_at"),
        )


class CoverQuerySet(QuerySet[Any]):
    def running_on(self, day: date) -> Self:
        """Keep the covers that run on `day`, both ends included."""
        return self.filter(starts_on__lte=day, ends_on__gte=day, cancelled_at=None)


class ImportRunQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep one's own imports; a manager of the whole country sees all."""
        manager = getattr(user, "manager", None)
        if manager is None:
            return self.none()
        return self.all() if manager.whole_country else self.filter(uploaded_by=user)

    def for_history(self) -> Self:
        """Keep what a line of the history shows; the rows of a file are read only on its own page."""
        return self.select_related("uploaded_by").defer("rejected_rows", "warned_rows", "rejected_csv")
