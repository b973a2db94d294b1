"""What an adviser writes during the registration interview, before the decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.meanwhile import NOT_SEEN, State
from accompaniment.rules.merging import merge
from accompaniment.rules.spelling import written
from accompaniment.services import audit
from accompaniment.services.account_rows import refusing_if_taken
from accompaniment.services.addresses import EMAIL_TAKEN, follow_file
from accompaniment.services.enrolments.interview import open_registration_interview
from accompaniment.services.rights import check_receives, check_registers

NO_LONGER_WAITS = {
    EnrolmentState.WITHDRAWN: "La personne a retiré sa demande.",
    EnrolmentState.LAPSED: "Le délai de cette demande est passé.",
}
"""Why nothing can be written any more although nobody has decided."""


FREE_TEXTS = frozenset({"situation", "comment", "notes"})
"""Texts of which the draft keeps both versions. Of any other answer it keeps the first one."""


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field that somebody else changed since the page was made."""

    name: str
    mine: str
    theirs: str
    by: str
    """The name of the person who typed it; empty if it was not recorded."""
    by_me: bool
    """Typed by the same person, in another window."""
    kept: str
    """What the draft holds now; for a text that both changed, both versions."""
    by_both: bool
    """Each has written something else, and neither text holds the other."""


@dataclass(frozen=True, kw_only=True)
class SavedDraft:
    """The stored interview, and the changes that its page did not know."""

    interview: RegistrationInterview
    news: tuple[FieldChange, ...]
    shown_nothing: bool
    """The page did not say what it showed: what was there before it is news as well."""


def save_draft(*, actor: User, enrolment: Enrolment, typed: Mapping[str, str], base: State = NOT_SEEN) -> SavedDraft:
    """Store what was typed so far, unvalidated, and begin the interview if it has not begun.

    `base` is what the page showed before anything was typed. A field that only this adviser has changed since is
    written. A field that only somebody else has changed keeps their value. Of a text that both have changed both
    versions are kept, one after the other, or the longer one if it contains the other; of another answer the first one.
    Whatever the page does not show of this is returned as news. A page that does not say what it showed (NOT_SEEN) has
    shown empty fields.

    Each adviser who writes leaves one audit row, however often the page saves. Raises NotAllowedNowError if the
    enrolment was decided, withdrawn or has lapsed; then nothing is begun.
    """
    with transaction.atomic():
        person = lock_jobseeker(enrolment.jobseeker_id)
        check_registers(actor, person)
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
        theirs = _kept_by_now(interview, base)
        merged = merge(base=base, mine=typed, theirs=theirs, texts=FREE_TEXTS)
        news = tuple(
            _change(
                interview,
                actor,
                name=name,
                mine=typed.get(name, ""),
                theirs=theirs.get(name, ""),
                kept=merged.kept.get(name, ""),
                by_both=name in merged.conflicts,
            )
            for name in sorted(merged.news | merged.conflicts)
        )
        added = {change.name for change in news if change.kept != change.theirs}
        changed = merged.changed | added
        interview.typed = {
            name: value for name, value in merged.kept.items() if name in interview.typed or name in changed
        }
        author = {"by": actor.pk, "at": now.isoformat()}
        beside = {name: {**author, "beside": _author(interview, actor, name)} for name in sorted(added)}
        interview.touched = {**interview.touched, **dict.fromkeys(sorted(changed), author), **beside}
        interview.saved_at = now
        interview.save(update_fields=["conducted_by", "typed", "touched", "saved_at"])
        return SavedDraft(interview=interview, news=news, shown_nothing=not base)


def _kept_by_now(interview: RegistrationInterview, base: Mapping[str, str]) -> dict[str, str]:
    """Return the stored values.

    A field that nobody has typed into has the value of the person's file, as every page shows it.
    """
    untouched = {
        name: value for name, value in base.items() if name not in interview.touched and name not in interview.typed
    }
    return {**untouched, **interview.typed}


def _author(interview: RegistrationInterview, actor: User, name: str) -> int | None:
    """Return who typed a field. For a text by two people it is the other one; the actor only if nobody else typed."""
    noted = interview.touched.get(name, {})
    beside: int | None = noted.get("beside")
    by: int | None = noted.get("by")
    return beside if by == actor.pk and beside is not None else by


def _change(interview: RegistrationInterview, actor: User, **facts: Any) -> FieldChange:
    author = _author(interview, actor, facts["name"])
    return FieldChange(
        by=str(User.objects.filter(pk=author).first() or "") if author else "", by_me=author == actor.pk, **facts
    )


def add_email(*, actor: User, jobseeker: Jobseeker, email: str) -> Jobseeker:
    """Store the e-mail address of a person who had none; the invitation will go there. The same one again changes
    nothing.

    Raises NotAllowedNowError if the person now has another address, DomainError if the address belongs to somebody
    else.
    """
    address = written(email)
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_receives(actor, person)
        if person.email == address:
            return person
        if person.email is not None:
            raise NotAllowedNowError("Une adresse e-mail a été enregistrée entre-temps. Actualisez la page.")
        if User.objects.filter(email=address).exclude(jobseeker=person).exists():
            raise DomainError(EMAIL_TAKEN)
        person.email = address
        with refusing_if_taken(EMAIL_TAKEN):
            person.save(update_fields=["email", "updated_at"])
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=["email"])
        follow_file(actor=actor, person=person, before=None)
        return person
