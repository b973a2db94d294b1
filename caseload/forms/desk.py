"""Filters of the lists, read from the address. What does not parse filters nothing."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django import forms

from caseload.enums import CaseOrder, NeedKind

DESCENDING = "-"


class PortfolioFilterForm(forms.Form):
    """Search, kind of need, portfolio and order of the portfolio list."""

    q = forms.CharField(required=False, max_length=80)
    besoin = forms.TypedChoiceField(required=False, choices=NeedKind.choices, coerce=NeedKind, empty_value=None)
    portefeuille = forms.IntegerField(required=False, min_value=1)
    tri = forms.ChoiceField(
        required=False,
        choices=[(sign + value, label) for value, label in CaseOrder.choices for sign in ("", DESCENDING)],
    )


@dataclass(frozen=True, slots=True)
class PortfolioFilter:
    """How the portfolio list is asked for."""

    words: str = ""
    kind: NeedKind | None = None
    portfolio: int | None = None
    order: CaseOrder = CaseOrder.NEED
    descending: bool = False

    @property
    def sorting(self) -> str:
        """The order as the address says it; empty for the usual one."""
        if self.order == CaseOrder.NEED and not self.descending:
            return ""
        return (DESCENDING if self.descending else "") + self.order

    def address(self, **changes: Any) -> str:
        """Return the query string of this filter with changes, beginning with a question mark."""
        changed = replace(self, **changes)
        facts = {
            "q": changed.words,
            "besoin": changed.kind or "",
            "portefeuille": changed.portfolio or "",
            "tri": changed.sorting,
        }
        return "?" + urlencode({name: value for name, value in facts.items() if value})


def portfolio_filter(data: Any) -> PortfolioFilter:
    """Read the filter from a query string."""
    form = PortfolioFilterForm(data)
    form.is_valid()
    found = form.cleaned_data
    order = found.get("tri") or CaseOrder.NEED
    return PortfolioFilter(
        words=found.get("q", ""),
        kind=found.get("besoin"),
        portfolio=found.get("portefeuille"),
        order=CaseOrder(order.removeprefix(DESCENDING)),
        descending=order.startswith(DESCENDING),
    )
