"""The windows in which a person may ask to be called back."""

from datetime import datetime

from accompaniment.models import Agency
from messaging.reads.participants import opening_stretches
from messaging.rules import Window, callback_windows


def windows_of(agency: Agency, *, now: datetime) -> list[Window]:
    """Return the windows that an agency offers now; load `departement__region` with it."""
    return callback_windows(
        opening_stretches(agency),
        zone=agency.zone,
        holidays_subdivision=agency.departement.holidays_subdivision,
        now=now,
    )
