"""Réglages: after how many days without a decision an enrolment lapses."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.errors import DomainError
from accompaniment.once import once
from accompaniment.services.enrolments import set_lapse_delay
from caseload.forms.lapses import WAITS_FOR, LapseDelayForm
from caseload.settings import delays_by_state, history_of_delays
from caseload.views.imports import steers_the_country


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def lapse_delays(request: AuthenticatedRequest) -> HttpResponse:
    """The delays in force and to come; a manager of the whole country sets others."""
    may_set = steers_the_country(request)
    posted = request.method == "POST"
    if posted and not may_set:
        raise PermissionDenied
    today = timezone.localdate()
    form = LapseDelayForm(request.POST if posted else None, initial={"starts_on": today})
    if posted and form.is_valid():
        try:
            delay = set_lapse_delay(actor=request.user, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, refusal.sentence)
        else:
            messages.success(
                request,
                f"{delay.get_state_display()}\u00a0: {delay.days} jours à partir du {delay.starts_on:%d/%m/%Y}.",
            )
            return redirect("lapse_delays")
    rows = [(WAITS_FOR[state], in_force, to_come) for state, in_force, to_come in delays_by_state(today=today)]
    context = {"form": form, "rows": rows, "may_set": may_set, "history": list(history_of_delays())}
    return render(request, "caseload/lapse_delays.html", context, status=422 if posted else 200)
