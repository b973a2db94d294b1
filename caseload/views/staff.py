"""Portefeuilles and Équipes: what a manager's regions have, without any figure of what single advisers do."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from caseload.desk import with_covers
from caseload.figures import regions_of, waiting_for_placement
from caseload.forms.dashboard import StaffFilterForm
from caseload.models import Adviser, Portfolio

PER_PAGE = 100


@require_safe
@role_required(Role.MANAGER)
def portfolios(request: AuthenticatedRequest) -> HttpResponse:
    """The portfolios of the manager's regions, most filled first: where a place will be missing next."""
    day = timezone.localdate()
    form = StaffFilterForm(request.GET, regions=regions_of(request.user))
    found = Portfolio.objects.visible_to(request.user, day).kept_by(form.kept).most_filled_first()
    return render(
        request,
        "caseload/portfolios.html",
        {
            "form": form,
            "page": Paginator(with_covers(found, day), PER_PAGE).get_page(request.GET.get("page")),
            "waiting": waiting_for_placement(request.user),
        },
    )


@require_safe
@role_required(Role.MANAGER)
def teams(request: AuthenticatedRequest) -> HttpResponse:
    """Who works where, with which modalities. By agency and name; nothing measures a person."""
    form = StaffFilterForm(request.GET, regions=regions_of(request.user))
    found = Adviser.objects.visible_to(request.user).kept_by(form.kept).by_agency()
    return render(
        request,
        "caseload/teams.html",
        {
            "form": form,
            "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        },
    )
