"""The interviews of an adviser who leaves: future ones, and those that were never closed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import ObligationState, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, User
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.errors import NoRightError
from accompaniment.rules.french import NEXT_ONE, counted, moment_there, of_name
from accompaniment.services.foreseen import NAMES_SHOWN, Foreseen
from accompaniment.services.rights import check_role
from caseload.models import Adviser
from visio.locks import lock_interview
from visio.models import Interview, InterviewQuerySet
from visio.rules import LIVE_STATES
from visio.services.interviews import cancel_locked

LEFT_AFTER = timedelta(days=1)
"""From then on nobody expects the adviser to write the report any more."""


def left_open(adviser: Adviser, *, now: datetime) -> InterviewQuerySet:
    """Return an adviser's past interviews without a report, oldest first."""
    left: InterviewQuerySet = (
        Interview.objects.live().filter(adviser=adviser, starts_at__lt=now - LEFT_AFTER).order_by("starts_at", "pk")
    )
    return left


def interviews_left(adviser: Adviser) -> list[str]:
    """Return sentences about the adviser's booked and current interviews, and those that were never closed."""
    now = timezone.now()
    past = Interview.objects.to_conclude(now).filter(adviser=adviser).count()
    coming = list(Interview.objects.coming(now).filter(adviser=adviser).with_people())
    sentences = []
    if coming:
        named = [moment_there(one.starts_at, zone=reader_zone(), others=one.zones) for one in coming[:NAMES_SHOWN]]
        sentences.append(
            f"{counted(len(coming), 'un entretien prévu')} ou en cours à confier à un collègue, à déplacer ou à annuler"
            f"\u00a0: {NEXT_ONE.join(named)}."
        )
    if past:
        sentences.append(f"{counted(past, 'un entretien passé')} sans compte rendu à clore.")
    return sentences


def foresee_closing(adviser: Adviser, left: Iterable[Interview]) -> Foreseen:
    """Return the consequences of closing these interviews; load `jobseeker`."""
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
    """Close interviews that an adviser never closed as not having taken place, without consequence; return how many.

    This is an act of a manager, for an adviser within reach (NoRightError for others) and people of the manager's
    regions. It is never an absence, and no technical failure either, because nobody saw one. Each interview has a
    separate transaction, with the person locked first. The person is told, and chooses another hour if a deadline still
    needs one. An interview that its adviser closes meanwhile stays as it is, and so does that of a person who leaves
    the regions meanwhile. Raises NotForeseenError if the interviews differ from those `shown`.
    """
    check_role(actor, Role.MANAGER)
    if not Adviser.objects.visible_to(actor).filter(pk=adviser.pk).exists():
        raise NoRightError("La région de ce conseiller n'est pas dans votre périmètre.")
    left = list(left_open(adviser, now=timezone.now()).of_people_steered_by(actor).select_related("jobseeker"))
    foresee_closing(adviser, left).check(shown)
    return sum(_close(actor=actor, pk=interview.pk, jobseeker=interview.jobseeker_id) for interview in left)


def _close(*, actor: User, pk: int, jobseeker: int) -> bool:
    with transaction.atomic():
        person = lock_jobseeker(jobseeker)
        locked = lock_interview(pk)
        steered = Jobseeker.objects.visible_to(actor).filter(pk=person.pk)
        if locked.state not in LIVE_STATES or not steered.exists():
            return False
        due = locked.obligation is not None and locked.obligation.state == ObligationState.DUE
        cancel_locked(locked, actor=actor, at=timezone.now(), choose=due)
        return True
