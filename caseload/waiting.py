"""Who waits for an adviser: people who were in a portfolio, are in none now, and have not left."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.french import duration_in_words
from accompaniment.models import Accompaniment, Jobseeker, OnSiteRequest, User
from accompaniment.rules import modality_of
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio
from caseload.querysets import PlacementQuerySet
from caseload.services.waiting import places_for


@dataclass(frozen=True, slots=True)
class Waiting:
    """One person of the waiting list: for which modality, since when, why, and whether they ask to be received."""

    placement: Placement
    modality: Modality
    on_site: OnSiteRequest | None
    now: datetime

    @property
    def person(self) -> Jobseeker:
        return self.placement.jobseeker

    @property
    def days(self) -> int:
        """Full days since the last placement ended."""
        return (self.now - self.placement.ended_at).days if self.placement.ended_at else 0

    @property
    def asks_since(self) -> str:
        """How long the person has waited for the answer to a request to be received on site; empty without one."""
        return duration_in_words(self.now - self.on_site.asked_at) if self.on_site else ""

    @property
    def why(self) -> str:
        return PlacementEnd(self.placement.end_reason).label


def waiting_for(user: User) -> PlacementQuerySet:
    """Return the last placements of who waits in the user's regions or agency, the longest wait first."""
    waiting: PlacementQuerySet = (
        Placement.objects.waiting()
        .in_charge_of(user)
        .select_related("jobseeker__agency__departement__region", "jobseeker__user")
        .order_by("ended_at", "pk")
    )
    return waiting


def with_modalities(placements: list[Placement], *, now: datetime) -> list[Waiting]:
    """Add the modality that each person waits for, and what they ask: two statements."""
    people = [placement.jobseeker_id for placement in placements]
    periods = {period.jobseeker_id: period for period in Accompaniment.objects.current().filter(jobseeker__in=people)}
    asked = {request.jobseeker_id: request for request in OnSiteRequest.objects.open().filter(jobseeker__in=people)}
    return [
        Waiting(
            placement=placement,
            modality=modality_of(periods[placement.jobseeker_id].tier, periods[placement.jobseeker_id].track),
            on_site=asked.get(placement.jobseeker_id),
            now=now,
        )
        for placement in placements
    ]


def proposals_for(user: User, waiting: Waiting) -> list[Portfolio]:
    """Return where the user may place the person: the agency's portfolios, then the region's, least loaded first."""
    today = timezone.localdate(timezone=waiting.person.agency.zone)
    found = places_for(actor=user, jobseeker=waiting.person, modality=waiting.modality)
    return list(found.with_people_in_cover(today))
