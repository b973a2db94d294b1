"""What is done for several people at once: each on their own, so that one who cannot does not stop the others."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import OperationalError, transaction
from django.utils import timezone

from accompaniment.locks import lock_jobseeker
from accompaniment.models import ContactPlan, Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.services.plan_reviews import NewPlan
from accompaniment.services.plans import PlanChangedMeanwhileError, change_plan
from caseload.models import Adviser, Placement

logger = logging.getLogger(__name__)

SOMEBODY_AT_IT = "Ce dossier est en cours de modification par quelqu'un d'autre. Réessayez pour cette personne."
"""Instead of a wait without an end: the database gives up a lock after some seconds, and the others go on."""


class NotFollowedError(DomainError):
    """The person is no longer in a portfolio of the actor's."""

    def __init__(self) -> None:
        super().__init__("Cette personne n'est plus dans vos portefeuilles.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one person; `why_not` is empty when it was done."""

    jobseeker: Jobseeker
    why_not: str = ""


def followed_among(*, actor: User, people: Iterable[int]) -> list[Jobseeker]:
    """Return those of the people whom the actor follows or covers today, by name."""
    adviser = Adviser.objects.select_related("agency__departement__region").get(user=actor)
    today = timezone.now().astimezone(adviser.agency.zone).date()
    followed = Placement.objects.open().followed_by(adviser, today).filter(jobseeker__in=list(people))
    return list(Jobseeker.objects.filter(pk__in=followed.values("jobseeker")).select_related("user"))


def change_plans(
    *,
    actor: User,
    jobseekers: Iterable[Jobseeker],
    new_plan: NewPlan,
    reason: str,
    review_on: date,
    seen: Mapping[int, str],
) -> list[Outcome]:
    """Set the same contact plan for several people, each in a transaction of their own.

    Who has exactly this plan since today keeps it, so that sending twice changes it once. `seen` holds by person what
    stood of the plan when the actor chose (`plan_states`): where it has changed since, nothing is overwritten.
    """
    return [
        _change_one(
            actor=actor, jobseeker=each, new_plan=new_plan, reason=reason, review_on=review_on, seen=seen.get(each.pk)
        )
        for each in jobseekers
    ]


def _change_one(
    *, actor: User, jobseeker: Jobseeker, new_plan: NewPlan, reason: str, review_on: date, seen: str | None
) -> Outcome:
    try:
        with transaction.atomic():
            person = lock_jobseeker(jobseeker.pk)
            if not followed_among(actor=actor, people=[person.pk]):
                raise NotFollowedError
            if _is_set_already(actor, person, new_plan, reason, review_on):
                return Outcome(jobseeker)
            change_plan(
                actor=actor,
                jobseeker=person,
                nature=new_plan.nature,
                channel=new_plan.channel,
                interval_days=new_plan.interval_days,
                reason=reason,
                review_on=review_on,
                seen=seen,
            )
    except PlanChangedMeanwhileError:
        return Outcome(jobseeker, "Son plan de contact, ou ce qu'elle en demande, a changé entre-temps.")
    except DomainError as refusal:
        return Outcome(jobseeker, refusal.sentence)
    except OperationalError:
        logger.exception("No plan for person %s", jobseeker.pk)
        return Outcome(jobseeker, SOMEBODY_AT_IT)
    return Outcome(jobseeker)


def _is_set_already(actor: User, person: Jobseeker, new_plan: NewPlan, reason: str, review_on: date) -> bool:
    today = timezone.now().astimezone(person.agency.zone).date()
    return (
        ContactPlan.objects.current()
        .filter(
            jobseeker=person,
            nature=new_plan.nature,
            channel=new_plan.channel,
            interval_days=new_plan.interval_days,
            reason=reason,
            review_on=review_on,
            decided_by=actor,
            created_at__date__gte=today,
        )
        .exists()
    )
