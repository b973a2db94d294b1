"""A person's timeline in pages: newest first, by kind and month."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, IntegerField, QuerySet, Value
from django.db.models.functions import JSONObject

from accompaniment.models import Jobseeker
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import day_in_style
from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, Happened, Source, timeline_sources

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
    """Return a page of the timeline, in one statement. Load `agency__departement__region` with the person."""
    sources = [source for source in timeline_sources if kind in (None, source.kind)]
    found = [
        sources[number].told(Happened(at=at, facts=facts, person=person))
        for at, number, _, facts in _rows(sources, person, before)
    ]
    shown = found[:PAGE]
    if shown:
        shown += [event for event in found[PAGE:] if event.at == shown[-1].at]
    return Timeline(
        kind=kind,
        months=_by_month(shown, reader_zone()),
        older_than=shown[-1].at if len(found) > len(shown) else None,
        first=before is None,
    )


def _rows(sources: Collection[Source], person: Jobseeker, before: datetime | None) -> QuerySet[Any, Any]:
    first, *others = [_part(source, number, person, before) for number, source in enumerate(sources)]
    if not others:
        return first
    rows: QuerySet[Any, Any] = first.union(*others, all=True).order_by("-happened_at", "number", "-row")[: 2 * PAGE]
    return rows


def _part(source: Source, number: int, person: Jobseeker, before: datetime | None) -> QuerySet[Any, Any]:
    """Return a source's part of the statement: the instant, the source, the row and its facts, the newest first."""
    rows = source.rows(person).filter(**{f"{source.at}__isnull": False})
    if before is not None:
        rows = rows.filter(**{f"{source.at}__lt": before})
    newest: QuerySet[Any, Any] = (
        rows.annotate(
            happened_at=F(source.at),
            number=Value(number, IntegerField()),
            row=F("pk"),
            facts=JSONObject(**source.facts),
        )
        .order_by("-happened_at", "-pk")
        .values_list("happened_at", "number", "row", "facts")[: 2 * PAGE]
    )
    return newest


def _by_month(events: Collection[Event], zone: ZoneInfo) -> list[Month]:
    def month(event: Event) -> str:
        return day_in_style(event.at.astimezone(zone).date(), "F Y").capitalize()

    return [Month(label, list(group)) for label, group in groupby(events, key=month)]
