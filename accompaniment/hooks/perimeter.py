"""Who may see whose file.

The lower floor owns the question, the floor that knows portfolios and regions answers it: an upper app
adds one function in its `config/wiring.py`, and every `.visible_to(user)` asks all of them.
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
"""The same for files that somebody may read and do nothing in: asked by `.readable_by(user)` only."""


reader_capacities: list[Callable[["User"], list[When]]] = []
"""Functions that return in which `ReaderCapacity` a member of staff reads a file, on `Jobseeker`; the first holds."""


def staff_perimeter(user: "User") -> Q:
    """Return the condition on `Jobseeker` that this member of staff's perimeter is; nobody if none is known."""
    condition = Q(pk__in=[])
    for perimeter in staff_perimeters:
        condition |= perimeter(user)
    return condition


def staff_reading_perimeter(user: "User") -> Q:
    """Return the condition on `Jobseeker` of what this member of staff may at least read."""
    condition = staff_perimeter(user)
    for readers in staff_readers:
        condition |= readers(user)
    return condition


def reader_capacity(user: "User") -> Case:
    """Return the expression on `Jobseeker` of the capacity in which this member of staff reads the file."""
    known = [when for capacities in reader_capacities for when in capacities(user)]
    return Case(*known, default=Value(ReaderCapacity.COLLEAGUE))
