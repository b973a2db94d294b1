"""Portefeuille: the people whom an adviser follows or covers, on one page."""

from collections import Counter
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from caseload.cases import Case, cases_of, in_order, matching, of_kind
from caseload.desk import Desk, desk_of
from caseload.enums import CaseOrder, NeedKind
from caseload.forms.desk import PortfolioFilter, portfolio_filter


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter of the list as a tag: where it leads, how many people it keeps, whether it is on."""

    label: str
    address: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One heading of the list: where it sorts to, and how the list is sorted by it now (an `aria-sort` value)."""

    key: str
    label: str
    address: str
    sort: str


@require_safe
@role_required(Role.ADVISER)
def my_portfolio(request: AuthenticatedRequest) -> HttpResponse:
    asked = portfolio_filter(request.GET)
    desk = desk_of(request.user, now=timezone.now())
    _check_visible(desk, asked)
    everybody = cases_of(desk.portfolios, now=desk.now, zone=desk.zone)
    chosen = [case for case in everybody if asked.portfolio in {None, case.portfolio_id}]
    found = matching(chosen, asked.words)
    context = {
        "desk": desk,
        "asked": asked,
        "cases": in_order(of_kind(found, asked.kind), asked.order, descending=asked.descending),
        "covered": {portfolio.pk: portfolio for portfolio in desk.covered},
        "everybody": everybody,
        "portfolio_choices": _portfolio_choices(desk, asked, everybody),
        "need_choices": _need_choices(asked, found),
        "columns": [_column(asked, order) for order in CaseOrder],
        "filtered": bool(asked.words or asked.kind or asked.portfolio),
    }
    only_the_list = request.htmx and not request.htmx.history_restore_request
    return render(request, "caseload/partials/_cases.html" if only_the_list else "caseload/portfolio.html", context)


def _check_visible(desk: Desk, asked: PortfolioFilter) -> None:
    """A portfolio that is neither one's own nor covered today is not there."""
    if asked.portfolio is not None and asked.portfolio not in {portfolio.pk for portfolio in desk.portfolios}:
        raise Http404


def _portfolio_choices(desk: Desk, asked: PortfolioFilter, everybody: list[Case]) -> list[Choice]:
    """Offer a choice only where there is one."""
    if len(desk.portfolios) < 2:
        return []
    sizes = Counter(case.portfolio_id for case in everybody)
    return [
        Choice("Tous", asked.address(portfolio=None), len(everybody), asked.portfolio is None),
        *(
            Choice(
                portfolio.get_modality_display() if portfolio in desk.own else f"Relais de {portfolio.adviser}",
                asked.address(portfolio=portfolio.pk),
                sizes[portfolio.pk],
                asked.portfolio == portfolio.pk,
            )
            for portfolio in desk.portfolios
        ),
    ]


def _need_choices(asked: PortfolioFilter, found: list[Case]) -> list[Choice]:
    """Offer the kinds of need that somebody has, and the one that is chosen."""
    sizes = {kind: len(of_kind(found, kind)) for kind in NeedKind}
    return [
        Choice(str(kind.label), asked.address(kind=None if asked.kind == kind else kind), size, asked.kind == kind)
        for kind, size in sizes.items()
        if size or asked.kind == kind
    ]


def _column(asked: PortfolioFilter, order: CaseOrder) -> Column:
    """A press on the heading by which the list is sorted turns the direction."""
    sorted_by = asked.order == order
    return Column(
        key=order.name.lower(),
        label=str(order.label),
        address=asked.address(order=order, descending=sorted_by and not asked.descending),
        sort=("descending" if asked.descending else "ascending") if sorted_by else "none",
    )
