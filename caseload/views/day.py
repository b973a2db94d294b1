"""Ma journée: what waits for an adviser, made of panels that each app serves at its own address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from caseload.desk import desk_of


@require_safe
@role_required(Role.ADVISER)
def my_day(request: AuthenticatedRequest) -> HttpResponse:
    desk = desk_of(request.user, now=timezone.now())
    return render(request, "caseload/day.html", {"desk": desk})
