"""Réglages: how many people a portfolio may hold, for the country and for agencies, now and later."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import day_in_style
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once
from caseload.forms.steering.settings import CapacityForm
from caseload.models import Capacity
from caseload.reads.steering.setting_pages import agencies_of, caps_by_place, history_of_caps
from caseload.services.steering.capacities import cancel_capacity, set_capacity
from caseload.views.steering.imports import steers_the_country


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def capacities(request: AuthenticatedRequest) -> HttpResponse:
    """All current and future caps that the manager may see, and the form for another one."""
    form = CapacityForm(
        request.POST if request.method == "POST" else None,
        agencies=agencies_of(request.user),
        whole_country=steers_the_country(request),
        initial={"starts_on": timezone.localdate()},
    )
    refused = request.method == "POST"
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            cap = set_capacity(
                actor=request.user,
                agency=facts["place"],
                **{name: facts[name] for name in ("modality", "value", "by_working_share", "starts_on", "reason")},
            )
        except DomainError as refusal:
            add_refusal(form, refusal, agency="place")
        else:
            where = cap.agency or "tout le pays"
            messages.success(
                request,
                f"{cap.get_modality_display()}, {where}\u00a0: "
                f"{'celui du pays' if cap.value is None else cap.value} "
                f"à partir du {day_in_style(cap.starts_on, 'j F Y')}.",
            )
            return redirect("capacities")
    country, own = caps_by_place(request.user, now=timezone.now())
    return render(
        request,
        "caseload/steering/capacities.html",
        {
            "form": form,
            "country": country,
            "own": own,
            "history": list(history_of_caps(request.user)),
            "whole_country": steers_the_country(request),
        },
        status=422 if refused else 200,
    )


@require_POST
@role_required(Role.MANAGER)
@once
def cancel(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Cancel a cap whose day has not come."""
    cap = get_object_or_404(Capacity.objects.visible_to(request.user).select_related("agency__departement"), pk=pk)
    try:
        cancel_capacity(actor=request.user, capacity=cap)
    except DomainError as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, f"Le plafond prévu pour le {day_in_style(cap.starts_on, 'j F Y')} est annulé.")
    return redirect("capacities")
