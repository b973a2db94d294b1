"""A person's action plan: objectives and steps with dates, set with the adviser, ticked by the person.

Every function checks the right with the person's row locked, and raises NoRightError without it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Role
from accompaniment.locks import lock_jobseeker, lock_objective, lock_step
from accompaniment.models import AuditEntry, Jobseeker, Objective, Step, User
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.services import audit
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts

MOST_OPEN_OBJECTIVES = 10
MOST_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class StepFacts:
    """The content of a step: its title, and the day by which it should be done."""

    title: str
    due_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class ObjectiveFacts(StepFacts):
    """The content of an objective: its title and its day."""


OBJECTIVE_CHANGED = "Cet objectif a changé depuis que vous avez ouvert la page. Rien n'a été enregistré."
STEP_CHANGED = "Cette étape a changé depuis que vous avez ouvert la page. Rien n'a été enregistré."


def shown_line(line: Objective | Step) -> Shown:
    """Return what a page shows of an objective or a step."""
    says = {"title": line.title, "due_on": line.due_on.isoformat() if line.due_on else ""}
    return Shown(type(line).__name__, line.pk, says)


def add_objective(*, actor: User, jobseeker: Jobseeker, title: str, due_on: date | None = None) -> Objective:
    """Add an objective. Raises DomainError without a title or beyond ten open objectives."""
    with transaction.atomic():
        person = _lock_person(actor, jobseeker.pk)
        _check_room(person)
        objective = Objective.objects.create(
            jobseeker=person, title=_title(title), created_at=timezone.now(), created_by=actor, due_on=due_on
        )
        _audit(actor, objective, event="objective_added")
        return objective


def close_objective(*, actor: User, objective: Objective) -> Objective:
    """Close an objective. It can still be read with its steps. Closing it again changes nothing."""
    with transaction.atomic():
        locked = _locked_objective(actor, objective.pk)
        if locked.closed_at is None:
            locked.closed_at = timezone.now()
            locked.save(update_fields=["closed_at"])
            _audit(actor, locked, event="objective_closed")
        return locked


def reopen_objective(*, actor: User, objective: Objective) -> Objective:
    """Open a closed objective again, with its steps. Opening it again changes nothing.

    Raises DomainError while ten others are open.
    """
    with transaction.atomic():
        locked = _locked_objective(actor, objective.pk)
        if locked.closed_at is not None:
            _check_room(locked.jobseeker)
            locked.closed_at = None
            locked.save(update_fields=["closed_at"])
            _audit(actor, locked, event="objective_reopened")
        return locked


def change_objective(*, actor: User, objective: Objective, facts: ObjectiveFacts, seen: State) -> Objective:
    """Change the content of an open objective. `seen` is what the actor's page showed.

    Raises ChangedMeanwhileError if the content has changed since, DomainError without a title, NotAllowedNowError if
    the objective is closed.
    """
    with transaction.atomic():
        locked = _locked_objective(actor, objective.pk)
        _check_open(locked)
        title = _title(facts.title)
        if (locked.title, locked.due_on) == (title, facts.due_on):
            return locked
        check_seen(seen, shown_line(locked), OBJECTIVE_CHANGED)
        locked.title, locked.due_on = title, facts.due_on
        locked.save(update_fields=["title", "due_on"])
        _audit(actor, locked, event="objective_changed")
        return locked


def add_step(*, actor: User, objective: Objective, facts: StepFacts) -> Step:
    """Add a step.

    Raises DomainError without a title or beyond twenty steps, NotAllowedNowError if the objective is closed.
    """
    with transaction.atomic():
        locked = _locked_objective(actor, objective.pk)
        _check_open(locked)
        if locked.steps.count() >= MOST_STEPS:
            raise DomainError(
                "Cet objectif a déjà vingt étapes. Choisissez «\u00a0Clore\u00a0», puis ouvrez-en un autre."
            )
        step: Step = Step.objects.create(objective=locked, title=_title(facts.title), due_on=facts.due_on)
        _audit(actor, locked, event="step_added", step=step.pk)
        return step


def change_step(*, actor: User, step: Step, facts: StepFacts, seen: State) -> Step:
    """Change the content of a step. `seen` is what the actor's page showed. The same content changes nothing.

    Raises ChangedMeanwhileError if the content has changed since, DomainError without a title.
    """
    with transaction.atomic():
        locked = _locked_step(actor, step)
        _check_open(locked.objective)
        title = _title(facts.title)
        if (locked.title, locked.due_on) == (title, facts.due_on):
            return locked
        check_seen(seen, shown_line(locked), STEP_CHANGED)
        locked.title, locked.due_on = title, facts.due_on
        locked.save(update_fields=["title", "due_on"])
        _audit(actor, locked.objective, event="step_changed", step=locked.pk)
        return locked


def tick_step(*, actor: User, step: Step, done: bool) -> Step:
    """Mark a step as done or not done. The same mark again changes nothing."""
    with transaction.atomic():
        locked = _locked_step(actor, step, roles=(Role.ADVISER, Role.JOBSEEKER))
        _check_open(locked.objective)
        if (locked.done_at is not None) == done:
            return locked
        if actor.is_jobseeker:
            ticked = AuditEntry.objects.filter(
                jobseeker=locked.objective.jobseeker, actor=actor, details__event__in=("step_done", "step_reopened")
            )
            check_bound(BoundedAct.STEPS_TICKED, done=lambda since: ticked.filter(at__gt=since).count())
        locked.done_at = timezone.now() if done else None
        locked.done_by = actor if done else None
        locked.save(update_fields=["done_at", "done_by"])
        _audit(actor, locked.objective, event="step_done" if done else "step_reopened", step=locked.pk)
        return locked


def remove_step(*, actor: User, step: Step) -> None:
    """Remove a step that is not done. Raises NotAllowedNowError if it is done."""
    with transaction.atomic():
        locked = _locked_step(actor, step)
        _check_open(locked.objective)
        if locked.done_at is not None:
            raise NotAllowedNowError(
                "Cette étape est faite\u00a0: elle reste dans le plan. Rouvrez-la pour la retirer."
            )
        _audit(actor, locked.objective, event="step_removed", step=locked.pk)
        locked.delete()


def _lock_person(actor: User, pk: int, roles: Collection[Role] = (Role.ADVISER,)) -> Jobseeker:
    """Lock the person to whom the plan belongs, and check that the actor may change it."""
    person = lock_jobseeker(pk)
    check_acts(actor, person, roles=roles)
    return person


def _check_room(person: Jobseeker) -> None:
    if Objective.objects.filter(jobseeker=person, closed_at=None).count() >= MOST_OPEN_OBJECTIVES:
        raise DomainError(
            "Ce plan d'action a déjà dix objectifs ouverts. Choisissez «\u00a0Clore\u00a0» pour un d'eux d'abord."
        )


def _title(title: str) -> str:
    words = " ".join(title.split())
    if not words:
        raise DomainError("Dites en quelques mots de quoi il s'agit.", about="title")
    if len(words) > 200:
        raise DomainError("Ce texte est trop long : 200 caractères au plus.", about="title")
    return words


def _locked_objective(actor: User, pk: int, roles: Collection[Role] = (Role.ADVISER,)) -> Objective:
    """Lock the person, then the objective, and check that the actor may change it."""
    person = _lock_person(actor, Objective.objects.values_list("jobseeker_id", flat=True).get(pk=pk), roles)
    objective = lock_objective(pk)
    objective.jobseeker = person
    return objective


def _locked_step(actor: User, step: Step, roles: Collection[Role] = (Role.ADVISER,)) -> Step:
    """Lock the person, the objective, then the step, in the same order as when a step is added."""
    objective = _locked_objective(actor, step.objective_id, roles)
    locked = lock_step(step.pk)
    locked.objective = objective
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
