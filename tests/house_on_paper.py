"""What the house would be on paper: the small model that `test_state_machine` holds against the database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

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
    """What the paper says of one person."""

    row: Jobseeker
    tier: Tier = Tier.GUIDE
    track: Track = Track.CLASSIC
    enrolment: EnrolmentState | None = None
    accepted: int | None = None
    """The version of the text whose acceptance stands."""
    portfolio: int | None = None
    waits_on_site: bool = False
    goes_to_later: int | None = None
    """The portfolio of a transfer that is planned."""
    periods: int = 1

    @property
    def expected_modality(self) -> Modality:
        """The modality of the portfolios in which the person may be now."""
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
    """What the paper says of one portfolio."""

    row: Portfolio
    modality: Modality
    capacity: int


@dataclass
class Relay:
    """An absence, and the portfolio of the colleague who answers, if anybody still does."""

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
    """The version of the text that has to be accepted at least."""

    def occupied(self, portfolio: int) -> int:
        return sum(person.portfolio == portfolio for person in self.people)

    def has_room(self, portfolio: int) -> bool:
        return self.occupied(portfolio) < self.shelves[portfolio].capacity

    def of(self, modality: Modality) -> list[int]:
        return [pk for pk, shelf in self.shelves.items() if shelf.modality == modality]


def histories() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the histories that are only appended to, in order."""
    return {
        "audit": list(AuditEntry.objects.order_by("pk").values_list("pk", "at", "actor", "jobseeker", "action")),
        "events": list(EnrolmentEvent.objects.order_by("pk").values_list("pk", "at", "from_state", "to_state")),
        "periods": list(Accompaniment.objects.order_by("pk").values_list("pk", "tier", "track", "started_at")),
        "acceptances": list(
            Consent.objects.order_by("pk").values_list("pk", "jobseeker", "text", "accepted_at", "shown")
        ),
        "placements": list(Placement.objects.order_by("pk").values_list("pk", "portfolio", "jobseeker", "started_at")),
    }


def everything_written(people: Iterable[Person]) -> tuple[Any, ...]:
    """Return what a refused act may not have changed: the files, the trace, and what is to leave by e-mail."""
    last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    portfolios = list(Portfolio.objects.order_by("pk").values_list("pk", "capacity", "occupied"))
    return written_by_person(people), last, Notification.objects.count(), portfolios


def written_by_person(people: Iterable[Person]) -> dict[int, list[tuple[Any, ...]]]:
    """Return all that the acts can have written into each person's file, by primary key."""
    written: dict[int, list[tuple[Any, ...]]] = {person.row.pk: [] for person in people}
    for model in (Accompaniment, Enrolment, Consent, Placement, ContactPlan, OnSiteRequest, RegistrationInterview):
        for row in model.objects.filter(jobseeker__in=list(written)).order_by("pk"):
            facts = tuple(getattr(row, field.attname) for field in model._meta.concrete_fields)
            written[row.jobseeker_id].append((model.__name__, *facts))
    return written
