"""Who may see whose file, and who decides for which region.

This floor asks the question; the floor that knows portfolios and regions answers it. `config/wiring.py` adds the
functions, and every `.visible_to(user)` asks all of them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import Case, Q, Value, When

from accompaniment.enums import ReaderCapacity

if TYPE_CHECKING:
    from accompaniment.models import User

StaffPerimeter = Callable[["User"], Q]

staff_perimeters: list[StaffPerimeter] = []
"""Functions that return a condition on `Jobseeker` for a member of staff; they are joined by OR."""


staff_readers: list[StaffPerimeter] = []
"""The same for files that may be read but not changed; used by `.readable_by(user)` only."""


reader_capacities: list[Callable[["User"], list[When]]] = []
"""Functions that return the `ReaderCapacity` of a member of staff, as an expression on `Jobseeker`; the first match
counts.
"""


registrars: list[StaffPerimeter] = []
"""The same for people whose registration interview a member of staff conducts, whether they are followed or not."""


on_site_answerers: list[StaffPerimeter] = []
"""The same for people whose request for a meeting on site a member of staff answers."""


Territory = Callable[["User"], Q]

steered_regions: list[Territory] = []
"""Functions that return a condition on `Region`: the regions that a manager steers; they are joined by OR."""


country_stewards: list[Callable[["User"], bool]] = []
"""Functions that return whether somebody decides for the whole country."""


def staff_perimeter(user: "User") -> Q:
    """Return this member of staff's perimeter as a condition on `Jobseeker`; nobody if the list is empty."""
    condition = Q(pk__in=[])
    for perimeter in staff_perimeters:
        condition |= perimeter(user)
    return condition


def staff_reading_perimeter(user: "User") -> Q:
    """Return the condition on `Jobseeker` for files that this member of staff may read."""
    condition = staff_perimeter(user)
    for readers in staff_readers:
        condition |= readers(user)
    return condition


def registrar_perimeter(user: "User") -> Q:
    """Return the condition on `Jobseeker` for people whose registration interview this member of staff conducts."""
    condition = Q(pk__in=[])
    for received in registrars:
        condition |= received(user)
    return condition


def on_site_perimeter(user: "User") -> Q:
    """Return the condition on `Jobseeker` for people whose on-site requests this member of staff answers."""
    condition = Q(pk__in=[])
    for answered in on_site_answerers:
        condition |= answered(user)
    return condition


def steered_territory(user: "User") -> Q:
    """Return the condition on `Region` for regions that this manager steers; none for others."""
    condition = Q(pk__in=[])
    for regions in steered_regions:
        condition |= regions(user)
    return condition


def reader_capacity(user: "User") -> Case:
    """Return the expression on `Jobseeker` for the capacity in which this member of staff reads the file."""
    known = [when for capacities in reader_capacities for when in capacities(user)]
    return Case(*known, default=Value(ReaderCapacity.COLLEAGUE))
