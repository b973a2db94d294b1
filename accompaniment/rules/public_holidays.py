"""Public holidays of a département: no database, no clock.

Alsace and Moselle have two more than the rest of the country; each overseas département has its own.
"""

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=256)
def public_holidays(subdivision: str, year: int) -> frozenset[date]:
    """Return the public holidays of a year there; `subdivision` is `Departement.holidays_subdivision`."""
    return frozenset(holidays.country_holidays("FR", subdiv=subdivision or None, years=year))


def is_public_holiday(day: date, subdivision: str) -> bool:
    """Return whether `day` is a public holiday there."""
    return day in public_holidays(subdivision, day.year)
