"""Where a person can be placed, and who covers there."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, Tier
from accompaniment.models import Accompaniment, Enrolment, Jobseeker, User
from caseload.models import Portfolio
from caseload.models.portfolios import PortfolioQuerySet
from caseload.reads.moves.who_answers import follower_of


def modalities_of(people: Iterable[Jobseeker]) -> dict[int, Modality]:
    """Return the modality of the portfolio in which each person belongs now, by primary key, in one query.

    A person who was validated for the web track and has not accepted yet already has a place in a web portfolio.
    """
    on_the_web = Enrolment.objects.filter(
        jobseeker=OuterRef("jobseeker"), state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)
    )
    rows = (
        Accompaniment.objects.current()
        .filter(jobseeker__in=list(people))
        .annotate(on_the_web=Exists(on_the_web))
        .values_list("jobseeker_id", "tier", "on_the_web")
    )
    return {pk: Modality.GUIDE_WEB if on_the_web else Modality(tier) for pk, tier, on_the_web in rows}


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


def unanswered_on(portfolios: Iterable[Portfolio], day: date) -> dict[int, date]:
    """Return the portfolios whose adviser is away on `day` without a cover, with the last day of each absence."""
    unanswered: dict[int, date] = Portfolio.objects.filter(
        pk__in=[portfolio.pk for portfolio in portfolios]
    ).unanswered_on(day)
    return unanswered


def classic_places(jobseeker: Jobseeker, tier: Tier) -> list[Portfolio]:
    """Return the portfolios of a tier in the person's agency that have room, the present adviser's first."""
    follower = follower_of(jobseeker)
    found = places_in_reach(jobseeker, Modality(tier))
    return sorted(found, key=lambda portfolio: follower is None or portfolio.adviser_id != follower.pk)


def places_in_reach(jobseeker: Jobseeker, modality: Modality) -> list[Portfolio]:
    """Return the portfolios with room in the person's agency; for the web track, in the whole region."""
    found: PortfolioQuerySet = (
        Portfolio.objects.with_room()
        .proposed_for(jobseeker.agency, modality, timezone.localdate(timezone=jobseeker.agency.zone))
        .select_related("adviser__user")
    )
    return list(found if modality == Modality.GUIDE_WEB else found.filter(agency=jobseeker.agency))
