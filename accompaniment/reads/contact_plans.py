"""Contact plans in words, for pages and letters."""

from collections.abc import Collection
from datetime import date

from django.db.models import OuterRef, Subquery

from accompaniment.enums import (
    Modality,
)
from accompaniment.models import (
    ContactPlan,
    Jobseeker,
    Obligation,
    PlanDefault,
    PlanRequest,
)
from accompaniment.rules.french import weekday_in_words
from accompaniment.rules.meanwhile import Shown
from accompaniment.rules.presentation import contact_plan_in_words

PLAN_PARTS = ("plan", "review", "wish")


def default_plan(*, modality: Modality, day: date) -> PlanDefault | None:
    """Return the default cadence of a modality on this day, or None if it has none."""
    return PlanDefault.objects.filter(modality=modality, starts_on__lte=day).order_by("-starts_on").first()


def plan_states(people: Collection[int]) -> dict[int, Shown]:
    """Return the state of each person's plan: the plan, its review day and the open wish. One statement."""
    of_the_person = {"jobseeker": OuterRef("pk")}
    plan = ContactPlan.objects.current().filter(**of_the_person)
    wish = PlanRequest.objects.open().filter(**of_the_person)
    rows = (
        Jobseeker.objects.filter(pk__in=people)
        .annotate(
            plan=Subquery(plan.values("pk")[:1]),
            review_on=Subquery(plan.values("review_on")[:1]),
            wish=Subquery(wish.values("pk")[:1]),
        )
        .values_list("pk", "plan", "review_on", "wish")
    )
    return {
        pk: Shown("plan", pk, {name: str(part or "") for name, part in zip(PLAN_PARTS, parts, strict=True)})
        for pk, *parts in rows
    }


def plan_sentence(plan: ContactPlan, *, today: date) -> str:
    """Return the plan as people read it: « Un entretien en visio toutes les 4 semaines, à revoir le 3 mars »."""
    return contact_plan_in_words(
        nature=plan.nature,
        channel=plan.channel,
        interval_days=plan.interval_days,
        review_on=plan.review_on,
        today=today,
    )


def ending_with_the_plan(people: Collection[int]) -> dict[int, list[str]]:
    """Return each person's mandatory interviews that would no longer be due if their plan ended, in one statement."""
    found: dict[int, list[str]] = {}
    for person, due_on in Obligation.objects.due().filter(jobseeker__in=people).values_list("jobseeker", "due_on"):
        said = f"entretien obligatoire au plus tard le {weekday_in_words(due_on)}"
        found.setdefault(person, []).append(said)
    return found
