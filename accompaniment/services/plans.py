"""Contact plans, and the obligations that come out of them."""

from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality, ObligationKind, ObligationState
from accompaniment.errors import DomainError, NotAllowedNowError
from accompaniment.models import Contact, ContactPlan, Jobseeker, Obligation, PlanDefault, User
from accompaniment.rules import modality_of
from accompaniment.services import audit

PLAN_OBLIGATIONS = """
INSERT INTO accompaniment_obligation (jobseeker_id, kind, plan_id, period, due_on, state, waived_reason)
SELECT plan.jobseeker_id, %(kind)s, plan.id, daterange(starts, starts + plan.interval_days),
       starts + plan.interval_days - 1, %(due)s, ''
FROM accompaniment_contactplan plan
JOIN accompaniment_jobseeker person ON person.id = plan.jobseeker_id
JOIN accompaniment_agency agency ON agency.id = person.agency_id
JOIN accompaniment_departement departement ON departement.code = agency.departement_id
JOIN accompaniment_region region ON region.code = departement.region_id
CROSS JOIN LATERAL (
    SELECT coalesce(%(today)s::date, (%(now)s::timestamptz AT TIME ZONE region.timezone)::date) AS today
) clock
CROSS JOIN LATERAL generate_series(0, (clock.today - plan.starts_on) / plan.interval_days) AS step
CROSS JOIN LATERAL (SELECT plan.starts_on + step * plan.interval_days AS starts) begun
WHERE plan.ended_on IS NULL AND plan.starts_on <= clock.today
  AND NOT EXISTS (
      SELECT FROM accompaniment_obligation known
      WHERE known.jobseeker_id = plan.jobseeker_id AND known.kind = %(kind)s
        AND known.period = daterange(starts, starts + plan.interval_days) AND known.plan_id = plan.id
  )
ON CONFLICT DO NOTHING
"""


def plan_obligations(*, today: date | None = None) -> int:
    """Write the obligations of every current plan whose periods have begun, and return how many are new.

    Periods depend on the plan alone, so any number of schedulers, however late, write the same rows: what is
    there stays, and the exclusion constraint settles who writes first. `today` replaces each agency's own day.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            PLAN_OBLIGATIONS,
            {
                "kind": ObligationKind.FOLLOW_UP_INTERVIEW,
                "due": ObligationState.DUE,
                "today": today,
                "now": timezone.now(),
            },
        )
        written: int = cursor.rowcount
        return written


def default_plan(*, modality: Modality, day: date) -> PlanDefault | None:
    """Return the cadence that a modality begins with on this day; None where it has none."""
    return PlanDefault.objects.filter(modality=modality, starts_on__lte=day).order_by("-starts_on").first()


def begin_default_plan(
    *, actor: User | None, jobseeker: Jobseeker, tier: str, track: str, at: datetime
) -> ContactPlan | None:
    """Replace the person's contact plan by the default of a modality; None where the modality has no default.

    What was due under the old plan is waived; a period that was held stays, and the new plan begins after it.
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
        reason="Cadence habituelle de la modalité",
        review_on=day + timedelta(days=default.review_after_days),
    )


def change_plan(
    *, actor: User, jobseeker: Jobseeker, channel: str, interval_days: int, reason: str, review_on: date
) -> ContactPlan:
    """Set another channel and frequency with the person, from today on; history is kept.

    Raises DomainError when the review is not in the future.
    """
    with transaction.atomic():
        now = timezone.now()
        day = now.astimezone(jobseeker.agency.zone).date()
        if review_on <= day:
            raise DomainError("Choisissez une date de révision à venir.")
        end_plan(actor=actor, jobseeker=jobseeker, day=day, at=now, reason="Nouveau plan de contact")
        return _begin(
            actor=actor,
            jobseeker=jobseeker,
            day=day,
            channel=channel,
            interval_days=interval_days,
            reason=reason,
            review_on=review_on,
        )


def end_plan(*, actor: User | None, jobseeker: Jobseeker, day: date, at: datetime, reason: str) -> None:
    """End the current plan, if there is one, and waive what is still due under it."""
    plan = ContactPlan.objects.select_for_update(of=("self",)).current().filter(jobseeker=jobseeker).first()
    if plan is None:
        return
    plan.ended_on = max(day, plan.starts_on)
    plan.save(update_fields=["ended_on"])
    Obligation.objects.due().filter(jobseeker=jobseeker).update(
        state=ObligationState.WAIVED, waived_at=at, waived_reason=reason
    )
    audit.record(actor=actor, jobseeker=jobseeker, action=AuditAction.CONTACT_PLAN, event="ended", reason=reason)


def hold_obligation(*, actor: User, obligation: Obligation, contact: Contact) -> Obligation:
    """Mark an obligation as held by a line of the journal. Raises NotAllowedNowError when it is not due any more."""
    with transaction.atomic():
        locked: Obligation = Obligation.objects.select_for_update(of=("self",)).get(pk=obligation.pk)
        if locked.state != ObligationState.DUE:
            raise NotAllowedNowError("Cette échéance n'est plus à tenir.")
        locked.state = ObligationState.HELD
        locked.held_at = contact.at
        locked.contact = contact
        locked.save(update_fields=["state", "held_at", "contact"])
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
) -> ContactPlan:
    held = (
        Obligation.objects.filter(~Q(state=ObligationState.WAIVED), jobseeker=jobseeker, period__contains=day)
        .order_by("-due_on")
        .first()
    )
    starts_on = held.period.upper if held is not None else day
    plan = ContactPlan.objects.create(
        jobseeker=jobseeker,
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
        channel=channel,
        interval_days=interval_days,
    )
    return plan
