"""Reviews of a contact plan with the person: at each interview, on the review date, or at the person's request.

Every function checks the right with the person's row locked, and raises NoRightError without it.
"""

from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import AuditAction, BoundedAct, Channel, ContactNature, NotificationKind, ReviewOutcome, Role
from accompaniment.locks import lock_plan_request
from accompaniment.models import ContactPlan, Jobseeker, PlanRequest, PlanReview, User
from accompaniment.reads.contact_plans import plan_sentence
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.french import since_in_words
from accompaniment.rules.meanwhile import State
from accompaniment.services import audit, outbox, plans
from accompaniment.services.bounds import check_bound
from accompaniment.services.rights import check_acts, check_own


def keep_plan(
    *, actor: User, jobseeker: Jobseeker, next_review_on: date, comment: str = "", seen: State | None = None
) -> PlanReview:
    """Record that the plan was reviewed with the person and stays until the next review.

    Raises DomainError if there is no plan or the next review is not within a year, ChangedMeanwhileError if the plan
    differs from `seen`.
    """
    with transaction.atomic():
        person, current = plans.lock_plan_to_change(actor=actor, jobseeker=jobseeker, seen=seen)
        if current is None:
            raise DomainError("Cette personne n'a pas encore de plan de contact. Choisissez-en un avec elle.")
        now = timezone.now()
        today = now.astimezone(person.agency.zone).date()
        plans.check_review_day(next_review_on, today=today)
        review = PlanReview.objects.create(
            plan=current,
            at=now,
            by=actor,
            outcome=ReviewOutcome.KEPT,
            next_review_on=next_review_on,
            comment=comment.strip(),
        )
        current.review_on = max(next_review_on, current.first_review_day)
        current.save(update_fields=["review_on"])
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.CONTACT_PLAN,
            event="reviewed",
            plan=current.pk,
            next_review_on=next_review_on,
        )
        return review


def call_review(*, actor: User, jobseeker: Jobseeker, seen: State | None = None) -> ContactPlan:
    """Record that the plan will change: its review is due from now on, so that it is not forgotten.

    For a plan that began today it is due tomorrow. Raises DomainError if there is no plan, ChangedMeanwhileError if the
    plan differs from `seen`.
    """
    with transaction.atomic():
        person, current = plans.lock_plan_to_change(actor=actor, jobseeker=jobseeker, seen=seen)
        if current is None:
            raise DomainError("Cette personne n'a pas encore de plan de contact. Choisissez-en un avec elle.")
        today = timezone.now().astimezone(person.agency.zone).date()
        due_on = max(today, current.first_review_day)
        if current.review_on > due_on:
            current.review_on = due_on
            current.save(update_fields=["review_on"])
        audit.record(
            actor=actor, jobseeker=person, action=AuditAction.CONTACT_PLAN, event="review_called", plan=current.pk
        )
        return current


@dataclass(frozen=True, kw_only=True)
class NewPlan:
    """The new contact plan that adviser and person have agreed on."""

    nature: ContactNature
    channel: Channel
    interval_days: int


def decide_plan(
    *,
    actor: User,
    jobseeker: Jobseeker,
    new_plan: NewPlan | None,
    reason: str,
    review_on: date,
    seen: State | None = None,
) -> None:
    """Keep the plan (`new_plan` None) or set another one, and answer the person's open request, if any.

    `reason` is the reason of the new plan, or a remark on keeping it; the person reads it as the answer to their
    request. All or nothing. Raises what `keep_plan`, `plans.change_plan` and `answer_plan_request` raise.
    """
    with transaction.atomic():
        person, _ = plans.lock_plan_to_change(actor=actor, jobseeker=jobseeker, seen=seen)
        request = PlanRequest.objects.open().filter(jobseeker=person).first()
        if new_plan is None:
            keep_plan(actor=actor, jobseeker=person, next_review_on=review_on, comment=reason)
        else:
            plans.change_plan(
                actor=actor,
                jobseeker=person,
                nature=new_plan.nature,
                channel=new_plan.channel,
                interval_days=new_plan.interval_days,
                reason=reason,
                review_on=review_on,
                tell=request is None,
            )
        if request is not None:
            answer_plan_request(actor=actor, request=request, accepted=new_plan is not None, answer=reason)


