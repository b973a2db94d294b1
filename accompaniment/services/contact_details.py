"""How a person is reached: corrected by the adviser, without losing what a colleague corrected meanwhile."""

from collections.abc import Mapping

from django.db import transaction

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Agency, AuditEntry, Jobseeker, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.imports import telephones, values
from accompaniment.rules.imports.values import InvalidValueError
from accompaniment.rules.merging import merge
from accompaniment.services import audit
from accompaniment.services.account_rows import refusing_if_taken
from accompaniment.services.addresses import EMAIL_TAKEN, follow_file
from accompaniment.services.bounds import check_bound

DETAILS = ("phone", "email", "postal_code", "commune", "preferred_channel", "preferred_hours")

WRONG_NUMBER = "Ce numéro de téléphone n'est pas valable. Écrivez-le comme ceci\u00a0: 06 12 34 56 78."
NO_NUMBER = "Écrivez le numéro auquel vous appeler."


class DetailsChangedMeanwhileError(NotAllowedNowError):
    """A colleague changed the same fields since the actor read them; nothing was written."""

    def __init__(self, person: Jobseeker, conflicts: frozenset[str]) -> None:
        self.person = person
        self.conflicts = conflicts
        super().__init__("Un collègue a changé la même information entre-temps. Rien n'a été enregistré.")


def details_of(person: Jobseeker) -> dict[str, str]:
    """Return the person's contact details as text by field; empty where there is none."""
    return {name: getattr(person, name) or "" for name in DETAILS}


def change_details(
    *, actor: User, jobseeker: Jobseeker, base: Mapping[str, str], typed: Mapping[str, str]
) -> frozenset[str]:
    """Write the details that the actor changed, and return their names.

    `base` is what the page showed. What a colleague changed meanwhile in other fields stays. Raises
    DetailsChangedMeanwhileError, with nothing written, where both changed the same one differently; DomainError for
    an address that is somebody else's. A corrected address is carried over to the account (`follow_file`).
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        now = details_of(person)
        merged = merge(base=base, mine=typed, theirs=now)
        if merged.conflicts:
            raise DetailsChangedMeanwhileError(person, merged.conflicts)
        changed = frozenset(name for name in merged.changed & set(DETAILS) if merged.kept.get(name, "") != now[name])
        if not changed:
            return changed
        if "email" in changed:
            _check_email(person, merged.kept.get("email", ""))
        for name in changed:
            value = merged.kept.get(name, "")
            setattr(person, name, (value or None) if name == "email" else value)
        with refusing_if_taken(EMAIL_TAKEN):
            person.save(update_fields=[*sorted(changed), "updated_at"])
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=sorted(changed))
        if "email" in changed:
            follow_file(actor=actor, person=person, before=now["email"] or None)
        return changed


def dialling_region(agency: Agency) -> str:
    """Return where numbers are dialled as around this agency: an overseas agency has a numbering plan of its own."""
    return telephones.OF_DEPARTEMENTS.get(agency.departement_id, telephones.FRANCE)


def read_number(written: str, *, agency: Agency) -> str:
    """Return a telephone number in E.164, as it is dialled where the agency is. Raises DomainError for none."""
    try:
        number = values.phone(written, dialling_region(agency))
    except InvalidValueError as error:
        raise DomainError(WRONG_NUMBER, about="phone") from error
    if not number:
        raise DomainError(NO_NUMBER, about="phone")
    return number


def change_phone(*, actor: User, jobseeker: Jobseeker, phone: str) -> Jobseeker:
    """Write the number at which the person is called, and return the person; the same number changes nothing.

    The person does it, or whoever of the staff may act in the file. Raises DomainError for what is no number and for
    anybody else, TooManyError when the person has changed it too often.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        by_person = person.user_id == actor.pk
        if not by_person and (
            actor.is_jobseeker or not Jobseeker.objects.visible_to(actor).filter(pk=person.pk).exists()
        ):
            raise NotAllowedNowError("Ce dossier n'est plus dans vos portefeuilles.")
        if phone == person.phone:
            return person
        number = read_number(phone, agency=person.agency)
        if number == person.phone:
            return person
        if by_person:
            changed = AuditEntry.objects.filter(
                jobseeker=person, actor=actor, action=AuditAction.UPDATED, details__fields__contains="phone"
            )
            check_bound(BoundedAct.PHONE_CORRECTIONS, done=lambda since: changed.filter(at__gt=since).count())
        person.phone = number
        person.save(update_fields=["phone", "updated_at"])
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=["phone"])
        return person


def _check_email(person: Jobseeker, email: str) -> None:
    if email and User.objects.filter(email=email).exclude(jobseeker=person).exists():
        raise DomainError(EMAIL_TAKEN, about="email")
