"""The history of managers' changes to settings, one row per change. The audit has rows of its own."""

from django.db import models

from accompaniment.enums import Awaited, SettingEvent
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import User
from accompaniment.models.territory import Agency, Region


class SettingChange(AppendOnly):
    """Who changed a setting, and when."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="null: the system")

    class Meta:
        abstract = True
        ordering = ("-at", "-pk")


class OpeningChange(SettingChange):
    """The opening day of the web track in a region or agency was set or removed."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", help_text="null: the region")
    before = models.DateField(null=True)
    opens_on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.region_id} {self.agency_id} {self.opens_on}"


class AgencyPhoneChange(SettingChange):
    """The telephone number of an agency was set or removed."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    before = models.CharField(max_length=20, blank=True)
    phone = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.agency_id} {self.phone}"


class DelayChange(SettingChange):
    """A delay was set, or a coming one was cancelled."""

    event = models.CharField(max_length=9, choices=SettingEvent)
    state = models.CharField(max_length=10, choices=Awaited)
    before = models.PositiveSmallIntegerField(null=True)
    days = models.PositiveSmallIntegerField()
    starts_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.state} {self.days} {self.event}"