def ask_plan_change(
    *,
    actor: User,
    jobseeker: Jobseeker,
    comment: str,
    wished_channel: str = "",
    wished_interval_days: int | None = None,
) -> PlanRequest:
    """Record the person's request for another contact plan; the adviser answers it.

    Raises DomainError if the request is empty, NotAllowedNowError while another one is open.
    """
    if not (comment.strip() or wished_channel or wished_interval_days):
        raise DomainError(
            "Dites ce que vous souhaitez changer\u00a0: le moyen, la fréquence, ou en quelques mots.",
            about="wished_channel",
        )
    with transaction.atomic():
        person, _ = plans.lock_plan(jobseeker=jobseeker)
        check_own(actor, person, "Seule la personne elle-même peut demander ce changement.")
        check_bound(
            BoundedAct.PLAN_WISHES,
            done=lambda since: PlanRequest.objects.filter(jobseeker=person, asked_at__gt=since).count(),
        )
        try:
            with transaction.atomic():
                request = PlanRequest.objects.create(
                    jobseeker=person,
                    asked_at=timezone.now(),
                    wished_channel=wished_channel,
                    wished_interval_days=wished_interval_days,
                    comment=comment.strip(),
                )
        except IntegrityError as error:
            standing = PlanRequest.objects.open().get(jobseeker=person)
            since = since_in_words(standing.asked_at, zone=person.agency.zone, now=timezone.now())
            raise NotAllowedNowError(f"Votre demande est déjà transmise, {since}. La réponse arrivera ici.") from error
        audit.record(
            actor=actor, jobseeker=person, action=AuditAction.CONTACT_PLAN, event="change_asked", request=request.pk
        )
        return request


def withdraw_plan_request(*, actor: User, request: PlanRequest) -> PlanRequest:
    """Withdraw an unanswered request.

    Raises NotAllowedNowError if it is answered or withdrawn, DomainError for anybody but the person.
    """
    with transaction.atomic():
        person, _ = plans.lock_plan(jobseeker=request.jobseeker)
        check_own(actor, person, "Seule la personne elle-même peut retirer sa demande.")
        locked = lock_plan_request(request.pk)
        if locked.answered_at is not None:
            raise NotAllowedNowError("Votre conseiller a déjà répondu\u00a0: votre demande n'est plus à retirer.")
        if locked.withdrawn_at is not None:
            raise NotAllowedNowError("Votre demande est déjà retirée.")
        locked.withdrawn_at = timezone.now()
        locked.withdrawn_by = actor
        locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
        audit.record(
            actor=actor, jobseeker=person, action=AuditAction.CONTACT_PLAN, event="change_withdrawn", request=locked.pk
        )
        return locked


def answer_plan_request(*, actor: User, request: PlanRequest, accepted: bool, answer: str) -> PlanRequest:
    """Answer the person's request, in words for the person.

    Raises NotAllowedNowError if it is answered or withdrawn.
    """
    if not answer.strip():
        raise DomainError("Répondez à la demande de la personne\u00a0: elle lira votre réponse.", about="reason")
    with transaction.atomic():
        person, plan = plans.lock_plan(jobseeker=request.jobseeker)
        check_acts(actor, person, roles=(Role.ADVISER,))
        locked = lock_plan_request(request.pk)
        if locked.withdrawn_at is not None:
            raise NotAllowedNowError("La personne a retiré sa demande entre-temps. Actualisez la page.")
        if locked.answered_at is not None:
            raise NotAllowedNowError("Cette demande a déjà reçu une réponse. Actualisez la page.")
        locked.answered_at = timezone.now()
        locked.answered_by = actor
        locked.accepted = accepted
        locked.answer = answer.strip()
        locked.save(update_fields=["answered_at", "answered_by", "accepted", "answer"])
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.CONTACT_PLAN,
            event="change_answered",
            request=locked.pk,
            accepted=accepted,
        )
        outbox.notify_jobseeker(
            key=f"plan-request-answered:{locked.pk}",
            kind=NotificationKind.PLAN_REQUEST_ANSWERED,
            jobseeker=person,
            context={
                "first_name": person.first_name,
                "accepted": accepted,
                "answer": locked.answer,
                "plan": _sentence(plan, person),
                "path": reverse("my_accompaniment"),
            },
        )
        return locked


def _sentence(plan: ContactPlan | None, person: Jobseeker) -> str:
    if plan is None:
        return ""
    return plan_sentence(plan, today=timezone.now().astimezone(person.agency.zone).date())
