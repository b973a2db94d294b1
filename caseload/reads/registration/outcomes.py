"""What the agency sees of a request that no longer waits for its registration interview."""

from dataclasses import dataclass
from datetime import datetime

from accompaniment.enums import EnrolmentState, NotificationKind
from accompaniment.models import Enrolment, User
from accompaniment.rules.tracks import NOT_BEGUN_STATES

DECIDED_FIRST = "La décision a été prise pendant que vous écriviez"
MAY_ASK_AGAIN = "La personne peut demander de nouveau quand elle le souhaite"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The wording of a state."""

    title: str
    follows: str
    """What the person waits for now, or what comes next."""
    letter: NotificationKind | None = None
    """The letter that the person gets."""
    came_first: str = DECIDED_FIRST
    """What happened while a second adviser was still writing."""


VALIDATED = "100\u00a0%\u00a0web validé"
OUTCOMES = {
    EnrolmentState.VALIDATED: Outcome(
        title=VALIDATED,
        follows="En attente de l'acceptation de la personne",
        letter=NotificationKind.INVITATION,
    ),
    EnrolmentState.ACTIVE: Outcome(title=VALIDATED, follows="Commencé", letter=NotificationKind.TRACK_STARTED),
    EnrolmentState.ENDED: Outcome(
        title=f"{VALIDATED}, puis terminé", follows=MAY_ASK_AGAIN, letter=NotificationKind.TRACK_ENDED
    ),
    EnrolmentState.REFUSED: Outcome(
        title="100\u00a0%\u00a0web refusé",
        follows="Le suivi habituel continue",
        letter=NotificationKind.ENROLMENT_REFUSED,
    ),
    EnrolmentState.WITHDRAWN: Outcome(
        title="demande retirée",
        follows=MAY_ASK_AGAIN,
        came_first="La demande a été retirée pendant que vous écriviez",
    ),
    EnrolmentState.LAPSED: Outcome(
        title="demande restée sans réponse à temps",
        follows=MAY_ASK_AGAIN,
        letter=NotificationKind.ENROLMENT_LAPSED,
        came_first="Le délai de la demande est passé pendant que vous écriviez",
    ),
}
NOT_ACCEPTED_IN_TIME = Outcome(
    title=f"{VALIDATED}, puis non accepté à temps", follows=MAY_ASK_AGAIN, letter=NotificationKind.ENROLMENT_LAPSED
)


WITHDRAWN_AT_INTERVIEW = Outcome(
    title="demande retirée à l'entretien", follows=MAY_ASK_AGAIN, letter=NotificationKind.ENROLMENT_REFUSED
)


def outcome_of(enrolment: Enrolment) -> Outcome:
    """Return the wording for an enrolment that no longer waits."""
    if enrolment.state == EnrolmentState.LAPSED and enrolment.validated_at is not None:
        return NOT_ACCEPTED_IN_TIME
    if enrolment.state == EnrolmentState.WITHDRAWN and enrolment.interview_id and enrolment.validated_at is None:
        return WITHDRAWN_AT_INTERVIEW
    return OUTCOMES[EnrolmentState(enrolment.state)]


def settled_by(enrolment: Enrolment) -> tuple[User | None, datetime | None]:
    """Return who settled it (None: its time ran out), and when."""
    if enrolment.state in NOT_BEGUN_STATES:
        return enrolment.closed_by, enrolment.closed_at
    return enrolment.validated_by, enrolment.validated_at
