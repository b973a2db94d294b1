"""Réglages: the regions, with the day on which the 100 % web track opens in each."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.errors import DomainError
from accompaniment.models import Region
from accompaniment.services.territory import set_region_opening
from caseload.forms.imports import RegionOpeningForm
from caseload.views.imports import steers_the_country


@require_safe
@role_required(Role.MANAGER)
def region_list(request: AuthenticatedRequest) -> HttpResponse:
    """All regions, those that open first before the others."""
    regions = list(Region.objects.in_order_of_opening())
    today = timezone.localdate()
    return render(
        request,
        "caseload/regions.html",
        {
            "regions": regions,
            "today": today,
            "opened": sum(region.web_is_open(today) for region in regions),
            "may_set": steers_the_country(request),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
def region_opening(request: AuthenticatedRequest, code: str) -> HttpResponse:
    if not steers_the_country(request):
        raise PermissionDenied
    region = get_object_or_404(Region, pk=code)
    form = RegionOpeningForm(request.POST or None, instance=region)
    if request.method == "POST" and form.is_valid():
        try:
            opened = set_region_opening(actor=request.user, region=region, opens_on=form.cleaned_data["web_opens_on"])
        except DomainError as refusal:
            form.add_error("web_opens_on", refusal.sentence)
        else:
            messages.success(request, opening_sentence(opened))
            return redirect("settings")
    return render(request, "caseload/region_opening.html", {"region": region, "form": form})


def opening_sentence(region: Region) -> str:
    """Say what was set."""
    if region.web_opens_on is None:
        return f"{region.name}\u00a0: le jour d'ouverture n'est plus fixé."
    return f"{region.name}\u00a0: ouverture du 100 % web le {region.web_opens_on:%d/%m/%Y}."
