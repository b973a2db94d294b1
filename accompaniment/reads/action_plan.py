"""Read a person's action plan, for both sides."""

from django.db.models import F, Prefetch

from accompaniment.hooks.step_sources import steps_from_messages
from accompaniment.models import Jobseeker, Objective, Step
from accompaniment.models.workbook import StepQuerySet


def objectives_of(person: Jobseeker, *, open_only: bool = False) -> list[Objective]:
    """Return the person's objectives with their steps by day, open objectives first, in two statements."""
    steps = Step.objects.select_related("done_by").order_by(F("due_on").asc(nulls_last=True), "pk")
    found = Objective.objects.filter(jobseeker=person).select_related("created_by")
    if open_only:
        found = found.filter(closed_at=None)
    return list(
        found.prefetch_related(Prefetch("steps", steps)).order_by(F("closed_at").desc(nulls_first=True), "created_at")
    )


def with_sources(objectives: list[Objective]) -> list[Objective]:
    """Return these objectives, with whether each step was written from a message, by one statement."""
    steps = [step for objective in objectives for step in objective.steps.all()]
    known = steps_from_messages([step.pk for step in steps])
    for step in steps:
        step.from_message = step.pk in known
    return objectives


def next_steps(person: Jobseeker) -> StepQuerySet:
    """Return the steps of the person's open objectives that are still to be done, by day."""
    steps: StepQuerySet = Step.objects.filter(
        objective__jobseeker=person, objective__closed_at=None, done_at=None
    ).order_by(F("due_on").asc(nulls_last=True), "pk")
    return steps
