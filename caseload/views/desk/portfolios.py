"""Portefeuille: the people whom an adviser follows or covers, on one page and as a file."""

from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from accompaniment.enums import Role
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.spreadsheets import BYTE_ORDER_MARK, SheetWriter, day_cell, instant_cell
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.enums import Answerer
from caseload.forms.desk.portfolio_filter import PortfolioFilterForm, portfolio_filter
from caseload.forms.desk.selection import selected_in
from caseload.models import SavedView
from caseload.reads.desk.cases import Case
from caseload.reads.desk.portfolio_list import PortfolioNotThereError, listing_for
from caseload.services.desk.exports import record_export, record_opening

EXPORTED = (
    "Besoin",
    "Nom",
    "Prénom",
    "Identifiant",
    "Modalité et parcours",
    "Suivi depuis",
    "Suivi",
    "Dernier contact",
    "Canal du dernier contact",
    "Prochain entretien",
    "Canal du prochain entretien",
    "Prochaine échéance",
    "Plan à revoir",
)

FOUND = "personnes-trouvees"
"""The part of the page that holds what the search found."""
CHOICES = "choix"
"""Asks for the filters with their counts, which the page shows only in its open menu."""


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def my_portfolio(request: AuthenticatedRequest) -> HttpResponse:
    """The people whom an adviser follows or covers; for a manager, one portfolio of their regions, to read.

    A manager's visit leaves an audit row, which a GET may write.
    """
    if request.user.is_manager and "portefeuille" not in request.GET:
        return redirect("portfolios")
    try:
        listing = listing_for(request.user, portfolio_filter(request.GET), now=timezone.now())
    except PortfolioNotThereError:
        return render(request, "caseload/desk/portfolio_not_there.html", status=HTTPStatus.NOT_FOUND)
    if listing.desk.overseen:
        record_opening(
            actor=request.user,
            portfolio=listing.desk.own[0].pk,
            people=len(listing.cases),
            filters=listing.asked.facts,
        )
    only_the_list = request.htmx and not request.htmx.history_restore_request
    context = {
        "listing": listing,
        "desk": listing.desk,
        "asked": listing.asked,
        "covered": {portfolio.pk for portfolio in listing.desk.covered},
        "selected": set(selected_in(request.GET)),
        "answers": bool(only_the_list and request.htmx.target == FOUND),
    }
    if context["answers"]:
        # As one types, the page has the rows already, and learns which of them to show.
        context["with_choices"] = CHOICES in request.GET
        return render(request, "caseload/desk/partials/_cases_found.html", context)
    if only_the_list:
        answer = render(request, "caseload/desk/partials/_cases.html", context)
        return replace_url(answer, reverse("my_portfolio") + listing.asked.address().removesuffix("?"))
    form = PortfolioFilterForm(listing.asked.facts)
    if listing.desk.overseen:
        del form.fields["suivi"]
    context |= {
        "form": form,
        "views": SavedView.objects.filter(user=request.user),
    }
    return render(request, "caseload/desk/portfolio.html", context)


@require_safe
@role_required(Role.ADVISER)
def my_portfolio_export(request: AuthenticatedRequest) -> HttpResponse:
    """The list as a file for spreadsheets, in its order: semicolons, CRLF, UTF-8 with a byte order mark."""
    try:
        listing = listing_for(request.user, portfolio_filter(request.GET), now=timezone.now())
    except PortfolioNotThereError as missing:
        raise Http404 from missing
    record_export(
        actor=request.user,
        cases=listing.cases,
        covered=[portfolio.pk for portfolio in listing.desk.covered],
        filters=listing.asked.facts,
    )
    response = HttpResponse(BYTE_ORDER_MARK, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="portefeuille-{listing.desk.today}.csv"'
    sheet = SheetWriter(response)
    sheet.write(EXPORTED)
    covered = {portfolio.pk for portfolio in listing.desk.covered}
    for case in listing.cases:
        sheet.write(_line(case, zone=reader_zone(), covered=case.portfolio_id in covered))
    return response


def _line(case: Case, *, zone: ZoneInfo, covered: bool) -> list[str]:
    return [
        " · ".join(need.phrase.replace("\u00a0", " ") for need in case.needs),
        case.last_name,
        case.first_name,
        case.identifier,
        case.track_label,
        instant_cell(case.since, zone)[:10],
        str((Answerer.COVER if covered else Answerer.OWN).label),
        instant_cell(case.last_contact_at, zone),
        case.last_contact_label,
        "" if case.interview_to_conclude else instant_cell(case.next_interview_at, zone),
        "" if case.interview_to_conclude else case.next_interview_label,
        day_cell(case.obligation_due_on),
        day_cell(case.plan_review_on),
    ]
