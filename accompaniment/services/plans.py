"""Contact plans, and the obligations planned from them."""

from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    Channel,
    ContactNature,
    NotificationKind,
    ObligationKind,
    ObligationState,
    ReviewOutcome,
    Role,
)
from accompaniment.hooks.deadlines import deadlines_changed
from accompaniment.locks import lock_current_plan, lock_jobseeker, lock_obligation
from accompaniment.models import (
    Contact,
    ContactPlan,
    Jobseeker,
    Obligation,
    PlanReview,
    User,
)
from accompaniment.reads.contact_plans import default_plan, plan_sentence, plan_states
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.meanwhile import State, check_seen
from accompaniment.rules.tracks import LONGEST_REVIEW_DAYS, PLAN_CHANNELS, as_planned, modality_of
from accompaniment.services import audit, outbox
from accompaniment.services.due_days import (
    HOLIDAYS,
    JOIN_HOLIDAYS,
    holiday_parameters,
    last_open_day,
    move_to_open_days,
)
from accompaniment.services.rights import check_acts

PLAN_OBLIGATIONS = f"""
WITH {HOLIDAYS},
begun AS (
INSERT INTO accompaniment_obligation (jobseeker_id, kind, plan_id, period, due_on, state, waived_reason)
SELECT plan.jobseeker_id, %(kind)s, plan.id, daterange(starts, starts + plan.interval_days),
       {last_open_day("starts", "(starts + plan.interval_days)")}, %(due)s, ''
FROM accompaniment_contactplan plan
JOIN accompaniment_jobseeker person ON person.id = plan.jobseeker_id
JOIN accompaniment_agency agency ON agency.id = person.agency_id
JOIN accompaniment_departement departement ON departement.code = agency.departement_id
JOIN accompaniment_region region ON region.code = departement.region_id
{JOIN_HOLIDAYS}
CROSS JOIN LATERAL (
    SELECT coalesce(%(today)s::date, (%(now)s::timestamptz AT TIME ZONE region.timezone)::date) AS today
) clock
CROSS JOIN LATERAL generate_series(0, (clock.today - plan.starts_on) / plan.interval_days) AS step
CROSS JOIN LATERAL (SELECT plan.starts_on + step * plan.interval_days AS starts) cadence
WHERE plan.ended_on IS NULL AND plan.starts_on <= clock.today
  AND NOT EXISTS (
      SELECT FROM accompaniment_obligation known
      WHERE known.jobseeker_id = plan.jobseeker_id AND known.kind = %(kind)s
        AND known.period = daterange(starts, starts + plan.interval_days) AND known.plan_id = plan.id
  )
ON CONFLICT DO NOTHING
RETURNING id, jobseeker_id
)
INSERT INTO accompaniment_auditentry (at, actor_id, jobseeker_id, action, details)
SELECT %(now)s, NULL, begun.jobseeker_id, %(action)s, jsonb_build_object('event', 'begun', 'obligation', begun.id)
FROM begun
"""  # noqa: S608  (our own text)
"""One audit row per obligation, written by the same statement."""


