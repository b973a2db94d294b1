"""What upper floors know of people's coming days; `config/wiring.py` fills it."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.models import Jobseeker

coming_interviews: list[Callable[["Jobseeker", datetime], list[str]]] = []
"""Each function returns the person's coming interviews, one sentence each, the nearest first."""

booked: list[Callable[[Collection[int], datetime], dict[int, list[str]]]] = []
"""Each function returns what is booked with these people, by primary key, in words that follow a name."""

next_interview: list[Callable[["Jobseeker", datetime], str]] = []
"""Each function returns the day and hour of the person's next interview on the person's clock; empty without one."""
