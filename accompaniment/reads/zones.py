"""The reader's clock, active for a request, an e-mail or a frame, so that no code passes it along."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from asgiref.local import Local
from django.conf import settings
from django.utils import timezone

_active = Local()


def reader_zone() -> ZoneInfo:
    """Return the zone of the reader of this page, e-mail or frame, or the default zone for an unknown reader."""
    zone = timezone.get_current_timezone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(settings.TIME_ZONE)


def other_zones() -> tuple[ZoneInfo, ...]:
    """Return the clocks of the other people who see every hour of this page: for a jobseeker, the adviser's."""
    zones: tuple[ZoneInfo, ...] = getattr(_active, "others", ())
    return zones


def read_beside(zones: Iterable[ZoneInfo]) -> None:
    """Make every hour from here on name its zone if one of these clocks shows another hour."""
    _active.others = tuple(zones)
