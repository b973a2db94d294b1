"""A person's timeline as the file shows it: newest first, by kind and by month, a stretch at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from accompaniment.models import Jobseeker
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import day_in_style
from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, TimelineRequest, timeline_sources

PAGE = 40
"""Events of one stretch; what happened at the same instant as the last one is shown with it."""


@dataclass(frozen=True, slots=True)
class Month:
    label: str
    events: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A stretch of a person's timeline."""

    kind: TimelineKind | None
    months: list[Month]
    older_than: datetime | None
    """Where the next, older stretch begins; None when this is the oldest."""
    first: bool


def timeline_of(person: Jobseeker, *, kind: TimelineKind | None, before: datetime | None) -> Timeline:
    """Return a stretch of the timeline; load `agency__departement__region` with the person. One statement a source."""
    asked = TimelineRequest(person=person, before=before, limit=2 * PAGE)
    found = [
        event
        for source in timeline_sources
        if kind is None or kind in source.kinds
        for event in source.events(asked)
        if kind is None or event.kind == kind
    ]
    found.sort(key=lambda event: event.at, reverse=True)
    shown = found[:PAGE]
    if shown:
        shown += [event for event in found[PAGE:] if event.at == shown[-1].at]
    return Timeline(
        kind=kind,
        months=_by_month(shown, reader_zone()),
        older_than=shown[-1].at if len(found) > len(shown) else None,
        first=before is None,
    )


def _by_month(events: Collection[Event], zone: ZoneInfo) -> list[Month]:
    def month(event: Event) -> str:
        return day_in_style(event.at.astimezone(zone).date(), "F Y").capitalize()

    return [Month(label, list(group)) for label, group in groupby(events, key=month)]
