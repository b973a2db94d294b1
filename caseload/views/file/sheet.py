"""The sheet that sums up a person's file."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.enums import FilePart, Role
from accompaniment.models import Jobseeker
from accompaniment.reads.pdf import PdfUnavailableError
from accompaniment.services import audit
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.paper import as_a_pdf
from caseload.reads.file.sheet import sheet_of, sheet_pdf


@require_safe
@role_required(Role.ADVISER, Role.MANAGER)
def person_sheet(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Return the PDF, or the page to print if the PDF cannot be made. A reading leaves its own audit row."""
    person = get_object_or_404(
        Jobseeker.objects.readable_by(request.user).select_related("agency__departement__region", "user"), pk=pk
    )
    sheet = sheet_of(person, reader=request.user, now=timezone.now())
    audit.record_reading(actor=request.user, jobseeker=person, part=FilePart.SHEET)
    try:
        return as_a_pdf(sheet_pdf(sheet), sheet.filename)
    except PdfUnavailableError:
        return render(request, "caseload/file/sheet.html", {"sheet": sheet, "file": sheet.file})
