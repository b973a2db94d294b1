"""Everything that happened with a person, each floor telling its own rows.

A source is one statement: it returns the newest events of a person before an instant, at most so many.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from caseload.enums import TimelineKind

if TYPE_CHECKING:
    from accompaniment.models import Jobseeker


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    at: datetime
    kind: TimelineKind
    title: str
    about: str = ""
    """What somebody called the thing; it follows the title."""
    channel: str = ""
    text: str = ""
    by: str = ""
    marks: bool = False
    """Whether it begins something new, such as a period of accompaniment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRequest:
    """Which events are asked for: the newest before an instant (None: now), at most so many."""

    person: "Jobseeker"
    before: datetime | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where events of some kinds come from."""

    kinds: frozenset[TimelineKind]
    events: Callable[[TimelineRequest], Iterable[Event]]


timeline_sources: list[Source] = []
"""Asked in the order of the floors."""
