"""Regions, départements, agencies and their opening hours."""

from datetime import date
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Count, F, Q, QuerySet

from accompaniment.models.expressions import alphabetical
from accompaniment.rules.tracks import opening_day


class RegionQuerySet(QuerySet[Any]):
    def in_order_of_opening(self) -> Self:
        """Sort by opening day, those without one last, and add `agency_count`, the number of each region's agencies.

        Names are sorted as people expect: Île-de-France under I.
        """
        return self.annotate(agency_count=Count("departements__agencies")).order_by(
            F("web_opens_on").asc(nulls_last=True), alphabetical("name"), "pk"
        )


class Region(models.Model):
    """One of the regions of 2013, and the day on which the 100 % web track opens there."""

    code = models.CharField("code", max_length=2, primary_key=True)
    name = models.CharField("nom", max_length=60, unique=True)
    web_opens_on = models.DateField("ouverture du 100 % web", null=True, blank=True)
    timezone = models.CharField("fuseau", max_length=40, help_text="zone IANA, par exemple Europe/Paris")

    objects = RegionQuerySet.as_manager()

    class Meta:
        ordering = (alphabetical("name"),)
        verbose_name = "région"

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The region's IANA zone, also that of its agencies."""
        return ZoneInfo(self.timezone)

    def web_is_open(self, day: date) -> bool:
        """Return whether the web track is open here on `day`."""
        return self.web_opens_on is not None and self.web_opens_on <= day


class Departement(models.Model):
    code = models.CharField("code", max_length=3, primary_key=True)
    name = models.CharField("nom", max_length=60)
    region = models.ForeignKey(Region, models.PROTECT, related_name="departements", verbose_name="région")
    holidays_subdivision = models.CharField(
        "jours fériés",
        max_length=20,
        blank=True,
        help_text="subdivision du paquet `holidays`, vide pour le calendrier national",
    )

    class Meta:
        ordering = ("code",)
        verbose_name = "département"

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class AgencyQuerySet(QuerySet[Any]):
    def opening_with(self, region: "Region", *, day: date | None) -> Self:
        """Keep a region's agencies for which this day, or none, would apply: those without a later day of their own."""
        found = self.filter(departement__region=region)
        return found.exclude(web_opens_on__gt=day) if day else found


class Agency(models.Model):
    code = models.CharField("code", max_length=5, unique=True)
    name = models.CharField("nom", max_length=120)
    departement = models.ForeignKey(Departement, models.PROTECT, related_name="agencies")
    address = models.CharField("adresse", max_length=200, blank=True)
    postal_code = models.CharField("code postal", max_length=5, blank=True)
    commune = models.CharField("commune", max_length=80, blank=True)
    phone = models.CharField(
        "téléphone",
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="format E.164; vide : pas encore donné",
    )
    web_opens_on = models.DateField(
        "ouverture du 100 % web dans l'agence", null=True, blank=True, help_text="vide : le jour de la région"
    )

    objects = AgencyQuerySet.as_manager()

    class Meta:
        ordering = (alphabetical("name"),)
        verbose_name = "agence"
        constraints = [
            models.CheckConstraint(
                condition=Q(phone="") | Q(phone__regex=r"^\+[0-9]{4,15}$"), name="agency_phone_e164"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def region(self) -> Region:
        return self.departement.region

    @property
    def zone(self) -> ZoneInfo:
        """The agency's IANA zone; load `departement__region` with it."""
        return self.departement.region.zone

    @property
    def web_opening_day(self) -> date | None:
        """The day on which the web track opens here: the region's, or a later one of the agency's own."""
        return opening_day(self.departement.region.web_opens_on, own=self.web_opens_on)


class OpeningHours(models.Model):
    """A stretch of a weekday in which the agency answers, as wall-clock times in its zone."""

    agency = models.ForeignKey(Agency, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField("jour", help_text="0 = lundi … 6 = dimanche")
    opens_at = models.TimeField("ouverture")
    closes_at = models.TimeField("fermeture")

    class Meta:
        ordering = ("agency", "weekday", "opens_at")
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_hours_weekday"),
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="opening_hours_in_order"),
            models.UniqueConstraint(fields=("agency", "weekday", "opens_at"), name="opening_hours_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.weekday} {self.opens_at}–{self.closes_at}"
