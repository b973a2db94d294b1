"""Places people in portfolios, never above the cap.

There are three guards. The portfolio's row is locked before it is read, a trigger counts its open placements in the
same transaction, and a CHECK refuses more than the capacity.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState, Modality, Tier
from accompaniment.models import Accompaniment, Enrolment, Jobseeker, Region, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import day_in_words, of_name
from accompaniment.rules.tracks import tier_of
from accompaniment.services import audit
from caseload.enums import PlacementEnd, PlacementStart, TransferObstacle, TransferState
from caseload.hooks.handover import Carried, Handover, carry_along
from caseload.locks import lock_open_placement, lock_planned_transfer, lock_portfolios
from caseload.models import Placement, Portfolio, Transfer
from caseload.reads.moves.places import classic_places, places_in_reach, unanswered_on
from caseload.reads.moves.who_answers import follower_of
from caseload.rules.portfolio import WHY_NOT, Obstacle
from caseload.services.moves.follower_letters import tell_new_region, tell_who_followed, tell_who_receives


class PortfolioFullError(DomainError):
    """The portfolio has no free place; `portfolio` is the full one."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.portfolio = portfolio
        self.obstacle = Obstacle(
            TransferObstacle.FILLED,
            {"portfolios": [portfolio.pk], "occupied": portfolio.occupied, "cap": portfolio.cap},
        )
        super().__init__(
            WHY_NOT[TransferObstacle.FILLED].format(
                of_adviser=of_name(portfolio.adviser), occupied=portfolio.occupied, cap=portfolio.cap
            ),
            about="portfolio",
        )


class NobodyAnswersError(DomainError):
    """The adviser of the portfolio is away and nobody covers, so nobody is placed there for now."""

    def __init__(self, portfolio: Portfolio, *, until: date, today: date) -> None:
        self.obstacle = Obstacle(
            TransferObstacle.NOBODY_ANSWERS, {"portfolios": [portfolio.pk], "until": until.isoformat()}
        )
        super().__init__(
            WHY_NOT[TransferObstacle.NOBODY_ANSWERS].format(
                adviser=portfolio.adviser, until=day_in_words(until, today=today)
            ),
            about="portfolio",
        )


def look_for_room(*, jobseeker: Jobseeker, portfolio: Portfolio) -> None:
    """Raise PortfolioFullError if no place is free now, except for a person who is already there.

    This check takes no lock: a latecomer is refused early and delays nobody. `place` decides under the lock.
    """
    seen: Portfolio = Portfolio.objects.select_related("adviser__user").get(pk=portfolio.pk)
    if seen.occupied >= seen.capacity:
        if Placement.objects.open().filter(jobseeker=jobseeker, portfolio=seen).exists():
            return
        raise PortfolioFullError(seen)


def place(*, actor: User | None, jobseeker: Jobseeker, portfolio: Portfolio) -> Placement:
    """Place a person in a portfolio, in the caller's transaction.

    Raises PortfolioFullError if no place is free, NobodyAnswersError while the adviser is away and nobody covers,
    NotAllowedNowError if the person is already placed.
    """
    wanted = Portfolio.objects.filter(pk=portfolio.pk)
    [locked] = lock_portfolios(wanted.select_related("adviser__user", "agency__departement__region"))
    if locked.occupied >= locked.capacity:
        raise PortfolioFullError(locked)
    today = timezone.localdate(timezone=locked.agency.zone)
    if (until := unanswered_on([locked], today).get(locked.pk)) is not None:
        raise NobodyAnswersError(locked, until=until, today=today)
    try:
        with transaction.atomic():
            placement = Placement.objects.create(
                portfolio=locked, jobseeker=jobseeker, started_at=timezone.now(), decided_by=actor
            )
    except IntegrityError as error:
        raise NotAllowedNowError("Cette personne est déjà dans un portefeuille.") from error
    audit.record(actor=actor, jobseeker=jobseeker, action=AuditAction.PLACEMENT, portfolio=locked.pk, event="placed")
    return placement


