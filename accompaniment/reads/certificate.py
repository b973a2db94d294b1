"""The certificate of an acceptance: what it says, and the same as an accessible PDF."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from accompaniment.models import Consent
from accompaniment.rules.operator import operator
from accompaniment.rules.presentation import consent_as_shown

STYLE = "accompaniment/certificate.css"
FONTS = {"regular": "dsfr/dist/fonts/Marianne-Regular.woff2", "bold": "dsfr/dist/fonts/Marianne-Bold.woff2"}
"""The fonts that a certificate is set in; its style sheet names them `house:regular` and `house:bold`."""


class PdfUnavailableError(Exception):
    """This machine lacks the system libraries that lay out a PDF; the page says the same to be printed."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One acceptance with everything that proves it. `followed_by`: the version that was accepted in its place."""

    consent: Consent
    followed_by: int | None
    made_at: datetime

    @property
    def number(self) -> str:
        return f"ACC-{self.consent.pk:08d}"

    @property
    def zone(self) -> ZoneInfo:
        return self.consent.jobseeker.agency.zone

    @property
    def published_on(self) -> date:
        return self.consent.text.published_at.astimezone(self.zone).date()

    @property
    def kept_as_shown(self) -> bool:
        """Whether what the person read was kept with the acceptance; of older ones the published version stands."""
        return bool(self.consent.shown)

    @property
    def text_read(self) -> str:
        """The text as the person read it, title and statement included."""
        text = self.consent.text
        return self.consent.shown or consent_as_shown(
            title=text.title, version=text.version, published_on=self.published_on, body=text.body
        )

    @property
    def filename(self) -> str:
        return f"attestation-{self.consent.jobseeker.identifier}-v{self.consent.text.version}.pdf"


def certificate_of(consent: Consent, *, now: datetime) -> Certificate:
    """Return the certificate; load `text` and `jobseeker__agency__departement__region` with the acceptance."""
    followed_by: int | None = None
    if consent.withdrawn_at is not None:
        followed_by = (
            Consent.objects.filter(jobseeker=consent.jobseeker_id, accepted_at=consent.withdrawn_at)
            .values_list("text__version", flat=True)
            .first()
        )
    return Certificate(consent=consent, followed_by=followed_by, made_at=now)


def certificate_pdf(certificate: Certificate) -> bytes:
    """Return the certificate as PDF/UA: tagged, with language and title. Raises PdfUnavailableError."""
    weasyprint = _weasyprint()
    # Nothing is fetched but files of the house; a font that is not there is an error, not a page without letters.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols=("file",), fail_on_errors=True)
    fonts = weasyprint.text.fonts.FontConfiguration()
    style = weasyprint.CSS(string=_style(), url_fetcher=fetcher, font_config=fonts)
    page = render_to_string("accompaniment/certificate_pdf.html", {"certificate": certificate, "operator": operator()})
    pdf: bytes = weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf(
        stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1"
    )
    return pdf


def _style() -> str:
    style = Path(_found(STYLE)).read_text(encoding="utf-8")
    for name, font in FONTS.items():
        style = style.replace(f"house:{name}", Path(_found(font)).as_uri())
    return style


def _found(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(name)
    return path


@cache
def _weasyprint() -> Any:
    """Load the library when the first certificate is asked for: it takes seconds, and libraries of the system."""
    try:
        return import_module("weasyprint")
    except OSError as error:
        raise PdfUnavailableError from error
