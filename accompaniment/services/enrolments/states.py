"""A person's row and an enrolment's state: the lock that everything begins with, and the one way to move on."""

from datetime import datetime

from accompaniment.enums import AuditAction, EnrolmentState
from accompaniment.errors import NotAllowedNowError
from accompaniment.models import Enrolment, EnrolmentEvent, Jobseeker, User
from accompaniment.rules import ENROLMENT_TRANSITIONS
from accompaniment.services import audit


def lock_jobseeker(pk: int) -> Jobseeker:
    """Lock a person's row; every service that moves an enrolment, a period or a placement begins with it.

    Other transactions may refer to the row meanwhile: their foreign keys are checked when they commit, so a message
    that has written the person's summary would otherwise wait for who waits for that summary.
    """
    return (
        Jobseeker.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agency__departement__region", "user")
        .get(pk=pk)
    )


def locked(pk: int) -> Enrolment:
    enrolment: Enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=pk)
    return enrolment


def check_transition(enrolment: Enrolment, to_state: EnrolmentState) -> None:
    if to_state not in ENROLMENT_TRANSITIONS[EnrolmentState(enrolment.state)]:
        raise NotAllowedNowError(
            f"Cette adhésion a déjà été traitée ({enrolment.get_state_display().lower()}). Rechargez la page."
        )


def move(enrolment: Enrolment, *, actor: User | None, at: datetime, to_state: EnrolmentState) -> None:
    check_transition(enrolment, to_state)
    from_state = enrolment.state
    enrolment.state = to_state
    enrolment.save()
    log(enrolment, actor=actor, at=at, from_state=from_state, to_state=to_state)


def log(enrolment: Enrolment, *, actor: User | None, at: datetime, from_state: str, to_state: str) -> None:
    EnrolmentEvent.objects.create(enrolment=enrolment, at=at, actor=actor, from_state=from_state, to_state=to_state)
    audit.record(
        actor=actor,
        jobseeker=enrolment.jobseeker,
        action=AuditAction.ENROLMENT,
        enrolment=enrolment.pk,
        from_state=from_state,
        to_state=to_state,
    )
