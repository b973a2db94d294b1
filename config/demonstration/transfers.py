"""A planned transfer, so that the manager's history of transfers is not empty."""

from datetime import datetime, timedelta

from accompaniment.enums import Modality
from accompaniment.models import User
from caseload.models import Placement, Portfolio
from caseload.services.moves.transfers import transfer_people
from config.demonstration.logins import ADVISER, MANAGER

PEOPLE = 3
IN_DAYS = 10


def plan_transfer(now: datetime) -> None:
    """Let the manager plan that some people of a colleague move to the adviser of the demonstration."""
    target = Portfolio.objects.select_related("agency__departement__region").get(
        adviser__user__email=ADVISER.email, modality=Modality.GUIDE_WEB
    )
    source = (
        Portfolio.objects.filter(agency=target.agency, modality=target.modality, occupied__gt=PEOPLE)
        .exclude(pk=target.pk)
        .order_by("-occupied", "pk")
        .first()
    )
    if source is None:
        return
    transfer_people(
        actor=User.objects.get(email=MANAGER.email),
        people=Placement.objects.open().filter(portfolio=source).order_by("-pk")[:PEOPLE],
        targets=[target],
        reason="Rééquilibrage des portefeuilles de l'agence",
        due_on=now.astimezone(target.agency.zone).date() + timedelta(days=IN_DAYS),
    )