def lock_in_order(*, jobseeker: Jobseeker, portfolios: Iterable[Portfolio]) -> None:
    """Lock the portfolio that the person leaves and the possible new ones, in primary-key order.

    Every move between portfolios does this first, so that two opposite moves never wait for each other.
    """
    left = Placement.objects.open().filter(jobseeker=jobseeker).values("portfolio")
    wanted = Q(pk__in=[portfolio.pk for portfolio in portfolios]) | Q(pk__in=left)
    lock_portfolios(Portfolio.objects.filter(wanted))


def end_placement(*, actor: User | None, jobseeker: Jobseeker, reason: PlacementEnd, at: datetime) -> None:
    """End the person's open placement, if there is one, and free the place. A planned transfer ends with it."""
    placement = lock_open_placement(jobseeker)
    if placement is None:
        return
    placement.ended_at = at
    placement.end_reason = reason
    placement.save(update_fields=["ended_at", "end_reason"])
    planned = lock_planned_transfer(Transfer.objects.filter(jobseeker=jobseeker))
    if planned is not None:
        planned.state = TransferState.NOT_DONE
        planned.finished_at = at
        planned.why_not, planned.why_not_facts = TransferObstacle.LEFT, {"reason": reason}
        planned.save(update_fields=["state", "finished_at", "why_not", "why_not_facts"])
        audit.record(
            actor=actor, jobseeker=jobseeker, action=AuditAction.TRANSFER, event="not_done", batch=planned.batch_id
        )
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

    If none has room, the person goes on the waiting list; leaving is never refused. The former adviser, who may be in
    the middle of the day's interviews, is told.
    """
    period = Accompaniment.objects.current().get(jobseeker=jobseeker)
    former = _portfolio_of(jobseeker)
    places = classic_places(jobseeker, Tier(period.tier))
    lock_in_order(jobseeker=jobseeker, portfolios=places)
    end_placement(actor=actor, jobseeker=jobseeker, reason=PlacementEnd.TRACK_ENDED, at=at)
    _place_in_first_with_room(actor, jobseeker, places, after=PlacementStart.TRACK_ENDED)
    if former is not None:
        stays = tier_of(former.modality) == period.tier
        tell_who_followed(
            actor=actor,
            former=former,
            jobseeker=jobseeker,
            follower=follower_of(jobseeker),
            reason=PlacementEnd.TRACK_ENDED if stays else PlacementEnd.TIER_CHANGED,
        )


def follow_tier_change(jobseeker: Jobseeker, actor: User | None, at: datetime) -> None:
    """Move a person out of a portfolio of another tier or region, into one with room.

    After a change of tier it is one of the new modality, the present adviser's first. If none has room, the person goes
    on the waiting list. A person without a placement gets none. A volunteer whom the registration interview has just
    placed for the 100 % web already has a fitting portfolio.
    """
    former = _portfolio_of(jobseeker)
    tier = Tier(Accompaniment.objects.current().get(jobseeker=jobseeker).tier)
    if former is None:
        return
    if tier_of(former.modality) != tier:
        reason, after = PlacementEnd.TIER_CHANGED, PlacementStart.TIER_CHANGED
        places = classic_places(jobseeker, tier)
    elif former.agency.departement.region_id != jobseeker.agency.departement.region_id:
        reason, after = PlacementEnd.REGION_CHANGED, PlacementStart.REGION_CHANGED
        places = places_in_reach(jobseeker, Modality(former.modality))
    else:
        return
    lock_in_order(jobseeker=jobseeker, portfolios=places)
    end_placement(actor=actor, jobseeker=jobseeker, reason=reason, at=at)
    _place_in_first_with_room(actor, jobseeker, places, after=after)
    follower = follower_of(jobseeker)
    tell_who_followed(actor=actor, former=former, jobseeker=jobseeker, follower=follower, reason=reason)
    if reason == PlacementEnd.REGION_CHANGED:
        carried = Carried()
        if follower is not None:
            carried = carry_along(
                Handover(jobseeker=jobseeker, source=former.adviser, target=follower, actor=actor, at=at)
            )
        tell_new_region(jobseeker=jobseeker, follower=follower, carried=carried, at=at)


def hold_for_tier_changes(changes: Mapping[int, Tier]) -> set[int]:
    """Lock the portfolios that these people would leave, and those that may take them, in primary-key order.

    A person who loses the web track and is in no portfolio may be placed, too. Returns the people whose portfolio does
    not fit the new tier or the region of their agency.
    """
    placed = (
        Placement.objects.open()
        .filter(jobseeker__in=list(changes))
        .annotate(stays=Q(portfolio__agency__departement__region=F("jobseeker__agency__departement__region")))
        .values_list("jobseeker", "portfolio", "portfolio__modality", "stays", "jobseeker__agency")
    )
    moving = [row for row in placed if tier_of(row[2]) != changes[row[0]] or not row[3]]
    on_the_track = Enrolment.objects.filter(state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE))
    unplaced = on_the_track.filter(
        ~Exists(Placement.objects.open().filter(jobseeker=OuterRef("jobseeker"))), jobseeker__in=list(changes)
    ).values_list("jobseeker", "jobseeker__agency")
    taken = [*((person, agency) for person, _, _, _, agency in moving), *unplaced]
    wanted = Q(pk__in={portfolio for _, portfolio, _, _, _ in moving})
    for tier in Tier:
        agencies = {agency for person, agency in taken if changes[person] == tier}
        wanted |= Q(agency__in=agencies, modality=Modality(tier))
    # People who keep the web track can be followed from anywhere in the new region.
    on_the_web = {agency for _, _, modality, stays, agency in moving if modality == Modality.GUIDE_WEB and not stays}
    regions = Region.objects.filter(departements__agencies__in=on_the_web)
    wanted |= Q(agency__departement__region__in=regions, modality=Modality.GUIDE_WEB)
    lock_portfolios(Portfolio.objects.filter(wanted))
    return {person for person, _, _, _, _ in moving}


def foresee_tier_change(jobseeker: Jobseeker, tier: Tier) -> list[str]:
    """Return where a person would be placed if the tier were set now."""
    placement = Placement.objects.open().filter(jobseeker=jobseeker).select_related("portfolio__adviser__user").first()
    if placement is None:
        return ["Aucun conseiller ne suit cette personne aujourd'hui\u00a0: rien ne change de ce côté."]
    leaves = (
        f"La personne quitte le portefeuille «\u00a0{placement.portfolio.get_modality_display().lower()}\u00a0» de "
    )
    leaves += f"{placement.portfolio.adviser}"
    places = classic_places(jobseeker, tier)
    if not places:
        return [
            (
                f"{leaves}. Aucun portefeuille «\u00a0{tier.label.lower()}\u00a0» de l'agence n'a de place\u00a0: "
                "elle passe sur la liste d'attente, et n'aura pas de conseiller tant que personne ne l'aura placée."
            )
        ]
    target = places[0]
    return [
        (
            f"{leaves} et rejoint celui {of_name(target.adviser)}, "
            f"«\u00a0{target.get_modality_display().lower()}\u00a0» "
            f"({target.occupied} / {target.capacity}), selon les places du moment."
        )
    ]


def _place_in_first_with_room(
    actor: User | None, jobseeker: Jobseeker, portfolios: list[Portfolio], *, after: PlacementStart
) -> None:
    """Place the person in the first of these that still has room, or in none if all are full by now."""
    for portfolio in portfolios:
        try:
            with transaction.atomic():
                placement = place(actor=actor, jobseeker=jobseeker, portfolio=portfolio)
        except (PortfolioFullError, NobodyAnswersError):
            continue
        tell_who_receives(actor=actor, placement=placement, after=after)
        return


def _portfolio_of(jobseeker: Jobseeker) -> Portfolio | None:
    """Return the person's present portfolio, with its adviser and region."""
    placement = (
        Placement.objects.open()
        .filter(jobseeker=jobseeker)
        .select_related("portfolio__adviser__user", "portfolio__agency__departement")
        .first()
    )
    return placement.portfolio if placement else None
