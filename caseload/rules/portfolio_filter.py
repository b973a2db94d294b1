"""The filters of the portfolio list, and their wording."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from accompaniment.enums import Tier, Track
from accompaniment.rules.french import counted, days_in_words
from caseload.enums import Answerer, CaseOrder, NeedKind

DESCENDING = "-"


OVERDUE = "depassee"


NEEDS = [*NeedKind.choices, (OVERDUE, "Échéances dépassées")]


@dataclass(frozen=True, slots=True)
class PortfolioFilter:
    """The filters and order of the portfolio list."""

    words: str = ""
    refusal: str = ""
    """Why the search was refused. A refused search finds nobody."""
    need: str = ""
    days_without_contact: int | None = None
    tier: str = ""
    track: str = ""
    answerer: str = ""
    portfolio: int | None = None
    order: CaseOrder = CaseOrder.NEED
    descending: bool = False
    hidden: tuple[CaseOrder, ...] = ()
    """The columns that are not shown. The name always is."""

    @property
    def sorting(self) -> str:
        """The order as in the address; empty for the default."""
        if self.order == CaseOrder.NEED and not self.descending:
            return ""
        return (DESCENDING if self.descending else "") + self.order

    @property
    def kind(self) -> NeedKind | None:
        """The kind of need that is filtered by. An overdue deadline is one that has to be placed."""
        if self.days_without_contact:
            return NeedKind.NO_CONTACT
        if self.need == OVERDUE:
            return NeedKind.OBLIGATION
        return NeedKind(self.need) if self.need else None

    @property
    def narrows(self) -> bool:
        """Whether the filter leaves anybody out."""
        return replace(self, order=CaseOrder.NEED, descending=False, hidden=()) != PortfolioFilter()

    @property
    def facts(self) -> dict[str, str | int | list[str]]:
        """The parameters of the address, in their order, without default values."""
        facts: dict[str, str | int | list[str]] = {
            "q": self.words,
            "besoin": "" if self.days_without_contact else self.need,
            "sans_contact": self.days_without_contact or "",
            "modalite": self.tier,
            "parcours": self.track,
            "suivi": self.answerer,
            "portefeuille": self.portfolio or "",
            "tri": self.sorting,
            "masquer": [str(column.value) for column in self.hidden],
        }
        return {name: value for name, value in facts.items() if value}

    @property
    def sentence(self) -> str:
        """Describe the filters and the order in words."""
        days = self.days_without_contact or 0
        said = [
            f"«\u00a0{self.words}\u00a0»" if self.words else "",
            dict(NEEDS)[self.need] if self.need and not self.days_without_contact else "",
            f"sans contact depuis {days_in_words(days)}" if days else "",
            f"modalité {Tier(self.tier).label.lower()}" if self.tier else "",
            f"parcours {Track(self.track).label}" if self.track else "",
            f"suivi\u00a0: {Answerer(self.answerer).label}" if self.answerer else "",
            "un seul portefeuille" if self.portfolio else "",
            f"tri\u00a0: {self.order.label}{', à rebours' * self.descending}" if self.sorting else "",
        ]
        said.append(self.columns_in_words)
        return " · ".join(one for one in said if one) or "Tout le monde"

    @property
    def columns_in_words(self) -> str:
        """Say how many columns are not shown; nothing if all are."""
        return counted(len(self.hidden), "une colonne masquée") if self.hidden else ""

    def address(self, **changes: Any) -> str:
        """Return the query string of this filter with changes; it begins with a question mark."""
        return "?" + urlencode(replace(self, **changes).facts, doseq=True)
