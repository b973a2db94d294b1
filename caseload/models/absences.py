"""On which days an adviser is away. Covers run on days in the same way."""

from datetime import date
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.db.models.expressions import Combinable

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.models.expressions import DateRange
from caseload.models.staff import Adviser, managed_by


class DaysQuerySet(QuerySet[Any]):
    """Rows that run from a first to a last day, both included, unless they were cancelled."""

    def standing(self) -> Self:
        return self.filter(cancelled_at=None)

    def between(self, first: date | Combinable, last: date | Combinable) -> Self:
        """Keep the rows that include at least one of these days."""
        return self.standing().filter(starts_on__lte=last, ends_on__gte=first)

    def running_on(self, day: date | Combinable) -> Self:
        return self.between(day, day)


class AbsenceQuerySet(DaysQuerySet):
    def visible_to(self, user: User) -> Self:
        """Keep the adviser's own absences and those that the adviser covers; for a manager, those of advisers in their
        regions.
        """
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "adviser__agency__departement__region"))
        covered = self.model.objects.filter(covers__colleague__user=user, covers__cancelled_at=None)
        return self.filter(Q(adviser__user=user) | Q(pk__in=covered.values("pk")))

    def with_relays(self, portfolio_pk: int) -> Self:
        """Load the covers of a portfolio: each absence comes as often as it has some, with one of them as `relay`."""
        of_portfolio = Q(covers__cancelled_at=None, covers__portfolio=portfolio_pk)
        return self.annotate(relay=FilteredRelation("covers", condition=of_portfolio)).select_related(
            "relay__colleague__user", "relay__colleague__agency__departement__region"
        )


class Absence(models.Model):
    """Days on which an adviser is away, both included. The covers say who answers meanwhile."""

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
