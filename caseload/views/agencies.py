"""Réglages: the telephone number of an agency."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.errors import DomainError
from accompaniment.models import Agency
from accompaniment.once import once
from accompaniment.templatetags.french import telephone
from caseload.figures import regions_of
from caseload.forms.agencies import AgencyPhoneForm
from caseload.services.agencies import set_agency_phone


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.MANAGER)
@once
def agency_phone(request: AuthenticatedRequest, code: str) -> HttpResponse:
    """Write the number at which an agency of one's regions answers."""
    found = Agency.objects.filter(departement__region__in=regions_of(request.user))
    agency = get_object_or_404(found.select_related("departement__region"), code=code)
    posted = request.method == "POST"
    form = AgencyPhoneForm(request.POST if posted else None, agency=agency)
    if posted and form.is_valid():
        try:
            changed = set_agency_phone(actor=request.user, agency=agency, phone=form.cleaned_data["phone"])
        except DomainError as refusal:
            form.add_error("phone", refusal.sentence)
        else:
            said = telephone(changed.phone) if changed.phone else "aucun numéro"
            messages.success(request, f"{changed.name}\u00a0: {said}.")
            return redirect("region_agencies", changed.region.code)
    return render(
        request, "caseload/agency_phone.html", {"form": form, "agency": agency}, status=422 if form.errors else 200
    )
