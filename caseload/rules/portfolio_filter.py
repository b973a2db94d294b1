"""How the portfolio list is asked for, and how it says so."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from accompaniment.enums import Tier, Track
from accompaniment.rules.french import days_in_words
from caseload.enums import Answerer, CaseOrder, NeedKind

DESCENDING = "-"


OVERDUE = "depassee"


NEEDS = [*NeedKind.choices, (OVERDUE, "Échéances dépassées")]


@dataclass(frozen=True, slots=True)
class PortfolioFilter:
    """How the portfolio list is asked for."""

    words: str = ""
    refusal: str = ""
    """Why these words were not read; they find nobody."""
    need: str = ""
    days_without_contact: int | None = None
    tier: str = ""
    track: str = ""
    answerer: str = ""
    portfolio: int | None = None
    order: CaseOrder = CaseOrder.NEED
    descending: bool = False

    @property
    def sorting(self) -> str:
        """The order as the address says it; empty for the usual one."""
        if self.order == CaseOrder.NEED and not self.descending:
            return ""
        return (DESCENDING if self.descending else "") + self.order

    @property
    def kind(self) -> NeedKind | None:
        """The kind of need that is filtered by; an overdue deadline is one of those to place."""
        if self.days_without_contact:
            return NeedKind.NO_CONTACT
        if self.need == OVERDUE:
            return NeedKind.OBLIGATION
        return NeedKind(self.need) if self.need else None

    @property
    def narrows(self) -> bool:
        """Whether the filter leaves anybody out."""
        return replace(self, order=CaseOrder.NEED, descending=False) != PortfolioFilter()

    @property
    def facts(self) -> dict[str, str | int]:
        """What the address says, in its order; what is usual is not said."""
        facts = {
            "q": self.words,
            "besoin": "" if self.days_without_contact else self.need,
            "sans_contact": self.days_without_contact or "",
            "modalite": self.tier,
            "parcours": self.track,
            "suivi": self.answerer,
            "portefeuille": self.portfolio or "",
            "tri": self.sorting,
        }
        return {name: value for name, value in facts.items() if value}

    @property
    def sentence(self) -> str:
        """Say in words what the filter keeps and how it sorts."""
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
        return " · ".join(one for one in said if one) or "Tout le monde"

    def address(self, **changes: Any) -> str:
        """Return the query string of this filter with changes, beginning with a question mark."""
        return "?" + urlencode(replace(self, **changes).facts)
