"""Events of a person's timeline; each floor adds its own.

A source is one SQL statement that returns the newest events of a person before an instant, up to a limit.
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
    """Text that a person gave to the event; it follows the title."""
    channel: str = ""
    text: str = ""
    by: str = ""
    marks: bool = False
    """Whether the event begins something, such as a period of accompaniment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRequest:
    """The wanted events: the newest before an instant (None: now), at most `limit`."""

    person: "Jobseeker"
    before: datetime | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of events of some kinds."""

    kinds: frozenset[TimelineKind]
    events: Callable[[TimelineRequest], Iterable[Event]]


timeline_sources: list[Source] = []
"""Asked lowest floor first."""
