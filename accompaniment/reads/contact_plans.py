"""Contact plans as pages and letters say them."""

from collections.abc import Collection
from datetime import date

from django.db.models import OuterRef, Subquery

from accompaniment.enums import (
    Modality,
)
from accompaniment.models import (
    ContactPlan,
    Jobseeker,
    PlanDefault,
    PlanRequest,
)
from accompaniment.rules.presentation import contact_plan_in_words


def default_plan(*, modality: Modality, day: date) -> PlanDefault | None:
    """Return the cadence that a modality begins with on this day; None where it has none."""
    return PlanDefault.objects.filter(modality=modality, starts_on__lte=day).order_by("-starts_on").first()


def plan_states(people: Collection[int]) -> dict[int, str]:
    """Return what stands of each person's plan, as one word: the plan, its day of review, and the open wish.

    A page sends back the word that it showed, so that nobody decides over what they have not seen. One statement.
    """
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
    return {pk: ".".join(str(part or "") for part in parts) for pk, *parts in rows}


def plan_sentence(plan: ContactPlan, *, today: date) -> str:
    """Return the plan as people read it: « Un entretien en visio toutes les 4 semaines, à revoir le 3 mars »."""
    return contact_plan_in_words(
        nature=plan.nature,
        channel=plan.channel,
        interval_days=plan.interval_days,
        review_on=plan.review_on,
        today=today,
    )
