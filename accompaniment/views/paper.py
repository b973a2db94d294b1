"""Answers that are a PDF."""

from django.http import HttpResponse


def as_a_pdf(pdf: bytes, filename: str) -> HttpResponse:
    """Return a PDF as a download that is kept nowhere on the way. `filename` needs no quoting."""
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Cache-Control": "private, no-store",
        },
    )
