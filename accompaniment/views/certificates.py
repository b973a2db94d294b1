"""The certificate of an acceptance, for the person and for the staff who may read the file."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accompaniment.access import AuthenticatedRequest
from accompaniment.certificate import PdfUnavailableError, certificate_of, certificate_pdf
from accompaniment.enums import FilePart
from accompaniment.models import Consent
from accompaniment.services import audit


@require_safe
def certificate(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Give the PDF, or the same as a page where it cannot be made; a reading by the staff leaves its row."""
    consent = get_object_or_404(
        Consent.objects.readable_by(request.user).select_related("text", "jobseeker__agency__departement__region"),
        pk=pk,
    )
    found = certificate_of(consent, now=timezone.now())
    audit.record_reading(actor=request.user, jobseeker=consent.jobseeker, part=FilePart.CERTIFICATE)
    try:
        pdf = certificate_pdf(found)
    except PdfUnavailableError:
        return render(request, "accompaniment/certificate.html", {"certificate": found})
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{found.filename}"',
            "Cache-Control": "private, no-store",
        },
    )
