"""Team notes on a person: private to the staff, dated, never erased."""

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Role
from accompaniment.locks import lock_jobseeker, lock_note
from accompaniment.models import Jobseeker, Note, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit
from accompaniment.services.rights import check_acts

LONGEST_NOTE = 5000  # characters
ONLY_ITS_AUTHOR = "Seul l'auteur d'une note peut la retirer."


def write_note(*, actor: User, jobseeker: Jobseeker, body: str) -> Note:
    """Store an adviser's note on a person whom the adviser follows or covers.

    Raises DomainError if it is empty or longer than 5,000 characters, NoRightError for anybody else.
    """
    text = body.strip()
    if not text:
        raise DomainError("Écrivez la note avant de l'enregistrer.", about="body")
    if len(text) > LONGEST_NOTE:
        raise DomainError("Cette note est trop longue : 5 000 caractères au plus.", about="body")
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.ADVISER,))
        note = Note.objects.create(jobseeker=person, author=actor, at=timezone.now(), body=text)
        audit.record(actor=actor, jobseeker=person, action=AuditAction.NOTE, event="written", note=note.pk)
        return note


def withdraw_note(*, actor: User, note: Note) -> Note:
    """Withdraw the actor's own note: it leaves the file, and its date stays. Withdrawing it again changes nothing.

    Raises NotAllowedNowError for somebody else's note, NoRightError if the author no longer follows the person.
    """
    with transaction.atomic():
        check_acts(actor, lock_jobseeker(note.jobseeker_id), roles=(Role.ADVISER,))
        locked = lock_note(note.pk)
        if locked.author_id != actor.pk:
            raise NotAllowedNowError(ONLY_ITS_AUTHOR)
        if locked.withdrawn_at is None:
            locked.withdrawn_at = timezone.now()
            locked.save(update_fields=["withdrawn_at"])
            audit.record(
                actor=actor, jobseeker=locked.jobseeker, action=AuditAction.NOTE, event="withdrawn", note=locked.pk
            )
        return locked
