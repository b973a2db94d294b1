"""A person's contact details. A correction by the adviser keeps what a colleague has corrected meanwhile."""

from collections.abc import Mapping

from django.db import transaction

from accompaniment.enums import OWN_CHANNELS, AuditAction, BoundedAct, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Agency, AuditEntry, Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.imports import telephones, values
from accompaniment.rules.imports.values import InvalidValueError
from accompaniment.rules.meanwhile import ChangedMeanwhileError, Shown, State
from accompaniment.rules.merging import merge
from accompaniment.services import audit
from accompaniment.services.account_rows import refusing_if_taken
from accompaniment.services.addresses import EMAIL_TAKEN, follow_file
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts, check_acts_or_receives, check_own

DETAILS = ("phone", "email", "postal_code", "commune", "preferred_channel", "preferred_hours")

WRONG_NUMBER = "Ce numéro de téléphone n'est pas valable. Écrivez-le comme ceci\u00a0: 06 12 34 56 78."
CHANGED = "Un collègue a changé la même information entre-temps. Rien n'a été enregistré."
NO_CHANNEL = "Choisissez la visio, le téléphone, l'agence, les messages, ou aucune préférence."
NO_NUMBER = "Écrivez le numéro auquel vous appeler."


def details_of(person: Jobseeker) -> dict[str, str]:
    """Return the person's contact details as text by field; missing ones are empty."""
    return {name: getattr(person, name) or "" for name in DETAILS}


def shown_details(person: Jobseeker) -> Shown:
    """Return what a page shows of the person's contact details."""
    return Shown("details", person.pk, details_of(person))


def change_details(*, actor: User, jobseeker: Jobseeker, seen: State, typed: Mapping[str, str]) -> frozenset[str]:
    """Write the details that the actor has changed, and return their names.

    A colleague's changes in fields that are not in `typed` stay. Raises ChangedMeanwhileError, with nothing written, if
    one of the typed fields holds neither what was `seen` nor what is typed. Raises DomainError for an address of
    somebody else. The account follows a corrected address (`follow_file`).
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts_or_receives(actor, person)
        now = details_of(person)
        merged = merge(base=seen, mine={**seen, **typed}, theirs=now)
        unread = merged.conflicts if seen else frozenset(name for name, value in typed.items() if value != now[name])
        if unread:
            raise ChangedMeanwhileError(CHANGED, seen=seen, now=shown_details(person), changed=unread)
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
    """Return the region in whose numbering plan the agency's numbers are dialled; overseas agencies have their own."""
    return telephones.OF_DEPARTEMENTS.get(agency.departement_id, telephones.FRANCE)


def read_number(written: str, *, agency: Agency) -> str:
    """Return a telephone number in E.164, as it is dialled at the agency. Raises DomainError if it is invalid."""
    try:
        number = values.phone(written, dialling_region(agency))
    except InvalidValueError as error:
        raise DomainError(WRONG_NUMBER, about="phone") from error
    if not number:
        raise DomainError(NO_NUMBER, about="phone")
    return number


def change_phone(*, actor: User, jobseeker: Jobseeker, phone: str) -> Jobseeker:
    """Store the number at which the person is called, and return the person. The same number changes nothing.

    The person may do it, or staff who may act in the file. Raises DomainError for an invalid number and for anybody
    else, TooManyError if the person has changed it too often.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.JOBSEEKER, Role.ADVISER))
        if phone == person.phone:
            return person
        number = read_number(phone, agency=person.agency)
        if number == person.phone:
            return person
        if actor.is_jobseeker:
            changed = AuditEntry.objects.filter(
                jobseeker=person, actor=actor, action=AuditAction.UPDATED, details__fields__contains="phone"
            )
            check_bound(BoundedAct.PHONE_CORRECTIONS, done=lambda since: changed.filter(at__gt=since).count())
        person.phone = number
        person.save(update_fields=["phone", "updated_at"])
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=["phone"])
        return person


def change_preferred_channel(*, actor: User, jobseeker: Jobseeker, channel: str) -> Jobseeker:
    """Store the channel that the person prefers, empty for none, and return the person. The same changes nothing.

    The person alone may do it; an adviser corrects it with the other details (`change_details`). Raises DomainError
    for an unknown channel and for anybody else, TooManyError if the person has changed it too often.
    """
    if channel and channel not in dict(OWN_CHANNELS):
        raise DomainError(NO_CHANNEL, about="channel")
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_own(actor, person, "Seule la personne elle-même peut choisir ici son moyen préféré.")
        if channel == person.preferred_channel:
            return person
        changed = AuditEntry.objects.filter(
            jobseeker=person, actor=actor, action=AuditAction.UPDATED, details__fields__contains="preferred_channel"
        )
        check_bound(BoundedAct.PREFERENCES, done=lambda since: changed.filter(at__gt=since).count())
        person.preferred_channel = channel
        person.save(update_fields=["preferred_channel", "updated_at"])
        audit.record(actor=actor, jobseeker=person, action=AuditAction.UPDATED, fields=["preferred_channel"])
        return person


def _check_email(person: Jobseeker, email: str) -> None:
    if email and User.objects.filter(email=email).exclude(jobseeker=person).exists():
        raise DomainError(EMAIL_TAKEN, about="email")
