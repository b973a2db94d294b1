"""Places people from the waiting list."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import NotificationKind
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.services import outbox
from accompaniment.services.rights import account_open
from caseload.enums import PlacementStart
from caseload.models import Placement, Portfolio
from caseload.reads.moves.places import modalities_of
from caseload.reads.moves.waiting_list import in_charge_of
from caseload.services.moves import placements
from caseload.services.moves.follower_letters import tell_who_receives


def place_waiting(*, actor: User, jobseeker: Jobseeker, portfolio: Portfolio) -> Placement:
    """Place a waiting person in a portfolio of the modality, and tell the person who follows them from now on.

    Raises PortfolioFullError if it is full by now, NotAllowedNowError if the person has been placed meanwhile,
    DomainError for a portfolio that is not proposed for the person, NoRightError unless the actor is an adviser of the
    person's agency or a manager of its region.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        if not in_charge_of(actor).filter(account_open(actor), pk=person.pk).exists():
            where = "vos régions" if actor.is_manager else "votre agence"
            raise NoRightError(f"Cette personne n'est pas dans {where}.")
        today = timezone.localdate(timezone=person.agency.zone)
        proposed = Portfolio.objects.proposed_for(person.agency, modalities_of([person])[person.pk], today)
        if actor.is_adviser:
            proposed = proposed.filter(agency=person.agency_id)
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
