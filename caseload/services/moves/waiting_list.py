"""Taking a person off the waiting list."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.services import outbox
from caseload.enums import PlacementStart
from caseload.models import Adviser, Placement, Portfolio
from caseload.reads.moves.places import modalities_of
from caseload.services.moves import placements
from caseload.services.moves.follower_letters import tell_who_receives


def place_waiting(*, actor: User, jobseeker: Jobseeker, portfolio: Portfolio) -> Placement:
    """Place a person who waits into a portfolio of the modality, and tell the person who follows from now on.

    Raises PortfolioFullError when it was filled meanwhile, NotAllowedNowError when somebody else placed the person,
    DomainError for a portfolio that is not proposed for the person.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
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
