"""Ma journée: what waits for an adviser, made of panels that each app serves at its own address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.reads.desk.desk import desk_of
from caseload.reads.desk.on_site_requests import requests_seen_by
from caseload.reads.moves.waiting_list import waiting_for
from caseload.reads.registration.interviews import volunteers_of, with_time_left

VOLUNTEERS_SHOWN = 5


@require_safe
@role_required(Role.ADVISER)
def my_day(request: AuthenticatedRequest) -> HttpResponse:
    desk = desk_of(request.user, now=timezone.now())
    on_site_asked = requests_seen_by(request.user).open().exists()
    return render(request, "caseload/desk/day.html", {"desk": desk, "on_site_asked": on_site_asked})


@require_safe
@role_required(Role.ADVISER)
def gauges_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The adviser's portfolios and covers, for the page of the day."""
    desk = desk_of(request.user, now=timezone.now())
    return render(request, "caseload/desk/partials/_gauges_panel.html", {"desk": desk})


@require_safe
@role_required(Role.ADVISER)
def volunteers_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The volunteers of the adviser's agency, for the page of the day."""
    now = timezone.now()
    desk = desk_of(request.user, now=now)
    waiting = volunteers_of(desk.adviser)
    shown = list(waiting[:VOLUNTEERS_SHOWN])
    count = len(shown) if len(shown) < VOLUNTEERS_SHOWN else waiting.count()
    return render(
        request,
        "caseload/desk/partials/_volunteers_panel.html",
        {"volunteers": with_time_left(shown, now), "count": count},
    )


@require_safe
@role_required(Role.ADVISER)
def waiting_panel(request: AuthenticatedRequest) -> HttpResponse:
    """How many people of the adviser's agency wait for a place, for the page of the day."""
    desk = desk_of(request.user, now=timezone.now())
    count = waiting_for(desk.adviser.user).count()
    return render(request, "caseload/desk/partials/_waiting_panel.html", {"count": count})
