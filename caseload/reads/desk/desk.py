"""An adviser's desk: the day in the agency's zone, own portfolios, and those covered today."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

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
    """Whether a manager looks at this adviser's portfolio, not the adviser."""

    @property
    def zone(self) -> ZoneInfo:
        return self.adviser.agency.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def keeps_web(self) -> bool:
        """Whether this adviser can receive volunteers."""
        return any(portfolio.modality == Modality.GUIDE_WEB for portfolio in self.own)

    @property
    def covered_people(self) -> int:
        """How many people the adviser covers, beyond the cap."""
        return sum(portfolio.occupied for portfolio in self.covered)

    @property
    def portfolios(self) -> list[Portfolio]:
        return [*self.own, *self.covered]


def desk_of(user: User, *, now: datetime) -> Desk:
    """Return the desk of an adviser. Raises Adviser.DoesNotExist for any other account."""
    adviser = Adviser.objects.select_related("user", "agency__departement__region").get(user=user)
    portfolios = list(with_covers(Portfolio.objects.visible_to(user, now), now).order_by("modality", "pk"))
    return Desk(
        adviser=adviser,
        now=now,
        own=[portfolio for portfolio in portfolios if portfolio.adviser_id == adviser.pk],
        covered=[portfolio for portfolio in portfolios if portfolio.adviser_id != adviser.pk],
    )


def overseen_desk(user: User, *, portfolio: int | None, now: datetime) -> Desk:
    """Return a portfolio of a manager's regions as the desk of its adviser. Raises Portfolio.DoesNotExist for any
    other.
    """
    found = with_covers(Portfolio.objects.visible_to(user, now), now).get(pk=portfolio)
    return Desk(adviser=found.adviser, now=now, own=[found], covered=[], overseen=True)


def with_covers(portfolios: PortfolioQuerySet, now: datetime) -> PortfolioQuerySet:
    """Load what a gauge and its neighbours show, in two statements.

    They add the adviser, the agency, the covers (`running_covers`) and how many people the adviser covers.
    """
    return (
        portfolios.with_people_in_cover(now)
        .select_related("adviser__user", "adviser__agency__departement__region", "agency__departement__region")
        .prefetch_related(
            Prefetch(
                "covers",
                Cover.objects.running_at(now).answering().select_related("colleague__user"),
                to_attr="running_covers",
            )
        )
    )
