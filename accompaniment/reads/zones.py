"""The clock of whoever reads: active for a request, an e-mail or a frame, so that nothing asks for it by hand."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from asgiref.local import Local
from django.conf import settings
from django.utils import timezone

_active = Local()


def reader_zone() -> ZoneInfo:
    """Return the zone of whoever reads this page, e-mail or frame; the house's own where nobody is known."""
    zone = timezone.get_current_timezone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(settings.TIME_ZONE)


def other_zones() -> tuple[ZoneInfo, ...]:
    """Return the clocks of those with whom the reader shares every hour of this page: a jobseeker's adviser's."""
    zones: tuple[ZoneInfo, ...] = getattr(_active, "others", ())
    return zones


def read_beside(zones: Iterable[ZoneInfo]) -> None:
    """Make every hour from here on name its zone where one of these clocks shows another hour."""
    _active.others = tuple(zones)
