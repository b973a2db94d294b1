"""An adviser's desk: the day in the agency's zone, own portfolios, and those covered today."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.models import User
from caseload.models import Adviser, Cover, Portfolio
from caseload.models.portfolios import PortfolioQuerySet


@dataclass(frozen=True, slots=True)
class Desk:
    """What an adviser answers for today."""

    adviser: Adviser
    now: datetime
    own: list[Portfolio]
    covered: list[Portfolio]
    overseen: bool = False
    """Whether a manager looks at one portfolio of this adviser, who answers for it and whose day it is."""

    @property
    def zone(self) -> ZoneInfo:
        return self.adviser.agency.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def keeps_web(self) -> bool:
        """Whether volunteers are this adviser's to receive."""
        return any(portfolio.modality == Modality.GUIDE_WEB for portfolio in self.own)

    @property
    def covered_people(self) -> int:
        """How many people the adviser answers for beside the cap."""
        return sum(portfolio.occupied for portfolio in self.covered)

    @property
    def portfolios(self) -> list[Portfolio]:
        return [*self.own, *self.covered]


def desk_of(user: User, *, now: datetime) -> Desk:
    """Return the desk of an adviser; raises Adviser.DoesNotExist for an account that is no adviser."""
    adviser = Adviser.objects.select_related("user", "agency__departement__region").get(user=user)
    day = now.astimezone(adviser.agency.zone).date()
    portfolios = list(with_covers(Portfolio.objects.visible_to(user, day), day).order_by("modality", "pk"))
    return Desk(
        adviser=adviser,
        now=now,
        own=[portfolio for portfolio in portfolios if portfolio.adviser_id == adviser.pk],
        covered=[portfolio for portfolio in portfolios if portfolio.adviser_id != adviser.pk],
    )


def overseen_desk(user: User, *, portfolio: int | None, now: datetime) -> Desk:
    """Return one portfolio of a manager's regions as its adviser's desk; raises Portfolio.DoesNotExist for others."""
    day = timezone.localdate(now)
    found = with_covers(Portfolio.objects.visible_to(user, day), day).get(pk=portfolio)
    return Desk(adviser=found.adviser, now=now, own=[found], covered=[], overseen=True)


def with_covers(portfolios: PortfolioQuerySet, day: date) -> PortfolioQuerySet:
    """Load what a gauge and its neighbours show on `day`, in two statements.

    The adviser, the agency, who covers each portfolio (`running_covers`) and how many people its adviser covers.
    """
    return (
        portfolios.with_people_in_cover(day)
        .select_related("adviser__user", "adviser__agency__departement__region", "agency__departement__region")
        .prefetch_related(
            Prefetch(
                "covers", Cover.objects.running_on(day).select_related("colleague__user"), to_attr="running_covers"
            )
        )
    )
