"""Ma journée: what waits for an adviser, made of panels that each app serves at its own address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from caseload.desk import desk_of
from caseload.services.placements import volunteers_of

VOLUNTEERS_SHOWN = 5


@require_safe
@role_required(Role.ADVISER)
def my_day(request: AuthenticatedRequest) -> HttpResponse:
    desk = desk_of(request.user, now=timezone.now())
    return render(request, "caseload/day.html", {"desk": desk})


@require_safe
@role_required(Role.ADVISER)
def volunteers_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The volunteers of the adviser's agency, for the page of the day."""
    desk = desk_of(request.user, now=timezone.now())
    waiting = volunteers_of(desk.adviser)
    return render(
        request,
        "caseload/partials/_volunteers_panel.html",
        {"volunteers": waiting[:VOLUNTEERS_SHOWN], "count": waiting.count()},
    )
