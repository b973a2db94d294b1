"""What managers have changed in the settings of the house, one row for each change; the audit has its own rows."""

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
    """The day on which the web track opens in a region, or in an agency of it, was set or taken back."""

    region = models.ForeignKey(Region, models.PROTECT, related_name="+")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", help_text="null: the region")
    before = models.DateField(null=True)
    opens_on = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.region_id} {self.agency_id} {self.opens_on}"


class AgencyPhoneChange(SettingChange):
    """The telephone number of an agency was written, or taken back."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    before = models.CharField(max_length=20, blank=True)
    phone = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.agency_id} {self.phone}"


class DelayChange(SettingChange):
    """A delay was set, or one to come was cancelled."""

    event = models.CharField(max_length=9, choices=SettingEvent)
    state = models.CharField(max_length=10, choices=Awaited)
    before = models.PositiveSmallIntegerField(null=True)
    days = models.PositiveSmallIntegerField()
    starts_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.state} {self.days} {self.event}"
