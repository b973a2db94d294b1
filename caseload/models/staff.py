"""Advisers and managers, and the views that they keep."""

from collections.abc import Mapping
from typing import Any, Self

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from accompaniment.enums import Role
from accompaniment.models import Agency, Region, User
from accompaniment.models.expressions import alphabetical

STAFF_FILTERS = {"region": "agency__departement__region", "agence": "agency"}


def managed_by(user: User, region: str) -> Q:
    """Return the condition that the region at the path `region` belongs to this manager.

    A manager of the whole country has every region.
    """
    manager = getattr(user, "manager", None)
    if manager is None:
        return Q(pk__in=[])
    if manager.whole_country:
        return Q()
    return Q(**{f"{region}__managers": manager})


def never_opened(account: str) -> Case:
    """Return the expression that sorts accounts without a password last."""
    waits = {f"{account}__password__startswith": UNUSABLE_PASSWORD_PREFIX}
    return Case(When(**waits, then=Value(1)), default=Value(0))


class AdviserQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the user themselves, or the advisers of a manager's regions."""
        if user.role == Role.MANAGER:
            return self.filter(managed_by(user, "agency__departement__region"))
        return self.filter(user=user)

    def kept_by(self, kept: Mapping[str, Any]) -> Self:
        """Keep those of the chosen `region`, `agence` and `modalite`."""
        found = self.filter(**{STAFF_FILTERS[name]: value for name, value in kept.items() if name in STAFF_FILTERS})
        if "modalite" in kept:
            return found.filter(portfolios__modality=kept["modalite"])
        return found

    def opened_first(self) -> Self:
        """Sort by name, with those who never opened their account last."""
        return self.order_by(
            never_opened("user"), alphabetical("user__last_name"), alphabetical("user__first_name"), "pk"
        )

    def by_agency(self) -> Self:
        """Sort by region, agency and name, with agency and region loaded."""
        return self.select_related("user", "agency__departement__region").order_by(
            alphabetical("agency__departement__region__name"),
            alphabetical("agency__name"),
            "agency",
            alphabetical("user__last_name"),
            alphabetical("user__first_name"),
            "pk",
        )


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


class ManagerQuerySet(QuerySet[Any]):
    def steered_by(self, user: User) -> Self:
        """Keep the managers all of whose regions are the user's. Managers of the whole country see each other only."""
        manager = getattr(user, "manager", None)
        if manager is None:
            return self.none()
        if manager.whole_country:
            return self
        beyond = self.model.regions.through.objects.filter(manager=OuterRef("pk")).exclude(
            region__in=manager.regions.all()
        )
        return self.filter(~Exists(beyond), whole_country=False)

    def to_tell_of(self, region: str) -> Self:
        """Keep the managers responsible for a region: its own, or if it has none those of the whole country."""
        present = self.filter(user__is_active=True).select_related("user").order_by("pk")
        own = present.filter(regions=region)
        return own if own.exists() else present.filter(whole_country=True)

    def by_name(self) -> Self:
        """Sort by name, with account and regions loaded."""
        return (
            self.select_related("user")
            .prefetch_related("regions")
            .order_by(alphabetical("user__last_name"), alphabetical("user__first_name"), "pk")
        )


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


class SavedView(models.Model):
    """A named selection of the portfolio list: the query of its address."""

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
