"""Taking a person off the waiting list."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.errors import DomainError
from accompaniment.models import Jobseeker, User
from accompaniment.services import enrolments, outbox
from caseload.enums import PlacementStart
from caseload.models import Adviser, Placement, Portfolio
from caseload.querysets import PortfolioQuerySet
from caseload.services import placements
from caseload.services.moves import modalities_of
from caseload.services.received import tell_who_receives


def places_for(*, actor: User, jobseeker: Jobseeker, modality: str) -> PortfolioQuerySet:
    """Return the portfolios with room into which the actor may place the person.

    Those of the agency come first, then those of the region, each least loaded first. An adviser places within the
    agency, a manager within the region.
    """
    found: PortfolioQuerySet = (
        Portfolio.objects.with_room()
        .proposed_for(jobseeker.agency, modality, timezone.localdate(timezone=jobseeker.agency.zone))
        .select_related("adviser__user", "agency__departement")
    )
    return found.filter(agency=jobseeker.agency_id) if actor.is_adviser else found


def place_waiting(*, actor: User, jobseeker: Jobseeker, portfolio: Portfolio) -> Placement:
    """Place a person who waits into a portfolio of the modality, and tell the person who follows from now on.

    Raises PortfolioFullError when it was filled meanwhile, NotAllowedNowError when somebody else placed the person,
    DomainError for a portfolio that is not proposed for the person.
    """
    with transaction.atomic():
        person = enrolments.lock_jobseeker(jobseeker.pk)
        today = timezone.localdate(timezone=person.agency.zone)
        proposed = Portfolio.objects.proposed_for(person.agency, modalities_of([person])[person.pk], today)
        if actor.is_adviser:
            own = Adviser.objects.filter(user=actor, agency=person.agency_id)
            proposed = proposed.filter(agency=person.agency_id) if own.exists() else proposed.none()
        if not proposed.filter(pk=portfolio.pk).exists():
            raise DomainError("Choisissez un portefeuille proposé pour cette personne.", about="portfolio")
        placement = placements.place(actor=actor, jobseeker=person, portfolio=portfolio)
        tell_who_receives(actor=actor, placement=placement, after=PlacementStart.WAITED)
        outbox.notify_jobseeker(
            key=f"placed:{placement.pk}",
            kind=NotificationKind.ADVISER_CHANGED,
            jobseeker=person,
            context={
                "first_name": person.first_name,
                "adviser": portfolio.adviser.user,
                "first": True,
                "agency": portfolio.agency.name,
                "carried": [],
                "path": reverse("space"),
            },
        )
        return placement
