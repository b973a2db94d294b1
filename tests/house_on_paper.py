"""The small model of the service that `test_state_machine` compares with the database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Model

from accompaniment.enums import EnrolmentState, Modality, Tier, Track
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    ContactPlan,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    Notification,
    OnSiteRequest,
    RegistrationInterview,
)
from accompaniment.rules.tracks import modality_of
from caseload.models import Absence, Placement, Portfolio

CAPS = {Modality.GUIDE_WEB: 2, Modality.GUIDE: 2, Modality.RENFORCE: 1, Modality.SUIVI: 1}


@dataclass
class Person:
    """The model of one person."""

    row: Jobseeker
    tier: Tier = Tier.GUIDE
    track: Track = Track.CLASSIC
    enrolment: EnrolmentState | None = None
    accepted: int | None = None
    """The version of the text whose acceptance is valid."""
    portfolio: int | None = None
    waits_on_site: bool = False
    goes_to_later: int | None = None
    """The target portfolio of a planned transfer."""
    periods: int = 1

    @property
    def expected_modality(self) -> Modality:
        """The modality of the portfolios that the person may be in now."""
        if self.enrolment in {EnrolmentState.VALIDATED, EnrolmentState.ACTIVE}:
            return Modality.GUIDE_WEB
        return modality_of(self.tier, self.track)

    @property
    def asked_once(self) -> bool:
        return Enrolment.objects.filter(jobseeker=self.row).exists()

    def goes_to(self, tier: Tier, track: Track) -> None:
        self.tier, self.track, self.periods = tier, track, self.periods + 1


@dataclass
class Shelf:
    """The model of one portfolio."""

    row: Portfolio
    modality: Modality
    capacity: int


@dataclass
class Relay:
    """An absence, and the portfolio of the covering colleague, if there still is one."""

    absence: Absence
    colleague: int | None


@dataclass
class Paper:
    people: list[Person] = field(default_factory=list)
    shelves: dict[int, Shelf] = field(default_factory=dict)
    relays: dict[int, Relay] = field(default_factory=dict)
    planned: list[Person] = field(default_factory=list)
    """In the order in which their transfers were decided."""
    version: int = 1
    binding: int = 1
    """The oldest version of the text whose acceptance is enough."""

    def occupied(self, portfolio: int) -> int:
        return sum(person.portfolio == portfolio for person in self.people)

    def has_room(self, portfolio: int) -> bool:
        return self.occupied(portfolio) < self.shelves[portfolio].capacity

    def of(self, modality: Modality) -> list[int]:
        return [pk for pk, shelf in self.shelves.items() if shelf.modality == modality]


HISTORIES: dict[type[Model], tuple[str, ...]] = {
    AuditEntry: ("id", "at", "actor", "jobseeker", "action"),
    EnrolmentEvent: ("id", "at", "from_state", "to_state"),
    Accompaniment: ("id", "tier", "track", "started_at"),
    Consent: ("id", "jobseeker", "text", "accepted_at", "shown"),
    Placement: ("id", "portfolio", "jobseeker", "started_at"),
}
"""The append-only histories, and the columns that never change."""

Histories = dict[str, tuple[int, str]]


def histories(until: Histories | None = None) -> Histories:
    """Return the last key and a digest of the rows of each history; of no rows after those of `until`, if it is given.

    Thousands of rows are there at the end of a run, and they are looked at after each step.
    """
    found: Histories = {}
    with connection.cursor() as cursor:
        for model, names in HISTORIES.items():
            table, columns = model._meta.db_table, ", ".join(model._meta.get_field(name).column for name in names)
            cursor.execute(
                f"SELECT coalesce(max(id), 0), md5(coalesce(string_agg(({columns})::text, '' ORDER BY id), ''))"
                f" FROM {table} WHERE %(last)s::bigint IS NULL OR id <= %(last)s",
                {"last": until[table][0] if until else None},
            )
            found[table] = cursor.fetchone()
    return found


def everything_written(people: Iterable[Person]) -> tuple[Any, ...]:
    """Return what a refused act must not change: the files, the audit, the outbox and the portfolios."""
    last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    portfolios = list(Portfolio.objects.order_by("pk").values_list("pk", "capacity", "occupied"))
    return written_by_person(people), last, Notification.objects.count(), portfolios


def written_by_person(people: Iterable[Person]) -> dict[int, list[tuple[Any, ...]]]:
    """Return what the acts can have written into each person's file, by primary key."""
    written: dict[int, list[tuple[Any, ...]]] = {person.row.pk: [] for person in people}
    for model in (Accompaniment, Enrolment, Consent, Placement, ContactPlan, OnSiteRequest, RegistrationInterview):
        for row in model.objects.filter(jobseeker__in=list(written)).order_by("pk"):
            facts = tuple(getattr(row, field.attname) for field in model._meta.concrete_fields)
            written[row.jobseeker_id].append((model.__name__, *facts))
    return written
