"""Ma journée: what waits for an adviser, made of panels that each app serves at its own address."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.models import OnSiteRequest, User
from caseload.desk import desk_of
from caseload.services.placements import volunteers_of
from caseload.waiting import waiting_for

VOLUNTEERS_SHOWN = 5


@require_safe
@role_required(Role.ADVISER)
def my_day(request: AuthenticatedRequest) -> HttpResponse:
    desk = desk_of(request.user, now=timezone.now())
    return render(request, "caseload/day.html", {"desk": desk, **_at_the_top(request.user)})


@require_safe
@role_required(Role.ADVISER)
def gauges_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The adviser's portfolios and covers, for the page of the day."""
    desk = desk_of(request.user, now=timezone.now())
    return render(request, "caseload/partials/_gauges_panel.html", {"desk": desk})


@require_safe
@role_required(Role.ADVISER)
def volunteers_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The volunteers of the adviser's agency, for the page of the day."""
    desk = desk_of(request.user, now=timezone.now())
    waiting = volunteers_of(desk.adviser)
    shown = list(waiting[:VOLUNTEERS_SHOWN])
    count = len(shown) if len(shown) < VOLUNTEERS_SHOWN else waiting.count()
    return render(request, "caseload/partials/_volunteers_panel.html", {"volunteers": shown, "count": count})


def _at_the_top(user: User) -> dict[str, Any]:
    """Return whether somebody asks to be received on site, and how many of the agency wait for an adviser."""
    return {
        "on_site_asked": OnSiteRequest.objects.visible_to(user).open().exists(),
        "waiting": waiting_for(user).count(),
    }
