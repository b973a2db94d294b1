"""The states of an enrolment, eligibility, and the sequence of periods of accompaniment."""

from collections.abc import Collection
from datetime import datetime

from accompaniment.enums import AuditAction, EnrolmentState, Tier, Track
from accompaniment.hooks.track_changes import on_track_end
from accompaniment.locks import share_region
from accompaniment.models import Accompaniment, Agency, Enrolment, EnrolmentEvent, Jobseeker, User
from accompaniment.reads.standing import current_accompaniment, why_not_eligible
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.rules.tracks import ENROLMENT_TRANSITIONS, NOT_ELIGIBLE_SENTENCES
from accompaniment.services import audit, plans


def check_transition(enrolment: Enrolment, to_state: EnrolmentState) -> None:
    if to_state not in ENROLMENT_TRANSITIONS[EnrolmentState(enrolment.state)]:
        raise NotAllowedNowError(
            f"Cette demande a déjà été traitée ({enrolment.get_state_display().lower()}). Actualisez la page."
        )


def move(enrolment: Enrolment, *, actor: User | None, at: datetime, to_state: EnrolmentState) -> None:
    check_transition(enrolment, to_state)
    from_state = enrolment.state
    enrolment.state = to_state
    enrolment.save()
    log(enrolment, actor=actor, at=at, from_state=from_state, to_state=to_state)


def log(enrolment: Enrolment, *, actor: User | None, at: datetime, from_state: str, to_state: str) -> None:
    EnrolmentEvent.objects.create(enrolment=enrolment, at=at, actor=actor, from_state=from_state, to_state=to_state)
    audit.record(
        actor=actor,
        jobseeker=enrolment.jobseeker,
        action=AuditAction.ENROLMENT,
        enrolment=enrolment.pk,
        from_state=from_state,
        to_state=to_state,
    )


def check_eligible(person: Jobseeker, now: datetime, *, later: Collection[str] = ()) -> None:
    """Raise DomainError with all obstacles. The opening day cannot be postponed before the transaction ends.

    `later` are conditions that will be settled before they matter.
    """
    share_region(person.agency.departement.region_id)
    person.agency = Agency.objects.select_related("departement__region").get(pk=person.agency_id)
    reasons = [reason for reason in why_not_eligible(person, now) if reason not in later]
    if reasons:
        raise DomainError(" ".join(NOT_ELIGIBLE_SENTENCES[reason] for reason in reasons))


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


def end_what_hangs_on_the_track(person: Jobseeker, actor: User | None, at: datetime) -> None:
    for follow in on_track_end:
        follow(person, actor, at)
