"""Portefeuilles and Équipes: portfolios and staff of a manager's regions, without any figure on single advisers."""

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.forms.steering.dashboard import StaffFilterForm
from caseload.models import Adviser, Manager, Portfolio
from caseload.reads.desk.desk import with_covers
from caseload.reads.moves.waiting_list import waiting_for
from caseload.reads.steering.figures import regions_of

PER_PAGE = 100


@require_safe
@role_required(Role.MANAGER)
def portfolios(request: AuthenticatedRequest) -> HttpResponse:
    """The portfolios of the manager's regions, the fullest first."""
    now = timezone.now()
    form = StaffFilterForm(request.GET, regions=regions_of(request.user))
    found = Portfolio.objects.visible_to(request.user, now).of_open_accounts().kept_by(form.kept).most_filled_first()
    return render(
        request,
        "caseload/steering/portfolios.html",
        {
            "form": form,
            "page": Paginator(with_covers(found, now), PER_PAGE).get_page(request.GET.get("page")),
            "waiting": waiting_for(request.user).count(),
        },
    )


@require_safe
@role_required(Role.MANAGER)
def teams(request: AuthenticatedRequest) -> HttpResponse:
    """The staff by agency and name, with their modalities. Nothing measures a person."""
    form = StaffFilterForm(request.GET, regions=regions_of(request.user))
    own = Prefetch("portfolios", with_covers(Portfolio.objects.all(), timezone.now()))
    found = Adviser.objects.visible_to(request.user).kept_by(form.kept).by_agency().prefetch_related(own)
    return render(
        request,
        "caseload/steering/teams.html",
        {
            "form": form,
            "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
            "managers": Manager.objects.steered_by(request.user).by_name(),
        },
    )
