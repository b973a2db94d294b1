"""The one way in which an interview changes its state."""

from datetime import datetime

from accompaniment.enums import AuditAction
from accompaniment.models import User
from accompaniment.rules.errors import NoRightError, NotAllowedNowError
from accompaniment.services import audit
from visio.enums import InterviewState
from visio.models import Interview, InterviewEvent
from visio.rules import INTERVIEW_TRANSITIONS, OPEN_STATES


def check_takes_part(actor: User, interview: Interview) -> None:
    """Raise NoRightError unless the actor is the interview's person or its adviser. The interview is locked."""
    if actor.pk not in (interview.adviser.user_id, interview.jobseeker.user_id):
        raise NoRightError("Seules les deux personnes de l'entretien peuvent le faire.")


def move_state(
    interview: Interview, *, actor: User | None, at: datetime, to_state: InterviewState, reason: str = ""
) -> None:
    """Change the state, and leave an event and an audit row. Raises NotAllowedNowError if the transition is not
    allowed.

    The caller has set the facts that belong to the state, and holds the row's lock.
    """
    from_state = InterviewState(interview.state)
    if to_state not in INTERVIEW_TRANSITIONS[from_state]:
        raise NotAllowedNowError(f"Cet entretien est déjà clos ({from_state.label.lower()}). Actualisez la page.")
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
    """Leave the event and the audit row of a change that has just been made; `from_state` is empty for a new row."""
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
