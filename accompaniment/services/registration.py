"""What an adviser writes down during the registration interview, before anything is decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.merging import merge
from accompaniment.rules.spelling import written
from accompaniment.services import audit
from accompaniment.services.account_rows import refusing_if_taken
from accompaniment.services.addresses import EMAIL_TAKEN, follow_file
from accompaniment.services.enrolments.interview import open_registration_interview

NO_LONGER_WAITS = {
    EnrolmentState.WITHDRAWN: "La personne a retiré sa demande.",
    EnrolmentState.LAPSED: "Le délai de cette demande est passé.",
}
"""Why nothing can be written any more, where nobody has decided."""


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field that somebody else changed since the page was made."""

    name: str
    mine: str
    theirs: str
    by: str
    """Name of who typed it; empty where it was not noted."""
    by_me: bool
    """Typed by the same person, in another window."""
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SavedDraft:
    """The interview as it is kept now, and what its page did not know."""

    interview: RegistrationInterview
    news: tuple[FieldChange, ...] = ()
    conflicts: tuple[FieldChange, ...] = ()


def save_draft(
    *, actor: User, enrolment: Enrolment, typed: Mapping[str, str], base: Mapping[str, str] | None = None
) -> SavedDraft:
    """Keep what was typed so far, as it was typed, and begin the interview if it has not begun.

    `base` is what the page showed before anything was typed into it: a field that only this adviser changed since
    is written, one that only somebody else changed stays theirs, and of one that both changed theirs stays and
    both come back as a conflict. Without `base` everything typed is written.

    Each adviser who writes in it leaves one audit row, however often the page saves. Raises NotAllowedNowError
    when the enrolment was decided, withdrawn or lapsed meanwhile; then nothing is begun.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        state = EnrolmentState(Enrolment.objects.get(pk=enrolment.pk).state)
        if state != EnrolmentState.ASKED:
            raise NotAllowedNowError(NO_LONGER_WAITS.get(state, "Cette demande a déjà été traitée."))
        interview = open_registration_interview(actor=actor, jobseeker=person)
        if interview.conducted_by_id != actor.pk:
            interview.conducted_by = actor
            audit.record(
                actor=actor, jobseeker=person, action=AuditAction.INTERVIEW, event="registration_interview_continued"
            )
        now = timezone.now()
        theirs = _kept_by_now(interview, base or {})
        merged = merge(base=theirs if base is None else base, mine=typed, theirs=theirs)
        changes = {
            name: _change(interview, actor, name, typed.get(name, ""), theirs.get(name, ""))
            for name in merged.news | merged.conflicts
        }
        interview.typed = {
            name: value for name, value in merged.kept.items() if name in interview.typed or name in merged.changed
        }
        author = {"by": actor.pk, "at": now.isoformat()}
        interview.touched = {**interview.touched, **dict.fromkeys(sorted(merged.changed), author)}
        interview.saved_at = now
        interview.save(update_fields=["conducted_by", "typed", "touched", "saved_at"])
        return SavedDraft(
            interview=interview,
            news=tuple(changes[name] for name in sorted(merged.news)),
            conflicts=tuple(changes[name] for name in sorted(merged.conflicts)),
        )


def _kept_by_now(interview: RegistrationInterview, base: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept: a field that nobody ever typed into is as every page shows it, from the person's file."""
    untouched = {
        name: value for name, value in base.items() if name not in interview.touched and name not in interview.typed
    }
    return {**untouched, **interview.typed}


def _change(interview: RegistrationInterview, actor: User, name: str, mine: str, theirs: str) -> FieldChange:
    author = interview.touched.get(name, {})
    return FieldChange(
        name=name,
        mine=mine,
        theirs=theirs,
        by=str(User.objects.filter(pk=author["by"]).first() or "") if author else "",
        by_me=author.get("by") == actor.pk,
        at=datetime.fromisoformat(author["at"]) if author else None,
    )


def add_email(*, actor: User, jobseeker: Jobseeker, email: str) -> Jobseeker:
    """Write down the e-mail address of a person who had none; the invitation will go there.

    Writing the same one twice changes nothing. Raises NotAllowedNowError when the person has another address by
    now, DomainError when the address is somebody else's.
    """
    address = written(email)
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        if person.email == address:
            return person
        if person.email is not None:
            raise NotAllowedNowError("Une adresse e-mail a été enregistrée entre-temps. Rechargez la page.")
        if User.objects.filter(email=address).exclude(jobseeker=person).exists():
            raise DomainError(EMAIL_TAKEN)
        person.email = address
        with refusing_if_taken(EMAIL_TAKEN):
            person.save(update_fields=["email", "updated_at"])
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=["email"])
        follow_file(actor=actor, person=person, before=None)
        return person
