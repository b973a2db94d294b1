"""Interviews that an adviser left without a report, for the managers of the region."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.enums import Role
from accompaniment.rules.french import counted
from accompaniment.services.foreseen import NotForeseenError
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.foreseen import ask_first, shown_in
from accompaniment.views.once import went_through
from caseload.models import Adviser
from visio.services.departures import close_left_open, foresee_closing, left_open


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
def left_interviews(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Not `once`, which would put all of them into one transaction. Sent again, there is nothing left to close."""
    adviser = get_object_or_404(
        Adviser.objects.visible_to(request.user).select_related("user", "agency__departement__region"), pk=pk
    )
    if request.method == "POST":
        try:
            closed = close_left_open(actor=request.user, adviser=adviser, shown=shown_in(request))
        except NotForeseenError as asking:
            return ask_first(request, asking, back=request.path)
        said = counted(closed, "un entretien clos,entretiens clos").capitalize()
        messages.success(request, f"{said}, sans conséquence pour les personnes.")
        response = redirect("member", adviser.user_id)
        went_through(request, response)
        return response
    left = left_open(adviser, now=timezone.now()).of_people_steered_by(request.user)
    interviews = list(left.with_people())
    mark = foresee_closing(adviser, interviews).mark
    context = {"adviser": adviser, "interviews": interviews, "mark": mark}
    return render(request, "visio/left_interviews.html", context)
