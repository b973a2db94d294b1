"""What an adviser who leaves still has to hold, and what becomes of what was never closed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import ObligationState
from accompaniment.errors import NotAllowedNowError
from accompaniment.models import User
from caseload.models import Adviser
from visio.enums import InterviewState
from visio.models import Interview
from visio.querysets import InterviewQuerySet
from visio.services import notices
from visio.services.broadcast import tell_room
from visio.services.changes import lock_interview, lock_person, move_state
from visio.services.interviews import cancel_locked
from visio.services.summaries import refresh_summary

LEFT_AFTER = timedelta(days=1)
"""From then on an interview without a report is not one that its adviser is about to conclude."""

NEVER_CLOSED = "Jamais conclu par le conseiller."


def left_open(adviser: Adviser, *, now: datetime) -> InterviewQuerySet:
    """Return the interviews of an adviser whose day has passed without a report, oldest first."""
    left: InterviewQuerySet = (
        Interview.objects.live().filter(adviser=adviser, starts_at__lt=now - LEFT_AFTER).order_by("starts_at", "pk")
    )
    return left


def interviews_left(adviser: Adviser) -> list[str]:
    """Name the interviews that are booked or in progress with the adviser, and those that were never closed."""
    past = left_open(adviser, now=timezone.now()).count()
    coming = Interview.objects.live().filter(adviser=adviser).count() - past
    sentences = []
    if coming:
        plural = "s" * (coming > 1)
        sentences.append(
            f"{coming} entretien{plural} prévu{plural} ou en cours à confier à un collègue, à déplacer ou à annuler."
        )
    if past:
        plural = "s" * (past > 1)
        sentences.append(f"{past} entretien{plural} passé{plural} sans compte rendu à clore.")
    return sentences


def close_left_open(*, actor: User, adviser: Adviser) -> int:
    """Close what an adviser never closed as not having taken place, without consequence, and return how many.

    A manager's act, for interviews of an adviser within reach: never an absence. Each is a transaction of its own,
    the person locked first; the person is told, and chooses another hour where a deadline still needs one.
    """
    left = left_open(adviser, now=timezone.now()).values_list("pk", "jobseeker_id")
    return sum(_close(actor=actor, pk=pk, jobseeker=jobseeker) for pk, jobseeker in list(left))


def _close(*, actor: User, pk: int, jobseeker: int) -> bool:
    with transaction.atomic():
        lock_person(jobseeker)
        locked = lock_interview(pk)
        now = timezone.now()
        try:
            if locked.state == InterviewState.BOOKED:
                due = locked.obligation is not None and locked.obligation.state == ObligationState.DUE
                cancel_locked(locked, actor=actor, at=now, choose=due)
            else:
                if locked.technical_failure_at is None:
                    locked.technical_failure_at = now
                    locked.technical_failure_note = NEVER_CLOSED
                move_state(locked, actor=actor, at=now, to_state=InterviewState.INTERRUPTED)
                notices.invite_again(locked)
                refresh_summary(locked.jobseeker_id)
                tell_room(locked.pk, "closed")
        except NotAllowedNowError:
            # Its adviser has closed it meanwhile.
            return False
        return True
