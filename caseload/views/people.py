"""A person's file, as staff read it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accompaniment.access import AuthenticatedRequest, role_required
from accompaniment.enums import Role
from accompaniment.models import Jobseeker
from accompaniment.presentation import CONTACT_DETAILS
from accompaniment.services import audit
from caseload.files import file_of


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def person(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """The whole file; a reading by somebody else than the adviser leaves its audit row (the exception for a GET)."""
    file = file_of(_visible(request, pk), reader=request.user, now=timezone.now())
    if not file.read_by_its_adviser:
        audit.record_reading(actor=request.user, jobseeker=file.person)
    return render(request, "caseload/person.html", {"file": file, "details_shown": file.read_by_its_adviser})


@require_POST
@role_required(Role.ADVISER, Role.MANAGER)
def person_details(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Show birth date, telephone and e-mail to somebody else than the adviser, on demand and audited."""
    file = file_of(_visible(request, pk), reader=request.user, now=timezone.now())
    if not file.read_by_its_adviser:
        audit.record_reading(actor=request.user, jobseeker=file.person, part=CONTACT_DETAILS)
    template = "caseload/partials/_person_details.html" if request.htmx else "caseload/person.html"
    return render(request, template, {"file": file, "details_shown": True})


def _visible(request: AuthenticatedRequest, pk: int) -> Jobseeker:
    person: Jobseeker = get_object_or_404(
        Jobseeker.objects.visible_to(request.user).select_related("agency__departement__region", "user"), pk=pk
    )
    return person
