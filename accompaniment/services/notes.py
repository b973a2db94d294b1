"""Notes of the team on a person: private to the staff, dated, never erased."""

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import Jobseeker, Note, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit

LONGEST_NOTE = 5000  # characters
ONLY_ITS_AUTHOR = "Seul l'auteur d'une note peut la retirer."


def write_note(*, actor: User, jobseeker: Jobseeker, body: str) -> Note:
    """Keep a note on the person. Raises DomainError when it is empty or longer than 5,000 characters."""
    text = body.strip()
    if not text:
        raise DomainError("Écrivez la note avant de l'enregistrer.", about="body")
    if len(text) > LONGEST_NOTE:
        raise DomainError("Cette note est trop longue : 5 000 caractères au plus.", about="body")
    with transaction.atomic():
        note = Note.objects.create(jobseeker=jobseeker, author=actor, at=timezone.now(), body=text)
        audit.record(actor=actor, jobseeker=jobseeker, action=AuditAction.NOTE, event="written", note=note.pk)
        return note


def withdraw_note(*, actor: User, note: Note) -> Note:
    """Take back one's own note: it leaves the file, its date stays. Doing it again changes nothing.

    Raises NotAllowedNowError for somebody else's note.
    """
    with transaction.atomic():
        locked: Note = Note.objects.select_for_update(of=("self",)).select_related("jobseeker").get(pk=note.pk)
        if locked.author_id != actor.pk:
            raise NotAllowedNowError(ONLY_ITS_AUTHOR)
        if locked.withdrawn_at is None:
            locked.withdrawn_at = timezone.now()
            locked.save(update_fields=["withdrawn_at"])
            audit.record(
                actor=actor, jobseeker=locked.jobseeker, action=AuditAction.NOTE, event="withdrawn", note=locked.pk
            )
        return locked
