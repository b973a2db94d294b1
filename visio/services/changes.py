"""The one way in which an interview changes its state."""

from datetime import datetime

from accompaniment.enums import AuditAction
from accompaniment.models import Jobseeker, User
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services import audit
from visio.enums import InterviewState
from visio.models import Interview, InterviewEvent
from visio.rules import INTERVIEW_TRANSITIONS, OPEN_STATES


def lock_person(pk: int) -> Jobseeker:
    """Lock a person's row; every service that writes an interview begins with it, then locks the interview.

    The lock lets other transactions refer to the row, so that planning for everybody never waits for one person.
    """
    person: Jobseeker = (
        Jobseeker.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agency__departement__region", "user")
        .get(pk=pk)
    )
    return person


def lock_interview(pk: int) -> Interview:
    """Lock an interview's row, with what services and notifications need of it."""
    interview: Interview = (
        Interview.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "jobseeker__user",
            "jobseeker__agency__departement__region",
            "adviser__user",
            "adviser__agency__departement__region",
            "obligation",
        )
        .get(pk=pk)
    )
    return interview


def move_state(
    interview: Interview, *, actor: User | None, at: datetime, to_state: InterviewState, reason: str = ""
) -> None:
    """Change the state, leave an event and an audit row. Raises NotAllowedNowError when the table forbids it.

    The caller has set the facts that go with the state and holds the row's lock.
    """
    from_state = InterviewState(interview.state)
    if to_state not in INTERVIEW_TRANSITIONS[from_state]:
        raise NotAllowedNowError(f"Cet entretien est déjà clos ({from_state.label.lower()}). Rechargez la page.")
    interview.state = to_state
    if to_state not in OPEN_STATES:
        interview.closed_at = at
        interview.closed_by = actor
    interview.save()
    log_state(interview, actor=actor, at=at, from_state=from_state, reason=reason)


def log_state(
    interview: Interview,
    *,
    actor: User | None,
    at: datetime,
    from_state: InterviewState | str,
    reason: str = "",
) -> None:
    """Leave the event and the audit row of a change that has just been made; `from_state` is empty for a new one."""
    InterviewEvent.objects.create(
        interview=interview, at=at, actor=actor, from_state=from_state, to_state=interview.state, reason=reason
    )
    audit.record(
        actor=actor,
        jobseeker=interview.jobseeker,
        action=AuditAction.INTERVIEW,
        interview=interview.pk,
        from_state=from_state,
        to_state=interview.state,
    )
