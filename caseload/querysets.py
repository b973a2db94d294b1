"""Filters of the caseload floor, and the perimeter."""

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db.models import F, Q, QuerySet

from accompaniment.enums import Role

if TYPE_CHECKING:
    from accompaniment.models import User


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


class PortfolioQuerySet(QuerySet[Any]):
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


class PlacementQuerySet(QuerySet[Any]):
    def open(self) -> Self:
        return self.filter(ended_at=None)


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