def plan_obligations(*, today: date | None = None) -> int:
    """Write the obligations of all current plans whose periods have begun, and return how many are new.

    Each is due on the last day of its period on which the agency is open. An obligation on a day that has become closed
    is moved. Periods depend on the plan alone, so any number of schedulers, however late, write the same rows: existing
    rows stay, and the exclusion constraint decides who writes first. `today` replaces each agency's own day.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            PLAN_OBLIGATIONS,
            holiday_parameters()
            | {
                "kind": ObligationKind.FOLLOW_UP_INTERVIEW,
                "due": ObligationState.DUE,
                "action": AuditAction.OBLIGATION,
                "today": today,
                "now": timezone.now(),
            },
        )
        written: int = cursor.rowcount
    move_to_open_days()
    return written


def begin_default_plan(
    *, actor: User | None, jobseeker: Jobseeker, tier: str, track: str, at: datetime
) -> ContactPlan | None:
    """Replace the person's contact plan by the default of a modality, or by none if the modality has no default.

    Open obligations of the old plan are waived. A held period stays, and the new plan begins after it.
    """
    day = at.astimezone(jobseeker.agency.zone).date()
    default = default_plan(modality=modality_of(tier, track), day=day)
    end_plan(actor=actor, jobseeker=jobseeker, day=day, at=at, reason="Changement d'accompagnement")
    if default is None:
        return None
    return _begin(
        actor=actor,
        jobseeker=jobseeker,
        day=day,
        channel=default.channel,
        interval_days=default.interval_days,
        reason="Rythme habituel de cet accompagnement",
        review_on=day + timedelta(days=default.review_after_days),
    )


CHANGED = (
    "Le plan de contact, ou ce que la personne en demande, a changé depuis que vous avez ouvert la page. "
    "Rien n'a été enregistré."
)


def lock_plan(*, jobseeker: Jobseeker) -> tuple[Jobseeker, ContactPlan | None]:
    """Lock the person, in the caller's transaction, and return them with their current plan."""
    person = lock_jobseeker(jobseeker.pk)
    current = ContactPlan.objects.current().filter(jobseeker=person).select_related("decided_by").first()
    return person, current


def lock_plan_to_change(
    *, actor: User, jobseeker: Jobseeker, seen: State | None
) -> tuple[Jobseeker, ContactPlan | None]:
    """Do as `lock_plan`, for an adviser who follows the person and has read the present plan.

    Raises NoRightError for anybody else, then ChangedMeanwhileError if the state (`plan_states`) differs from `seen`.
    """
    person, current = lock_plan(jobseeker=jobseeker)
    check_acts(actor, person, roles=(Role.ADVISER,))
    check_seen(seen, plan_states([person.pk])[person.pk], CHANGED)
    return person, current


def change_plan(
    *,
    actor: User,
    jobseeker: Jobseeker,
    channel: str,
    interval_days: int,
    reason: str,
    review_on: date,
    nature: str = ContactNature.INTERVIEW,
    seen: State | None = None,
    tell: bool = True,
) -> ContactPlan:
    """Set another nature, channel and frequency with the person, from today on. The history is kept.

    The previous plan counts as reviewed, and the person is told (`tell`: unless another letter does). Raises
    DomainError if the review is not within a year or the nature is impossible by this channel, ChangedMeanwhileError if
    the plan differs from `seen`, NoRightError for anybody who does not follow the person.
    """
    with transaction.atomic():
        person, current = lock_plan_to_change(actor=actor, jobseeker=jobseeker, seen=seen)
        now = timezone.now()
        day = now.astimezone(person.agency.zone).date()
        check_review_day(review_on, today=day)
        if Channel(channel) not in PLAN_CHANNELS.get(ContactNature(nature), ()):
            raise DomainError(
                "Ce moyen de contact ne convient pas à ce type de contact. Choisissez-en un autre.", about="contact"
            )
        if current is not None:
            PlanReview.objects.create(plan=current, at=now, by=actor, outcome=ReviewOutcome.CHANGED, comment=reason)
        end_plan(actor=actor, jobseeker=person, day=day, at=now, reason="Nouveau plan de contact")
        plan = _begin(
            actor=actor,
            jobseeker=person,
            day=day,
            nature=nature,
            channel=channel,
            interval_days=interval_days,
            reason=reason,
            review_on=review_on,
        )
        if tell:
            outbox.notify_jobseeker(
                key=f"plan-changed:{plan.pk}",
                kind=NotificationKind.PLAN_CHANGED,
                jobseeker=person,
                context={"first_name": person.first_name, "plan": plan_sentence(plan, today=day), "reason": reason}
                | {"path": reverse("my_accompaniment")},
            )
        return plan


def check_review_day(review_on: date, *, today: date) -> None:
    """Raise DomainError unless the next review is in the future, within a year."""
    if review_on <= today:
        raise DomainError("Choisissez une date de révision à venir.", about="review_on")
    if review_on > today + timedelta(days=LONGEST_REVIEW_DAYS):
        raise DomainError(
            "Choisissez une date de révision dans les douze mois\u00a0: le plan se revoit chaque année.",
            about="review_on",
        )


