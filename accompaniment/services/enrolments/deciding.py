"""The decision on a volunteer: validated, or refused with a reason."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState, NotificationKind, RefusalReason
from accompaniment.errors import DomainError
from accompaniment.models import Enrolment, Jobseeker, RegistrationInterview, User
from accompaniment.presentation import REFUSALS_TO_YOU
from accompaniment.services import accounts, outbox
from accompaniment.services.enrolments.acceptance import start_if_ready, withdraw_consent
from accompaniment.services.enrolments.eligibility import check_eligible
from accompaniment.services.enrolments.periods import carry_along
from accompaniment.services.enrolments.states import check_transition, lock_jobseeker, locked, move


def validate_enrolment(*, actor: User, enrolment: Enrolment, interview: RegistrationInterview) -> Enrolment:
    """Validate a volunteer at the registration interview, start the track if it is accepted already.

    Runs in the caller's transaction, which also places the person and then invites them. Raises DomainError when the
    person is not eligible on this day, NotAllowedNowError when the enrolment has moved on.
    """
    person = lock_jobseeker(enrolment.jobseeker_id)
    enrolment = locked(enrolment.pk)
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
    """Invite a validated person to accept, naming the adviser who will follow and what becomes of what is booked.

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
    """Refuse a volunteer with a reason, and tell the person; the acceptance falls with it.

    `interview` is the registration interview at which it was decided, if it was.
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
    """Write down that the person, at the registration interview, wants the track no more, and confirm it by letter.

    It is the person's own decision, so it is no refusal, and no figure counts it as one.
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
    """Close an enrolment that has not begun; the acceptance falls with it, and the place of who was validated."""
    person = lock_jobseeker(enrolment.jobseeker_id)
    enrolment = locked(enrolment.pk)
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
        carry_along(person, actor, now)
    return enrolment, person
