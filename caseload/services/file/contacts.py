"""Contacts that took place outside the service's own channels, as an adviser notes them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, ContactNature, Initiator, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import AuditEntry, Contact, Jobseeker, User
from accompaniment.models.journal import LONGEST_CONTACT
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import day_in_style
from accompaniment.rules.parsing import lines_in
from accompaniment.rules.tracks import NOTED_CHANNELS
from accompaniment.services import audit, journal
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts
from caseload.models import CaseSummary
from caseload.services.desk.summaries import write_summary

LONGEST_TEXT = 1000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """When a contact took place, how, how long in minutes (None: unknown), who began it, and what was said."""

    at: datetime
    nature: ContactNature
    began_by: Initiator
    minutes: int | None
    text: str


def note_contact(*, actor: User, jobseeker: Jobseeker, facts: ContactFacts) -> Contact:
    """Write a telephone call, an exchange on site, an e-mail or a letter into the person's journal.

    It counts as a contact. It holds no obligation by itself: `hold_obligation` decides, as for every contact. Raises
    NoRightError unless the actor is an adviser who follows the person; DomainError if it lies in the future or before
    the person's registration, has no text, or a length outside the limits; TooManyError beyond the limit of a day.
    """
    said = lines_in(facts.text).strip()
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.ADVISER,))
        _check(facts, said, person)
        noted = AuditEntry.objects.filter(jobseeker=person, actor=actor, action=AuditAction.CONTACT_NOTED)
        check_bound(BoundedAct.CONTACTS_NOTED, done=lambda since: noted.filter(at__gt=since).count())
        contact = journal.write_contact(
            jobseeker=person,
            at=facts.at,
            channel=NOTED_CHANNELS[facts.nature],
            nature=facts.nature,
            author=actor,
            summary=said,
            began_by=facts.began_by,
            minutes=facts.minutes,
            source=f"noted:{uuid4()}",
        )
        last = CaseSummary.objects.filter(jobseeker=person).values_list("last_contact_at", flat=True).first()
        if last is None or last < contact.at:
            write_summary(jobseeker_id=person.pk, last_contact_at=contact.at, last_contact_channel=contact.channel)
        audit.record(actor=actor, jobseeker=person, action=AuditAction.CONTACT_NOTED, event="noted", contact=contact.pk)
        return contact


def _check(facts: ContactFacts, said: str, person: Jobseeker) -> None:
    if facts.nature not in NOTED_CHANNELS:
        raise DomainError("Ce contact s'inscrit de lui-même au journal.", about="nature")
    if facts.at > timezone.now():
        raise DomainError("Notez le contact une fois qu'il a eu lieu.", about="day")
    if facts.at.astimezone(person.agency.zone).date() < person.registered_on:
        since = day_in_style(person.registered_on, "j F Y")
        raise DomainError(
            f"La personne est inscrite depuis le {since}\u00a0: notez un contact de ce jour ou d'après.", about="day"
        )
    if facts.minutes is not None and not 1 <= facts.minutes <= LONGEST_CONTACT:
        raise DomainError(f"La durée va de 1 à {LONGEST_CONTACT} minutes.", about="minutes")
    if not said:
        raise DomainError("Notez en une phrase ce qui a été dit ou convenu.", about="text")
    if len(said) > LONGEST_TEXT:
        raise DomainError("Ce texte est trop long\u00a0: 1 000 caractères au plus.", about="text")