def end_plan(*, actor: User | None, jobseeker: Jobseeker, day: date, at: datetime, reason: str) -> None:
    """End the current plan, if there is one, and waive its open obligations."""
    plan = lock_current_plan(jobseeker)
    if plan is None:
        return
    plan.ended_on = max(day, plan.starts_on)
    plan.save(update_fields=["ended_on"])
    waived = Obligation.objects.due().filter(jobseeker=jobseeker)
    if waived.update(state=ObligationState.WAIVED, waived_at=at, waived_reason=reason):
        deadlines_changed(jobseeker.pk)
    audit.record(actor=actor, jobseeker=jobseeker, action=AuditAction.CONTACT_PLAN, event="ended", reason=reason)


def hold_obligation(*, actor: User, obligation: Obligation, contact: Contact) -> Obligation:
    """Mark an obligation as held by an entry of the journal, by decision of the person's adviser.

    Raises NoRightError for anybody else, and what `hold` raises.
    """
    with transaction.atomic():
        person, _ = lock_plan(jobseeker=obligation.jobseeker)
        check_acts(actor, person, roles=(Role.ADVISER,))
        return hold(actor=actor, obligation=obligation, contact=contact)


def hold(*, actor: User | None, obligation: Obligation, contact: Contact) -> Obligation:
    """Mark an obligation as held, within an act that has already checked the right, such as closing an interview.

    Only a contact that the plan asks for can hold it, or an interview, which is more. One contact holds one obligation.
    Raises NotAllowedNowError if it is no longer due, DomainError if the contact is another person's, lies before the
    period, has another nature, or already holds an obligation.
    """
    with transaction.atomic():
        lock_plan(jobseeker=obligation.jobseeker)
        locked = lock_obligation(obligation.pk)
        if locked.state != ObligationState.DUE:
            raise NotAllowedNowError("Cet entretien obligatoire n'est plus à fixer.")
        day = contact.at.astimezone(locked.jobseeker.agency.zone).date()
        if contact.jobseeker_id != locked.jobseeker_id or day < locked.period.lower:
            raise DomainError(
                "Ce contact ne peut pas compter comme cet entretien obligatoire. Choisissez-en un de sa période."
            )
        if contact.nature not in as_planned(locked.plan.nature) | {ContactNature.INTERVIEW}:
            raise DomainError("Le plan de contact demande un autre contact que celui-ci. Choisissez-en un autre.")
        if contact.obligations.exists():
            raise DomainError("Ce contact compte déjà comme un autre entretien obligatoire. Choisissez-en un autre.")
        locked.state = ObligationState.HELD
        locked.held_at = contact.at
        locked.contact = contact
        locked.save(update_fields=["state", "held_at", "contact"])
        deadlines_changed(locked.jobseeker_id)
        audit.record(
            actor=actor,
            jobseeker=locked.jobseeker,
            action=AuditAction.OBLIGATION,
            event="held",
            obligation=locked.pk,
        )
        return locked


def _begin(
    *,
    actor: User | None,
    jobseeker: Jobseeker,
    day: date,
    channel: str,
    interval_days: int,
    reason: str,
    review_on: date,
    nature: str = ContactNature.INTERVIEW,
) -> ContactPlan:
    held = (
        Obligation.objects.filter(~Q(state=ObligationState.WAIVED), jobseeker=jobseeker, period__contains=day)
        .order_by("-due_on")
        .first()
    )
    starts_on = held.period.upper if held is not None else day
    plan = ContactPlan.objects.create(
        jobseeker=jobseeker,
        nature=nature,
        channel=channel,
        interval_days=interval_days,
        reason=reason,
        review_on=max(review_on, starts_on + timedelta(days=1)),
        starts_on=starts_on,
        decided_by=actor,
    )
    audit.record(
        actor=actor,
        jobseeker=jobseeker,
        action=AuditAction.CONTACT_PLAN,
        event="begun",
        nature=nature,
        channel=channel,
        interval_days=interval_days,
    )
    return plan
