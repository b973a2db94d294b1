"""The portfolio list as the address asks for it: the people, their order, and what each filter would keep."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from accompaniment.enums import Tier, Track
from accompaniment.models import User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.french import days_in_words
from caseload.enums import Answerer, CaseOrder, NeedKind
from caseload.models import Adviser, Portfolio
from caseload.reads.desk.cases import Case, cases_of, in_order, with_need
from caseload.reads.desk.desk import Desk, desk_of, overseen_desk
from caseload.rules.portfolio_filter import NEEDS, OVERDUE, PortfolioFilter


class PortfolioNotThereError(LookupError):
    """The address names a portfolio that the reader neither has nor covers today, such as after a cover."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter of the list as a tag: where it leads, how many people it keeps, whether it is on."""

    label: str
    address: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """One filter that is on, and the address without it."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column heading: the link that sorts by it, and the present order (an `aria-sort` value)."""

    key: str
    label: str
    address: str
    sort: str


@dataclass(frozen=True, slots=True)
class Listing:
    """`found`: the people whom all filters except the need keep. `cases`: those whom the need keeps too, in order.

    `others`: the people who would be in `cases` without the search, in order. The page of an adviser holds them hidden,
    so that the browser can widen the search at once.
    """

    desk: Desk
    asked: PortfolioFilter
    found: list[Case] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    others: list[Case] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(portfolio.occupied for portfolio in self.desk.portfolios)

    @property
    def narrowed(self) -> bool:
        """Whether a filter leaves anybody out. A manager always sees one portfolio."""
        return replace(self.asked, portfolio=None if self.desk.overseen else self.asked.portfolio).narrows

    @property
    def unfiltered(self) -> str:
        """The address of the unfiltered list."""
        return PortfolioFilter(portfolio=self.asked.portfolio if self.desk.overseen else None).address()

    @property
    def unsearched(self) -> str:
        """The address of the list without the search, to which the page adds what is typed."""
        return self.asked.address(words="").removesuffix("?")

    @property
    def rows(self) -> list[Case]:
        """The people whom the page holds. A manager's page holds nobody but the people whom it shows."""
        return self.cases if self.desk.overseen else [*self.cases, *self.others]

    @property
    def resembling(self) -> int:
        """How many people match the search only approximately."""
        return sum(not case.as_typed for case in self.cases)

    @property
    def portfolio_choices(self) -> list[Choice]:
        """Offer a choice only if there are several."""
        if len(self.desk.portfolios) < 2:
            return []
        return [
            Choice("Tous", self.asked.address(portfolio=None), self.total, self.asked.portfolio is None),
            *(
                Choice(
                    portfolio.get_modality_display()
                    if portfolio in self.desk.own
                    else f"Relais pour {portfolio.adviser}",
                    self.asked.address(portfolio=portfolio.pk),
                    portfolio.occupied,
                    self.asked.portfolio == portfolio.pk,
                )
                for portfolio in self.desk.portfolios
            ),
        ]

    @property
    def need_choices(self) -> list[Choice]:
        """Offer the needs that occur, and the chosen one. Pressing the chosen one removes the filter."""
        sizes: Counter[str] = Counter(kind for case in self.found for kind in {need.kind for need in case.needs})
        sizes[OVERDUE] = len(_waiting(self.found, PortfolioFilter(need=OVERDUE), self.desk))
        chosen = NeedKind.NO_CONTACT if self.asked.days_without_contact else self.asked.need
        return [
            Choice(
                label,
                self.asked.address(need="" if value == chosen else value, days_without_contact=None),
                sizes[value],
                value == chosen,
            )
            for value, label in NEEDS
            if sizes[value] or value == chosen
        ]

    @property
    def kept(self) -> list[Kept]:
        """The active filters, each with the address that removes it."""
        asked = self.asked
        labels: dict[str, str] = {}
        if asked.words:
            labels["words"] = f"«\u00a0{asked.words}\u00a0»"
        if asked.days_without_contact:
            labels["days_without_contact"] = f"Sans contact depuis {days_in_words(asked.days_without_contact)}"
        elif asked.need:
            labels["need"] = str(dict(NEEDS)[asked.need])
        if asked.tier:
            labels["tier"] = str(Tier(asked.tier).label)
        if asked.track:
            labels["track"] = str(Track(asked.track).label)
        if asked.answerer:
            labels["answerer"] = str(Answerer(asked.answerer).label)
        if asked.portfolio and not self.desk.overseen:
            labels["portfolio"] = next(
                (choice.label for choice in self.portfolio_choices if choice.chosen), "Portefeuille"
            )
        if asked.hidden:
            labels["hidden"] = asked.columns_in_words
        empty = PortfolioFilter()
        return [Kept(label, asked.address(**{name: getattr(empty, name)})) for name, label in labels.items()]

    @property
    def columns(self) -> list[Column]:
        return [self._column(order) for order in CaseOrder if order not in self.asked.hidden]

    def _column(self, order: CaseOrder) -> Column:
        """Pressing the heading by which the list is sorted reverses the direction."""
        sorted_by = self.asked.order == order
        return Column(
            key=order.name.lower(),
            label=str(order.label),
            address=self.asked.address(order=order, descending=sorted_by and not self.asked.descending),
            sort=("descending" if self.asked.descending else "ascending") if sorted_by else "none",
        )


def listing_for(user: User, asked: PortfolioFilter, *, now: datetime) -> Listing:
    """Return the list as the address asks for it.

    Raises PortfolioNotThereError unless the portfolio is the reader's own, covered today, or in a manager's regions.
    """
    try:
        desk = overseen_desk(user, portfolio=asked.portfolio, now=now) if user.is_manager else desk_of(user, now=now)
    except (Portfolio.DoesNotExist, Adviser.DoesNotExist) as missing:
        raise PortfolioNotThereError from missing
    portfolios = [portfolio for portfolio in desk.portfolios if asked.portfolio in {None, portfolio.pk}]
    if asked.portfolio and not portfolios:
        raise PortfolioNotThereError
    if asked.refusal:
        return Listing(desk, asked)
    own = {portfolio.pk for portfolio in desk.own}
    people = [
        case
        for case in cases_of(
            portfolios,
            now=desk.now,
            zone=reader_zone(),
            words=asked.words,
            without_contact_for=asked.days_without_contact,
            overseen_by=user if desk.overseen else None,
        )
        if asked.tier in {"", case.tier}
        and asked.track in {"", case.track}
        and (not asked.answerer or (asked.answerer == Answerer.OWN) == (case.portfolio_id in own))
    ]
    waiting = in_order(_waiting(people, asked, desk), asked.order, descending=asked.descending)
    return Listing(
        desk,
        asked,
        found=[case for case in people if case.found],
        cases=[case for case in waiting if case.found],
        others=[case for case in waiting if not case.found],
    )


def _waiting(cases: list[Case], asked: PortfolioFilter, desk: Desk) -> list[Case]:
    return with_need(cases, asked.kind, overdue=desk.today if asked.need == OVERDUE else None)
