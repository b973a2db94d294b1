"""What an adviser who leaves still has to hold, and what becomes of what was never closed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import ObligationState
from accompaniment.models import User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted, of_name
from accompaniment.services.foreseen import NAMES_SHOWN, Foreseen
from caseload.models import Adviser
from visio.models import Interview, InterviewQuerySet
from visio.rules import LIVE_STATES
from visio.services.changes import lock_interview, lock_person
from visio.services.interviews import cancel_locked

LEFT_AFTER = timedelta(days=1)
"""From then on an interview without a report is not one that its adviser is about to conclude."""


def left_open(adviser: Adviser, *, now: datetime) -> InterviewQuerySet:
    """Return the interviews of an adviser whose day has passed without a report, oldest first."""
    left: InterviewQuerySet = (
        Interview.objects.live().filter(adviser=adviser, starts_at__lt=now - LEFT_AFTER).order_by("starts_at", "pk")
    )
    return left


def interviews_left(adviser: Adviser) -> list[str]:
    """Name the interviews that are booked or in progress with the adviser, and those that were never closed."""
    now = timezone.now()
    past = Interview.objects.to_conclude(now).filter(adviser=adviser).count()
    coming = Interview.objects.coming(now).filter(adviser=adviser).count()
    sentences = []
    if coming:
        sentences.append(
            f"{counted(coming, 'un entretien prévu')} ou en cours à confier à un collègue, à déplacer ou à annuler."
        )
    if past:
        sentences.append(f"{counted(past, 'un entretien passé')} sans compte rendu à clore.")
    return sentences


def foresee_closing(adviser: Adviser, left: Iterable[Interview]) -> Foreseen:
    """Return what closing these interviews does; load `jobseeker`."""
    interviews = list(left)
    return Foreseen(
        title=f"Clore les entretiens sans compte rendu {of_name(adviser)}",
        sentences=["Rien n'en découle pour les personnes\u00a0: ce n'est jamais une absence. Elles en sont prévenues."],
        confirm="Clore",
        people=[interview.jobseeker_id for interview in interviews],
        names=list(dict.fromkeys(interview.jobseeker.full_name for interview in interviews))[:NAMES_SHOWN],
        keys=[("interview", interview.pk) for interview in interviews],
    )


def close_left_open(*, actor: User, adviser: Adviser, shown: str | None = None) -> int:
    """Close what an adviser never closed as not having taken place, without consequence, and return how many.

    A manager's act, for an adviser within reach (DomainError for another) and people of the manager's regions: never
    an absence, and no technical failure either, for nobody saw one. Each is a transaction of its own, the person
    locked first; the person is told, and chooses another hour where a deadline still needs one. What its adviser
    closes meanwhile stays as it is. Raises NotForeseenError when there are others than those `shown`.
    """
    if not Adviser.objects.visible_to(actor).filter(pk=adviser.pk).exists():
        raise DomainError("Vous ne pilotez pas la région de ce conseiller.")
    left = list(left_open(adviser, now=timezone.now()).of_people_steered_by(actor).select_related("jobseeker"))
    foresee_closing(adviser, left).check(shown)
    return sum(_close(actor=actor, pk=interview.pk, jobseeker=interview.jobseeker_id) for interview in left)


def _close(*, actor: User, pk: int, jobseeker: int) -> bool:
    with transaction.atomic():
        lock_person(jobseeker)
        locked = lock_interview(pk)
        if locked.state not in LIVE_STATES:
            return False
        due = locked.obligation is not None and locked.obligation.state == ObligationState.DUE
        cancel_locked(locked, actor=actor, at=timezone.now(), choose=due)
        return True
