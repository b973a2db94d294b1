"""The sheet that sums up a person's file, for a hand-over or an end."""

from dataclasses import dataclass
from datetime import datetime

from accompaniment.models import Contact, Jobseeker, Note, Obligation, User
from accompaniment.reads.pdf import accessible_pdf
from accompaniment.rules.operator import operator
from caseload.hooks.coming import coming_interviews
from caseload.reads.file.dossier import PersonFile, file_of

CONTACTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Sheet:
    """A person's file on paper. It holds what this reader may read in the file, and nothing else."""

    file: PersonFile
    interviews: list[str]
    obligations: list[Obligation]
    contacts: list[Contact]
    """The last contacts, the newest first."""
    notes: list[Note]

    @property
    def filename(self) -> str:
        return f"fiche-{self.file.person.identifier}-{self.file.today:%Y-%m-%d}.pdf"


def sheet_of(person: Jobseeker, *, reader: User, now: datetime) -> Sheet:
    """Return the sheet. Load `agency__departement__region` with the person, who is readable by the reader."""
    return Sheet(
        file=file_of(person, reader=reader, now=now),
        interviews=[sentence for ask in coming_interviews for sentence in ask(person, now)],
        obligations=list(Obligation.objects.due().filter(jobseeker=person)),
        contacts=list(Contact.objects.filter(jobseeker=person).select_related("author")[:CONTACTS_SHOWN]),
        notes=list(Note.objects.filter(jobseeker=person, withdrawn_at=None).select_related("author")),
    )


def sheet_pdf(sheet: Sheet) -> bytes:
    """Return the sheet as an accessible PDF. Raises PdfUnavailableError."""
    return accessible_pdf("caseload/file/sheet_pdf.html", {"sheet": sheet, "file": sheet.file, "operator": operator()})
