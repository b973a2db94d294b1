"""The certificate of an acceptance: its content, and a PDF of it."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from accompaniment.models import Consent
from accompaniment.reads.pdf import accessible_pdf
from accompaniment.rules.operator import operator
from accompaniment.rules.presentation import consent_as_shown


@dataclass(frozen=True, slots=True)
class Certificate:
    """An acceptance with everything that proves it. `followed_by`: the version that was accepted after it."""

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
        """Whether the text that the person read was stored with the acceptance. For older ones the published version is
        shown.
        """
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
    """Return the certificate. Load `text` and `jobseeker__agency__departement__region` with the acceptance."""
    followed_by: int | None = None
    if consent.withdrawn_at is not None:
        followed_by = (
            Consent.objects.filter(jobseeker=consent.jobseeker_id, accepted_at=consent.withdrawn_at)
            .values_list("text__version", flat=True)
            .first()
        )
    return Certificate(consent=consent, followed_by=followed_by, made_at=now)


def certificate_pdf(certificate: Certificate) -> bytes:
    """Return the certificate as an accessible PDF. Raises PdfUnavailableError."""
    return accessible_pdf("accompaniment/certificate_pdf.html", {"certificate": certificate, "operator": operator()})
