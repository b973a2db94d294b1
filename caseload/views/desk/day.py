"""Ma journée: what waits for an adviser, made of panels that each app serves at its own address."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.models import User
from accompaniment.views.access import AuthenticatedRequest, role_required
from caseload.models import Adviser
from caseload.reads.desk.desk import Desk, desk_of
from caseload.reads.desk.on_site_requests import requests_seen_by
from caseload.reads.moves.waiting_list import waiting_for
from caseload.reads.registration.interviews import volunteers_of, with_time_left

VOLUNTEERS_SHOWN = 5


def own_desk(user: User) -> Desk:
    """Return the desk of whoever asks, now; Http404 for an account that is no adviser."""
    try:
        return desk_of(user, now=timezone.now())
    except Adviser.DoesNotExist as missing:
        raise Http404 from missing


@require_safe
@role_required(Role.ADVISER)
def my_day(request: AuthenticatedRequest) -> HttpResponse:
    desk = own_desk(request.user)
    on_site_asked = requests_seen_by(request.user).open().exists()
    return render(request, "caseload/desk/day.html", {"desk": desk, "on_site_asked": on_site_asked})


@require_safe
@role_required(Role.ADVISER)
def gauges_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The adviser's portfolios and covers, for the page of the day."""
    desk = own_desk(request.user)
    return render(request, "caseload/desk/partials/_gauges_panel.html", {"desk": desk})


@require_safe
@role_required(Role.ADVISER)
def volunteers_panel(request: AuthenticatedRequest) -> HttpResponse:
    """The volunteers of the adviser's agency, for the page of the day."""
    desk = own_desk(request.user)
    waiting = volunteers_of(desk.adviser)
    shown = list(waiting[:VOLUNTEERS_SHOWN])
    count = len(shown) if len(shown) < VOLUNTEERS_SHOWN else waiting.count()
    return render(
        request,
        "caseload/desk/partials/_volunteers_panel.html",
        {"volunteers": with_time_left(shown, desk.now), "count": count},
    )


@require_safe
@role_required(Role.ADVISER)
def waiting_panel(request: AuthenticatedRequest) -> HttpResponse:
    """How many people of the adviser's agency wait for a place, for the page of the day."""
    desk = own_desk(request.user)
    count = waiting_for(desk.adviser.user).count()
    return render(request, "caseload/desk/partials/_waiting_panel.html", {"count": count})
