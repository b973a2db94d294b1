"""Documents of a person's file. Their kind is read from their bytes, not from their name."""

from datetime import datetime
from math import ceil

from django.core.files.base import File
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Role
from accompaniment.locks import lock_document, lock_jobseeker
from accompaniment.models import Document, Jobseeker, User
from accompaniment.rules.errors import DomainError, NoRightError
from accompaniment.rules.file_kinds import DOCX, JPEG, ODT, PDF, PNG, WEBP, kind_of
from accompaniment.rules.french import MEGABYTE, size_in_words
from accompaniment.services import audit
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts

LARGEST = 10 * MEGABYTE
MOST_DOCUMENTS = 100

KINDS = {kind.media_type: kind for kind in (PDF, PNG, JPEG, WEBP, ODT, DOCX)}

WRONG_KIND = (
    "Ce fichier n'est ni un PDF, ni une image (JPEG, PNG, WebP), ni un document ODT ou DOCX lisible et sans macro. "
    "Choisissez-en un autre."
)

ONLY_YOUR_OWN = "Vous ne pouvez retirer que vos propres documents."


def add_document(*, actor: User, jobseeker: Jobseeker, title: str, upload: File) -> Document:
    """Add a file to the person's dossier.

    Raises DomainError, with nothing stored, for an empty file, one above 10 MB, a kind that is not accepted, and beyond
    a hundred documents; NoRightError for anybody but the person and those who follow them. A transaction that is rolled
    back later deletes the stored file.
    """
    if not upload.size:
        raise DomainError("Ce fichier est vide. Choisissez-en un autre.", about="file")
    if upload.size > LARGEST:
        sentence = f"Ce fichier dépasse {size_in_words(LARGEST)}. Réduisez-le ou envoyez-le en plusieurs fois."
        raise DomainError(sentence, about="file")
    kind = kind_of(upload)
    if kind is None or kind.media_type not in KINDS:
        raise DomainError(WRONG_KIND, about="file")
    words = " ".join(title.split())[:200] or "Document"
    document = Document(
        jobseeker=jobseeker,
        title=words,
        content_type=kind.media_type,
        size=upload.size,
        added_at=timezone.now(),
        added_by=actor,
    )
    stored: str | None = None
    try:
        with transaction.atomic():
            check_acts(actor, lock_jobseeker(jobseeker.pk), roles=(Role.ADVISER, Role.JOBSEEKER))
            if Document.objects.filter(jobseeker=jobseeker, removed_at=None).count() >= MOST_DOCUMENTS:
                raise DomainError("Ce dossier a déjà cent documents. Retirez-en un avant d'en ajouter un autre.")
            if jobseeker.user_id and jobseeker.user_id == document.added_by_id:
                _check_bounds(actor, size=document.size)
            document.file.save(f"document.{kind.ending}", upload, save=False)
            stored = document.file.name
            document.save()
            audit.record(
                actor=actor, jobseeker=jobseeker, action=AuditAction.DOCUMENT, event="added", document=document.pk
            )
    except BaseException:
        if stored:
            document.file.storage.delete(stored)
        raise
    return document


def _check_bounds(actor: User, *, size: int) -> None:
    """Raise TooManyError for too many documents or bytes; removed documents count too."""
    added = Document.objects.filter(added_by=actor)
    check_bound(BoundedAct.DOCUMENTS, done=lambda since: added.filter(added_at__gt=since).count())

    def megabytes(since: datetime) -> int:
        earlier: int = added.filter(added_at__gt=since).aggregate(size=Sum("size", default=0))["size"]
        return ceil((earlier + size) / MEGABYTE)

    check_bound(BoundedAct.DOCUMENT_MEGABYTES, done=megabytes, adding=0)


def remove_document(*, actor: User, document: Document) -> Document:
    """Remove a document from the dossier: the file is deleted, its title and dates stay. A second removal changes
    nothing.

    Raises NoRightError unless the actor follows the person, or is the person and has added the document.
    """
    with transaction.atomic():
        check_acts(actor, lock_jobseeker(document.jobseeker_id), roles=(Role.ADVISER, Role.JOBSEEKER))
        if actor.is_jobseeker and document.added_by_id != actor.pk:
            raise NoRightError(ONLY_YOUR_OWN)
        locked = lock_document(document.pk)
        if locked.removed_at is None:
            locked.removed_at = timezone.now()
            locked.save(update_fields=["removed_at"])
            audit.record(
                actor=actor,
                jobseeker=locked.jobseeker,
                action=AuditAction.DOCUMENT,
                event="removed",
                document=locked.pk,
            )
            storage, name = locked.file.storage, str(locked.file.name)
            transaction.on_commit(lambda: storage.delete(name))
        return locked
