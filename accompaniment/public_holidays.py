"""Public holidays of a département: no database, no clock.

Alsace and Moselle have two more than the rest of the country; each overseas département has its own.
"""

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=256)
def _of_year(subdivision: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("FR", subdiv=subdivision or None, years=year))


def is_public_holiday(day: date, subdivision: str) -> bool:
    """Tell whether `day` is a public holiday there; `subdivision` is `Departement.holidays_subdivision`."""
    return day in _of_year(subdivision, day.year)
