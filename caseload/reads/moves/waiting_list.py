"""The waiting list: people who have left their last portfolio, and volunteers who were refused.

A person who has left the service is not waiting.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality
from accompaniment.models import Enrolment, Jobseeker, OnSiteRequest, User
from accompaniment.models.people import JobseekerQuerySet
from accompaniment.rules.french import duration_in_words
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio
from caseload.models.staff import managed_by
from caseload.reads.moves.places import modalities_of, places_for

NOT_TAKEN_ON = {
    EnrolmentState.REFUSED: "100\u00a0% web refusé",
    EnrolmentState.WITHDRAWN: "100\u00a0% web retiré à l'entretien",
}
"""Why a person waits who was never in a portfolio."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One person of the waiting list: modality, beginning and reason of the wait, and an open request for a meeting."""

    person: Jobseeker
    modality: Modality
    on_site: OnSiteRequest | None
    since: datetime
    why: str
    now: datetime

    @property
    def days(self) -> int:
        """Full days since the person lost the adviser, or since the refusal."""
        return (self.now - self.since).days

    @property
    def asks_since(self) -> str:
        """How long the request for a meeting on site has been open, in words; empty without a request."""
        return duration_in_words(self.now - self.on_site.asked_at) if self.on_site else ""


def people_waiting() -> JobseekerQuerySet:
    """Return the waiting people with `waits_since`, and why: `left_by` (a PlacementEnd) or `not_taken_on` (a state)."""
    of_the_person = {"jobseeker": OuterRef("pk")}
    left = Placement.objects.waiting().order_by()
    refused = Enrolment.objects.not_taken_on().order_by("-closed_at")
    begun = Placement.objects.filter(jobseeker=OuterRef("jobseeker")).exclude(end_reason=PlacementEnd.LEFT)
    asks_again = Enrolment.objects.open().filter(jobseeker=OuterRef("jobseeker"))
    never_followed = refused.order_by().filter(~Exists(begun), ~Exists(asks_again))
    # Joined by OR, everybody in the country would be looked at.
    waiting = left.values("jobseeker").union(never_followed.values("jobseeker"))
    found: JobseekerQuerySet = Jobseeker.objects.filter(pk__in=waiting).annotate(
        left_by=Subquery(left.filter(**of_the_person).values("end_reason")[:1]),
        not_taken_on=Subquery(refused.filter(**of_the_person).values("state")[:1]),
        waits_since=Coalesce(
            Subquery(left.filter(**of_the_person).values("ended_at")[:1]),
            Subquery(refused.filter(**of_the_person).values("closed_at")[:1]),
        ),
    )
    return found


def in_charge_of(user: User) -> JobseekerQuerySet:
    """Return the people whom this user may place: of the manager's regions, or of the adviser's agency."""
    mine = managed_by(user, "agency__departement__region") if user.is_manager else Q(agency__advisers__user=user)
    people: JobseekerQuerySet = Jobseeker.objects.filter(mine)
    return people


def waiting_for(user: User) -> JobseekerQuerySet:
    """Return the waiting people of the manager's regions or the adviser's agency, the longest wait first."""
    waiting: JobseekerQuerySet = (
        people_waiting()
        .filter(pk__in=in_charge_of(user).values("pk"))
        .select_related("agency__departement__region", "user")
        .order_by("waits_since", "pk")
    )
    return waiting


def with_modalities(people: Iterable[Any], *, now: datetime) -> list[Waiting]:
    """Add each person's modality and open request. Two statements. `people` come from `waiting_for`."""
    people = list(people)
    modalities = modalities_of(people)
    asked = {request.jobseeker_id: request for request in OnSiteRequest.objects.open().filter(jobseeker__in=people)}
    return [
        Waiting(
            person=person,
            modality=modalities[person.pk],
            on_site=asked.get(person.pk),
            since=person.waits_since,
            why=str(PlacementEnd(person.left_by).label) if person.left_by else NOT_TAKEN_ON[person.not_taken_on],
            now=now,
        )
        for person in people
    ]


def proposals_for(user: User, waiting: Waiting) -> list[Portfolio]:
    """Return the portfolios into which the user may place the person: first the agency's, each least loaded first."""
    found = places_for(actor=user, jobseeker=waiting.person, modality=waiting.modality)
    return list(found.with_people_in_cover(timezone.now()))
