"""Who may see whose file.

The lower floor owns the question, the floor that knows portfolios and regions answers it: an upper app
adds one function in its `AppConfig.ready`, and every `.visible_to(user)` asks all of them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from accompaniment.models import User

StaffPerimeter = Callable[["User"], Q]

staff_perimeters: list[StaffPerimeter] = []
"""Functions that return a condition on `Jobseeker` for a member of staff; they are joined by OR."""


def staff_perimeter(user: "User") -> Q:
    """Return the condition on `Jobseeker` that this member of staff's perimeter is; nobody if none is known."""
    condition = Q(pk__in=[])
    for perimeter in staff_perimeters:
        condition |= perimeter(user)
    return condition
