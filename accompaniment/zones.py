"""The clock of whoever reads: active for a request, an e-mail or a frame, so that nothing asks for it by hand."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Sides:
    """The clocks of the people who keep an hour together."""

    zones: tuple[ZoneInfo, ...]


def reader_zone() -> ZoneInfo:
    """Return the zone of whoever reads this page, e-mail or frame; the house's own where nobody is known."""
    zone = timezone.get_current_timezone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(settings.TIME_ZONE)
