"""A person's action plan: objectives and steps with dates, set with the adviser, ticked by the person."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct
from accompaniment.models import AuditEntry, Jobseeker, Objective, Step, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import audit
from accompaniment.services.bounds import check_bound

MOST_OPEN_OBJECTIVES = 10
MOST_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """What a step says: its title, and the day for which it is meant to be done."""

    title: str
    due_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class ObjectiveFacts(StepFacts):
    """What an objective says: the same two things."""


class ObjectiveChangedMeanwhileError(NotAllowedNowError):
    """Somebody changed the objective since the actor read it; `current` is how it stands now."""

    def __init__(self, current: Objective) -> None:
        self.current = current
        super().__init__("Cet objectif a changé depuis que vous avez ouvert la page. Rien n'a été enregistré.")


class StepChangedMeanwhileError(NotAllowedNowError):
    """Somebody changed the step since the actor read it; `current` is how it stands now."""

    def __init__(self, current: Step) -> None:
        self.current = current
        super().__init__("Cette étape a changé depuis que vous avez ouvert la page. Rien n'a été enregistré.")


def add_objective(*, actor: User, jobseeker: Jobseeker, title: str, due_on: date | None = None) -> Objective:
    """Set an objective with the person. Raises DomainError without a title or beyond ten open objectives."""
    with transaction.atomic():
        _check_room(jobseeker.pk)
        objective = Objective.objects.create(
            jobseeker=jobseeker, title=_title(title), created_at=timezone.now(), created_by=actor, due_on=due_on
        )
        _audit(actor, objective, event="objective_added")
        return objective


def close_objective(*, actor: User, objective: Objective) -> Objective:
    """Close an objective; it stays readable with its steps. Doing it again changes nothing."""
    with transaction.atomic():
        locked = _locked_objective(objective.pk)
        if locked.closed_at is None:
            locked.closed_at = timezone.now()
            locked.save(update_fields=["closed_at"])
            _audit(actor, locked, event="objective_closed")
        return locked


def reopen_objective(*, actor: User, objective: Objective) -> Objective:
    """Open a closed objective again, with its steps. Doing it again changes nothing.

    Raises DomainError while ten others are open.
    """
    with transaction.atomic():
        # The person first, as for a new objective: both count those that are open.
        Jobseeker.objects.select_for_update(of=("self",), no_key=True).get(pk=objective.jobseeker_id)
        locked = _locked_objective(objective.pk)
        if locked.closed_at is not None:
            _check_room(locked.jobseeker_id)
            locked.closed_at = None
            locked.save(update_fields=["closed_at"])
            _audit(actor, locked, event="objective_reopened")
        return locked


def change_objective(*, actor: User, objective: Objective, facts: ObjectiveFacts, seen: ObjectiveFacts) -> Objective:
    """Change what an open objective says. `seen` is what the actor had before them.

    Raises ObjectiveChangedMeanwhileError when it says something else by now, DomainError without a title,
    NotAllowedNowError when it is closed.
    """
    with transaction.atomic():
        locked = _locked_objective(objective.pk)
        _check_open(locked)
        title = _title(facts.title)
        if (locked.title, locked.due_on) == (title, facts.due_on):
            return locked
        if (locked.title, locked.due_on) != (seen.title, seen.due_on):
            raise ObjectiveChangedMeanwhileError(locked)
        locked.title, locked.due_on = title, facts.due_on
        locked.save(update_fields=["title", "due_on"])
        _audit(actor, locked, event="objective_changed")
        return locked


def add_step(*, actor: User, objective: Objective, facts: StepFacts) -> Step:
    """Add a step. Raises DomainError without a title or beyond twenty steps, NotAllowedNowError when it is closed."""
    with transaction.atomic():
        locked = _locked_objective(objective.pk)
        _check_open(locked)
        if locked.steps.count() >= MOST_STEPS:
            raise DomainError("Cet objectif a déjà vingt étapes. Clôturez-le, puis ouvrez-en un autre.")
        step: Step = Step.objects.create(objective=locked, title=_title(facts.title), due_on=facts.due_on)
        _audit(actor, locked, event="step_added", step=step.pk)
        return step


def change_step(*, actor: User, step: Step, facts: StepFacts, seen: StepFacts) -> Step:
    """Change what a step says. `seen` is what the actor had before them. What it says already changes nothing.

    Raises StepChangedMeanwhileError when it says something else by now, DomainError without a title.
    """
    with transaction.atomic():
        locked = _locked_step(step)
        _check_open(locked.objective)
        title = _title(facts.title)
        if (locked.title, locked.due_on) == (title, facts.due_on):
            return locked
        if (locked.title, locked.due_on) != (seen.title, seen.due_on):
            raise StepChangedMeanwhileError(locked)
        locked.title, locked.due_on = title, facts.due_on
        locked.save(update_fields=["title", "due_on"])
        _audit(actor, locked.objective, event="step_changed", step=locked.pk)
        return locked


def tick_step(*, actor: User, step: Step, done: bool) -> Step:
    """Say that a step is done, or that it is not. Saying the same again changes nothing."""
    with transaction.atomic():
        if actor.is_jobseeker:
            person = Jobseeker.objects.select_for_update(of=("self",), no_key=True).get(user=actor)
        locked = _locked_step(step)
        _check_open(locked.objective)
        if (locked.done_at is not None) == done:
            return locked
        if actor.is_jobseeker:
            ticked = AuditEntry.objects.filter(
                jobseeker=person, actor=actor, details__event__in=("step_done", "step_reopened")
            )
            check_bound(BoundedAct.STEPS_TICKED, done=lambda since: ticked.filter(at__gt=since).count())
        locked.done_at = timezone.now() if done else None
        locked.done_by = actor if done else None
        locked.save(update_fields=["done_at", "done_by"])
        _audit(actor, locked.objective, event="step_done" if done else "step_reopened", step=locked.pk)
        return locked


def remove_step(*, actor: User, step: Step) -> None:
    """Take a step that is not done out of the plan. Raises NotAllowedNowError for one that is done."""
    with transaction.atomic():
        locked = _locked_step(step)
        _check_open(locked.objective)
        if locked.done_at is not None:
            raise NotAllowedNowError("Cette étape est faite : elle reste dans le plan. Rouvrez-la pour la retirer.")
        _audit(actor, locked.objective, event="step_removed", step=locked.pk)
        locked.delete()


def _check_room(jobseeker_id: int) -> None:
    Jobseeker.objects.select_for_update(of=("self",), no_key=True).get(pk=jobseeker_id)
    if Objective.objects.filter(jobseeker=jobseeker_id, closed_at=None).count() >= MOST_OPEN_OBJECTIVES:
        raise DomainError("Ce plan d'action a déjà dix objectifs ouverts. Clôturez-en un d'abord.")


def _title(title: str) -> str:
    words = " ".join(title.split())
    if not words:
        raise DomainError("Dites en quelques mots de quoi il s'agit.", about="title")
    if len(words) > 200:
        raise DomainError("Ce texte est trop long : 200 caractères au plus.", about="title")
    return words


def _locked_objective(pk: int) -> Objective:
    objective: Objective = Objective.objects.select_for_update(of=("self",)).select_related("jobseeker").get(pk=pk)
    return objective


def _locked_step(step: Step) -> Step:
    """Lock the objective first, then the step: the order in which adding a step takes them."""
    _locked_objective(step.objective_id)
    locked: Step = Step.objects.select_for_update(of=("self",)).select_related("objective__jobseeker").get(pk=step.pk)
    return locked


def _check_open(objective: Objective) -> None:
    if objective.closed_at is not None:
        raise NotAllowedNowError("Cet objectif est clos. Rouvrez-le d'abord pour y changer quelque chose.")


def _audit(actor: User, objective: Objective, *, event: str, **details: int) -> None:
    audit.record(
        actor=actor,
        jobseeker=objective.jobseeker,
        action=AuditAction.ACTION_PLAN,
        event=event,
        objective=objective.pk,
        **details,
    )
