"""Events of a person's timeline; each floor adds its own.

A source names rows, their instants and the facts that its sentence needs. All sources together are one SQL statement,
so that the page of a person takes the same few statements whatever happened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from caseload.enums import TimelineKind

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.db.models.expressions import Combinable

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
class Happened:
    """A row of a source: its instant, its facts by name as JSON holds them, and the person whose file it is in."""

    at: datetime
    facts: Mapping[str, Any]
    person: "Jobseeker"

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of events of one kind."""

    kind: TimelineKind
    rows: Callable[["Jobseeker"], "QuerySet[Any]"]
    """The rows of a person; those whose instant is NULL are left out."""
    at: str
    """The field or annotation with the instant."""
    facts: "Mapping[str, str | Combinable]"
    told: Callable[[Happened], Event]


timeline_sources: list[Source] = []
"""Of events of the same instant, those of an earlier source come first. Lowest floor first."""
