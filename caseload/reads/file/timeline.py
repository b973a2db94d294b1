"""A person's timeline in pages: newest first, by kind and month."""

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
"""Number of events per page. Events of the same instant as the last one are added."""


@dataclass(frozen=True, slots=True)
class Month:
    label: str
    events: list[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of a person's timeline."""

    kind: TimelineKind | None
    months: list[Month]
    older_than: datetime | None
    """The instant before which the next, older page begins; None on the oldest page."""
    first: bool


def timeline_of(person: Jobseeker, *, kind: TimelineKind | None, before: datetime | None) -> Timeline:
    """Return a page of the timeline, one statement per source. Load `agency__departement__region` with the person."""
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
