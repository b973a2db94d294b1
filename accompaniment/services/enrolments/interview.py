"""The registration interview, where tier and track are decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    BoundedAct,
    Channel,
    ContactNature,
    EnrolmentState,
    NotificationKind,
    RefusalReason,
    Tier,
)
from accompaniment.locks import lock_enrolment, lock_jobseeker, lock_registration_interview
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.reads.standing import current_accompaniment
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import since_in_words
from accompaniment.rules.presentation import REFUSALS_TO_YOU
from accompaniment.services import accounts, audit, journal, outbox
from accompaniment.services.bounds import check_bound
from accompaniment.services.enrolments.acceptance import start_if_ready, withdraw_consent
from accompaniment.services.enrolments.states import (
    check_eligible,
    check_transition,
    end_what_hangs_on_the_track,
    log,
    move,
)
from accompaniment.services.enrolments.tiers import set_tier
from accompaniment.services.rights import check_own, check_registers

OF_ONE_DECISION = frozenset({"identity_checked", "track", "portfolio", "refusal_reason", "comment"})
"""The draft fields that belong to one enrolment, not to the person."""


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
    """Return the person's registration interview in progress; begin one if there is none."""
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_registers(actor, person)
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
    """Remove from an interview in progress what was typed for the decision on an earlier enrolment.

    Runs in the caller's transaction with the person locked. The situation stays; the identity must be checked again.
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

    Raises DomainError if the identity was not checked, NotAllowedNowError if it is already closed.
    """
    with transaction.atomic():
        person = lock_jobseeker(interview.jobseeker_id)
        check_registers(actor, person)
        lock_registration_interview(interview)
        if interview.concluded_at is not None:
            raise NotAllowedNowError("Cet entretien d'inscription est déjà conclu. Actualisez la page.")
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
            set_tier(
                actor=actor,
                person=person,
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
            summary=f"Accompagnement décidé\u00a0: «\u00a0{Tier(findings.tier).label.lower()}\u00a0».",
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


SETTLED_AT_THE_INTERVIEW = ("modalite", "email")
"""Conditions that the registration interview itself settles. The validation checks them again."""


def ask_enrolment(*, actor: User | None, jobseeker: Jobseeker, at_interview: bool = False) -> Enrolment:
    """Record the person's request for the 100 % web track. `at_interview`: made by word of mouth to the adviser, so
    tier and address may still be missing.

    Raises DomainError if the person is not eligible today, or already has an open enrolment.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        if actor is not None and actor.is_jobseeker:
            check_own(actor, person, "Seule la personne elle-même peut demander le 100\u00a0% web.")
        else:
            check_registers(actor, person)
        now = timezone.now()
        check_eligible(person, now, later=SETTLED_AT_THE_INTERVIEW if at_interview else ())
        if actor is not None and actor.pk == person.user_id:
            check_bound(
                BoundedAct.ENROLMENTS,
                done=lambda since: Enrolment.objects.filter(jobseeker=person, asked_at__gt=since).count(),
            )
        try:
            with transaction.atomic():
                enrolment = Enrolment.objects.create(
                    jobseeker=person, asked_at=now, has_webcam=person.has_webcam, bandwidth=person.bandwidth
                )
        except IntegrityError as error:
            standing = Enrolment.objects.open().get(jobseeker=person)
            raise NotAllowedNowError(_stands(standing, by_person=actor is not None and actor.is_jobseeker)) from error
        forget_earlier_decision(person)
        log(enrolment, actor=actor, at=now, from_state="", to_state=EnrolmentState.ASKED)
        return enrolment


def _stands(standing: Enrolment, *, by_person: bool) -> str:
    """Return the sentence that such a request is already open, and since when."""
    since = since_in_words(standing.asked_at, zone=standing.jobseeker.agency.zone, now=timezone.now())
    if by_person:
        return f"Votre demande de 100\u00a0% web est déjà en cours, {since}. Rien d'autre n'est à faire."
    return f"Une adhésion est déjà en cours pour cette personne, {since}."


def validate_enrolment(*, actor: User, enrolment: Enrolment, interview: RegistrationInterview) -> Enrolment:
    """Validate a volunteer at the registration interview, and start the track if it is already accepted.

    Runs in the caller's transaction, which then places the person and invites them. Raises DomainError if the person is
    not eligible today, NotAllowedNowError if the state of the enrolment has changed.
    """
    person = lock_jobseeker(enrolment.jobseeker_id)
    check_registers(actor, person)
    enrolment = lock_enrolment(enrolment.pk)
    check_transition(enrolment, EnrolmentState.VALIDATED)
    now = timezone.now()
    check_eligible(person, now)
    if interview.concluded_at is None or interview.jobseeker_id != person.pk:
        raise DomainError("L'entretien d'inscription doit être conclu avant de valider l'adhésion.")
    enrolment.interview = interview
    enrolment.equipment_declared_at = interview.concluded_at
    enrolment.has_webcam = interview.has_webcam
    enrolment.bandwidth = interview.bandwidth
    enrolment.validated_at = now
    enrolment.validated_by = actor
    move(enrolment, actor=actor, at=now, to_state=EnrolmentState.VALIDATED)
    accounts.give_account(actor=actor, person=person)
    start_if_ready(enrolment, person=person, actor=actor, at=now)
    return enrolment


def invite_volunteer(*, actor: User, enrolment: Enrolment, follower: User, carried: Sequence[str] = ()) -> None:
    """Invite a validated person to accept, with the name of the new adviser and the fate of booked appointments.

    Runs in the caller's transaction, after `validate_enrolment`.
    """
    person = lock_jobseeker(enrolment.jobseeker_id)  # read again: the validation may have given an account
    outbox.notify_jobseeker(
        key=f"invitation:{enrolment.pk}",
        kind=NotificationKind.INVITATION,
        jobseeker=person,
        context={
            "adviser": actor,
            "first_name": person.first_name,
            "follower": follower,
            "carried": list(carried),
        },
    )


def refuse_enrolment(
    *,
    actor: User,
    enrolment: Enrolment,
    reason: RefusalReason,
    comment: str = "",
    interview: RegistrationInterview | None = None,
) -> Enrolment:
    """Refuse a volunteer with a reason, and tell the person. The acceptance ends too.

    `interview` is the registration interview in which it was decided, if any.
    """
    with transaction.atomic():
        closed, person = _close(
            actor=actor,
            enrolment=enrolment,
            to_state=EnrolmentState.REFUSED,
            comment=comment,
            interview=interview,
            reason=reason,
        )
        outbox.notify_jobseeker(
            key=f"enrolment-refused:{closed.pk}",
            kind=NotificationKind.ENROLMENT_REFUSED,
            jobseeker=person,
            context={
                "reason": REFUSALS_TO_YOU[RefusalReason(reason)],
                "first_name": person.first_name,
                "withdrawn_with": "",
            },
        )
        return closed


def record_withdrawal(
    *, actor: User, enrolment: Enrolment, interview: RegistrationInterview, comment: str = ""
) -> Enrolment:
    """Record that the person no longer wants the track at the registration interview; confirm it by e-mail.

    This is the person's own decision. It is no refusal, and no figure counts it as one.
    """
    with transaction.atomic():
        closed, person = _close(
            actor=actor,
            enrolment=enrolment,
            to_state=EnrolmentState.WITHDRAWN,
            comment=comment,
            interview=interview,
        )
        outbox.notify_jobseeker(
            key=f"enrolment-withdrawn:{closed.pk}",
            kind=NotificationKind.ENROLMENT_REFUSED,
            jobseeker=person,
            context={"reason": "", "first_name": person.first_name, "withdrawn_with": actor},
        )
        return closed


def _close(
    *,
    actor: User,
    enrolment: Enrolment,
    to_state: EnrolmentState,
    comment: str,
    interview: RegistrationInterview | None,
    reason: str = "",
) -> tuple[Enrolment, Jobseeker]:
    """Close an enrolment that has not begun, with its acceptance and, after a validation, the person's placement."""
    person = lock_jobseeker(enrolment.jobseeker_id)
    check_registers(actor, person)
    enrolment = lock_enrolment(enrolment.pk)
    check_transition(enrolment, to_state)
    now = timezone.now()
    was_validated = enrolment.state == EnrolmentState.VALIDATED
    enrolment.refusal_reason = reason
    enrolment.comment = comment
    enrolment.interview = interview or enrolment.interview
    enrolment.closed_by = actor
    enrolment.closed_at = now
    move(enrolment, actor=actor, at=now, to_state=to_state)
    withdraw_consent(person, actor=actor, at=now)
    if was_validated:
        end_what_hangs_on_the_track(person, actor, now)
    return enrolment, person
