"""The periods of accompaniment: exactly one is current, and history is only appended."""

from datetime import datetime

from accompaniment.enums import AuditAction, Tier, Track
from accompaniment.models import Accompaniment, Enrolment, Jobseeker, User
from accompaniment.services import audit, plans
from accompaniment.track_changes import on_track_end


def current_accompaniment(jobseeker: Jobseeker) -> Accompaniment:
    """Return the person's one current period."""
    period: Accompaniment = Accompaniment.objects.current().select_related("enrolment").get(jobseeker=jobseeker)
    return period


def new_period(
    person: Jobseeker,
    *,
    tier: Tier,
    track: Track,
    at: datetime,
    actor: User | None,
    reason: str,
    enrolment: Enrolment | None = None,
) -> Accompaniment:
    """Append a period after the current one, and begin its contact plan."""
    current = current_accompaniment(person)
    current.ended_at = at
    current.save(update_fields=["ended_at"])
    period = Accompaniment.objects.create(
        jobseeker=person,
        tier=tier,
        track=track,
        enrolment=enrolment,
        started_at=at,
        decided_by=actor,
        reason=reason,
    )
    plans.begin_default_plan(actor=actor, jobseeker=person, tier=tier, track=track, at=at)
    audit.record(actor=actor, jobseeker=person, action=AuditAction.ACCOMPANIMENT, tier=tier, track=track, reason=reason)
    return period


def carry_along(person: Jobseeker, actor: User | None, at: datetime) -> None:
    for follow in reversed(on_track_end):
        follow(person, actor, at)
