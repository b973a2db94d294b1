"""The registration interview, where tier and track are decided."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, Channel, ContactNature, Tier
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import Jobseeker, RegistrationInterview, User
from accompaniment.services import audit, journal
from accompaniment.services.enrolments.periods import current_accompaniment
from accompaniment.services.enrolments.states import lock_jobseeker
from accompaniment.services.enrolments.tiers import change_tier

OF_ONE_DECISION = frozenset({"identity_checked", "track", "portfolio", "refusal_reason", "comment"})
"""The fields of the draft that belong to one enrolment, and not to the person."""


@dataclass(frozen=True, kw_only=True)
class InterviewFindings:
    """What the adviser has established in the registration interview."""

    identity_checked: bool
    situation: str
    tier: Tier
    has_webcam: bool
    bandwidth: str
    at_ease: bool
    preferred_channel: str
    notes: str
    preferred_hours: str = ""


def open_registration_interview(*, actor: User, jobseeker: Jobseeker) -> RegistrationInterview:
    """Return the person's registration interview in progress, begun now if there is none."""
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        interview = RegistrationInterview.objects.filter(jobseeker=person, concluded_at=None).first()
        if interview is None:
            interview = RegistrationInterview.objects.create(
                jobseeker=person,
                agency=person.agency,
                conducted_by=actor,
                started_at=timezone.now(),
                has_webcam=person.has_webcam,
                bandwidth=person.bandwidth,
                tier=current_accompaniment(person).tier,
            )
            audit.record(
                actor=actor, jobseeker=person, action=AuditAction.INTERVIEW, event="registration_interview_started"
            )
        return interview


def forget_earlier_decision(person: Jobseeker) -> None:
    """Take out of an interview in progress what was typed towards the decision on an earlier enrolment.

    Runs in the caller's transaction, the person being locked. The situation stays; the identity is checked again.
    """
    interview = RegistrationInterview.objects.filter(jobseeker=person, concluded_at=None).first()
    if interview is None:
        return
    interview.typed = _without_decision(interview.typed)
    interview.touched = _without_decision(interview.touched)
    interview.save(update_fields=["typed", "touched"])


def _without_decision(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in OF_ONE_DECISION}


def conclude_registration_interview(
    *, actor: User, interview: RegistrationInterview, findings: InterviewFindings
) -> RegistrationInterview:
    """Close the registration interview with its findings, decide the tier and write the journal.

    Raises DomainError when the identity was not checked, NotAllowedNowError when it is closed already.
    """
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        interview.refresh_from_db(from_queryset=RegistrationInterview.objects.select_for_update(of=("self",)))
        if interview.concluded_at is not None:
            raise NotAllowedNowError("Cet entretien d'inscription est déjà conclu. Rechargez la page.")
        if not findings.identity_checked:
            raise DomainError("Vérifiez l'identité de la personne avant de conclure l'entretien.")
        now = timezone.now()
        interview.conducted_by = actor
        interview.concluded_at = now
        interview.identity_checked = findings.identity_checked
        interview.situation = findings.situation
        interview.has_webcam = findings.has_webcam
        interview.bandwidth = findings.bandwidth
        interview.at_ease = findings.at_ease
        interview.preferred_channel = findings.preferred_channel
        interview.preferred_hours = findings.preferred_hours
        interview.tier = findings.tier
        interview.notes = findings.notes
        interview.typed = {}
        interview.touched = {}
        interview.save()
        person.has_webcam = findings.has_webcam
        person.bandwidth = findings.bandwidth
        person.preferred_channel = findings.preferred_channel
        person.preferred_hours = findings.preferred_hours
        person.save(update_fields=["has_webcam", "bandwidth", "preferred_channel", "preferred_hours", "updated_at"])
        if current_accompaniment(person).tier != findings.tier:
            change_tier(
                actor=actor,
                jobseeker=person,
                tier=findings.tier,
                reason="Décidé à l'entretien d'inscription",
                tell=False,
            )
        journal.write_contact(
            jobseeker=person,
            at=now,
            channel=Channel.ON_SITE,
            nature=ContactNature.REGISTRATION_INTERVIEW,
            author=actor,
            summary=f"Accompagnement décidé : « {Tier(findings.tier).label.lower()} ».",
            source=f"registration-interview:{interview.pk}",
        )
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.INTERVIEW,
            event="registration_interview_concluded",
            tier=findings.tier,
        )
        return interview
