"""Placing people into portfolios, never past the cap.

The guard is threefold: the portfolio's row is locked before it is looked at, a trigger counts its open placements
in the same transaction, and a CHECK refuses more than the capacity.
"""

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import Accompaniment, Enrolment, Jobseeker, User
from accompaniment.querysets import EnrolmentQuerySet
from accompaniment.services import audit
from caseload.enums import PlacementEnd
from caseload.models import Adviser, Placement, Portfolio


class PortfolioFullError(DomainError):
    """The portfolio has no free place; `portfolio` is the one that was full."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.portfolio = portfolio
        super().__init__(
            f"Le portefeuille de {portfolio.adviser} est complet ({portfolio.occupied} / {portfolio.capacity}). "
            "Choisissez-en un autre."
        )


def place(*, actor: User | None, jobseeker: Jobseeker, portfolio: Portfolio) -> Placement:
    """Place a person into a portfolio, in the caller's transaction.

    Raises PortfolioFullError when no place is free, NotAllowedNowError when the person is placed already.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("place() runs inside the transaction of the act that it belongs to")
    locked: Portfolio = (
        Portfolio.objects.select_for_update(of=("self",)).select_related("adviser__user").get(pk=portfolio.pk)
    )
    if locked.occupied >= locked.capacity:
        raise PortfolioFullError(locked)
    try:
        with transaction.atomic():
            placement = Placement.objects.create(
                portfolio=locked, jobseeker=jobseeker, started_at=timezone.now(), decided_by=actor
            )
    except IntegrityError as error:
        raise NotAllowedNowError("Cette personne est déjà dans un portefeuille.") from error
    audit.record(actor=actor, jobseeker=jobseeker, action=AuditAction.PLACEMENT, portfolio=locked.pk, event="placed")
    return placement


def end_placement(*, actor: User | None, jobseeker: Jobseeker, reason: PlacementEnd, at: datetime) -> None:
    """End the person's open placement, if there is one, and free the place."""
    placement = Placement.objects.select_for_update(of=("self",)).open().filter(jobseeker=jobseeker).first()
    if placement is None:
        return
    placement.ended_at = at
    placement.end_reason = reason
    placement.save(update_fields=["ended_at", "end_reason"])
    audit.record(
        actor=actor,
        jobseeker=jobseeker,
        action=AuditAction.PLACEMENT,
        portfolio=placement.portfolio_id,
        event="ended",
        reason=reason,
    )


def follow_track_end(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Move a person who leaves the 100 % web track into a classic portfolio of the agency that has room.

    Where none has room the person keeps no placement and stands on the waiting list; leaving is never refused.
    """
    end_placement(actor=actor, jobseeker=jobseeker, reason=PlacementEnd.TRACK_ENDED, at=at)
    tier = Accompaniment.objects.current().get(jobseeker=jobseeker).tier
    for portfolio in (
        Portfolio.objects.with_room()
        .proposed_for(jobseeker.agency, Modality(tier))
        .filter(agency=jobseeker.agency)
        .select_related("adviser__user")
    ):
        try:
            with transaction.atomic():
                place(actor=actor, jobseeker=jobseeker, portfolio=portfolio)
        except PortfolioFullError:
            continue
        return


def follower_of(jobseeker: Jobseeker) -> Adviser | None:
    """Return the adviser in whose portfolio the person is now, with account and agency loaded."""
    adviser: Adviser | None = (
        Adviser.objects.filter(portfolios__placements__jobseeker=jobseeker, portfolios__placements__ended_at=None)
        .select_related("user", "agency__departement__region")
        .first()
    )
    return adviser


def volunteers_of(adviser: Adviser) -> EnrolmentQuerySet:
    """Return the enrolments that wait for their registration interview in the adviser's agency, oldest first."""
    volunteers: EnrolmentQuerySet = (
        Enrolment.objects.awaiting_decision()
        .filter(jobseeker__agency=adviser.agency_id)
        .select_related("jobseeker__agency")
    )
    return volunteers
