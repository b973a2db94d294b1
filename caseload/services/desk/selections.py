"""Acts for several people at once, each separately, so that one failure does not stop the others."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import OperationalError, transaction
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import ContactPlan, Jobseeker, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import NOT_SEEN, ChangedMeanwhileError, State
from accompaniment.services.plan_reviews import NewPlan
from accompaniment.services.plans import change_plan
from accompaniment.services.rights import check_acts
from caseload.models import Placement

logger = logging.getLogger(__name__)

SOMEBODY_AT_IT = "Ce dossier est en cours de modification par quelqu'un d'autre. Réessayez pour cette personne."
"""For a wait for a lock that was ended after some seconds, so that the others go on."""
CHANGED = "Son plan de contact, ou ce qu'elle en demande, a changé entre-temps."
NOT_SHOWN = "La page n'était plus à jour\u00a0: voyez son plan de contact, puis recommencez."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one person; `why_not` is empty on success."""

    jobseeker: Jobseeker
    why_not: str = ""


def followed_among(*, actor: User, people: Iterable[int]) -> list[Jobseeker]:
    """Return those of the people whom the actor follows or covers today, by name."""
    followed = Placement.objects.open().followed_by(actor, timezone.now()).filter(jobseeker__in=list(people))
    return list(Jobseeker.objects.filter(pk__in=followed.values("jobseeker")).select_related("user"))


def change_plans(
    *,
    actor: User,
    jobseekers: Iterable[Jobseeker],
    new_plan: NewPlan,
    reason: str,
    review_on: date,
    seen: Mapping[int, State],
) -> list[Outcome]:
    """Set the same contact plan for several people, each in a separate transaction.

    A person who already has exactly this plan since today keeps it, so sending twice changes it once. `seen` holds, by
    person, the state of the plan when the actor chose (`plan_states`). A plan that has changed since is not
    overwritten.
    """
    return [
        _change_one(
            actor=actor,
            jobseeker=each,
            new_plan=new_plan,
            reason=reason,
            review_on=review_on,
            seen=seen.get(each.pk, NOT_SEEN),
        )
        for each in jobseekers
    ]


def _change_one(
    *, actor: User, jobseeker: Jobseeker, new_plan: NewPlan, reason: str, review_on: date, seen: State
) -> Outcome:
    try:
        with transaction.atomic():
            person = lock_jobseeker(jobseeker.pk)
            check_acts(actor, person, roles=(Role.ADVISER,))
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
    except ChangedMeanwhileError as changed:
        return Outcome(jobseeker, NOT_SHOWN if changed.shown_nothing else CHANGED)
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
