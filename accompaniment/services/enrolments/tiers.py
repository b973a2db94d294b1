"""The change of tier, with its consequences."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState, LeavingReason, NotificationKind, Tier, Track
from accompaniment.hooks.track_changes import on_tier_change
from accompaniment.locks import lock_decided_enrolment, lock_jobseeker
from accompaniment.models import Accompaniment, Enrolment, Jobseeker, User
from accompaniment.reads.standing import current_accompaniment
from accompaniment.rules.errors import DomainError
from accompaniment.rules.meanwhile import Shown, State, check_seen
from accompaniment.rules.presentation import TIERS_TO_YOU
from accompaniment.services import outbox
from accompaniment.services.enrolments.acceptance import end_track
from accompaniment.services.enrolments.lapses import lapse
from accompaniment.services.enrolments.states import end_what_hangs_on_the_track, new_period
from accompaniment.services.rights import check_acts

CHANGED = "L'accompagnement a changé depuis que vous avez ouvert la page. Rien n'a été enregistré."


def shown_tier(current: Accompaniment) -> Shown:
    """Return what a page shows of a person's tier and track."""
    return Shown("tier", current.jobseeker_id, {"period": str(current.pk)})


def change_tier(
    *, actor: User | None, jobseeker: Jobseeker, tier: Tier, reason: str, seen: State | None = None
) -> Accompaniment:
    """Move the person to another tier. A 100 % web track ends in the same transaction.

    A validated enrolment that waits for the acceptance lapses. One that waits for its registration interview stays,
    because the tier is decided there. The placement, the plan and bookings follow, and the person is told. The present
    tier changes nothing. Raises ChangedMeanwhileError if the current period is not the one `seen`; DomainError without
    a reason; NoRightError unless the actor may act in the file.
    """
    if not reason.strip():
        raise DomainError("Indiquez le motif du changement de modalité.", about="reason")
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person)
        current = current_accompaniment(person)
        check_seen(seen, shown_tier(current), CHANGED)
        return set_tier(actor=actor, person=person, tier=tier, reason=reason)


def set_tier(*, actor: User | None, person: Jobseeker, tier: Tier, reason: str, tell: bool = True) -> Accompaniment:
    """Do what `change_tier` does, within an act that has checked the right and locked the person.

    `tell`: unless it was decided with the person.
    """
    with transaction.atomic():
        current = current_accompaniment(person)
        if current.tier == tier:
            return current
        enrolment = lock_decided_enrolment(person)
        now = timezone.now()
        was_active = enrolment is not None and enrolment.state == EnrolmentState.ACTIVE
        if enrolment is not None:
            close_with_the_tier(enrolment, person=person, actor=actor, at=now)
        period = new_period(person, tier=tier, track=Track.CLASSIC, at=now, actor=actor, reason=reason.strip())
        if enrolment is not None:
            end_what_hangs_on_the_track(person, actor, now)
        follow_tier_change(person, actor=actor, at=now)
        if tell:
            outbox.notify_jobseeker(
                key=f"tier-changed:{period.pk}",
                kind=NotificationKind.TIER_CHANGED,
                jobseeker=person,
                context={
                    "first_name": person.first_name,
                    "tier": Tier(tier).label.lower(),
                    "told": TIERS_TO_YOU[Tier(tier)],
                    "reason": reason.strip(),
                    "track_ended": was_active,
                    "enrolment_lapsed": enrolment is not None and not was_active,
                },
            )
        return period


def close_with_the_tier(enrolment: Enrolment, *, person: Jobseeker, actor: User | None, at: datetime) -> None:
    """End a running track, or let a validated enrolment lapse, because of the tier; both rows are locked.

    The caller makes the new period, calls `end_what_hangs_on_the_track` and sends the letter.
    """
    if enrolment.state == EnrolmentState.ACTIVE:
        end_track(enrolment, person=person, actor=actor, at=at, reason=LeavingReason.TIER_CHANGE)
    else:
        lapse(enrolment, person=person, actor=actor, at=at)


def hold_for_tier_changes(changes: Mapping[int, Tier]) -> list[int]:
    """Lock everything on upper floors that these changes may need. The people are locked.

    `changes` are the new tiers by the person's primary key; the present tier if only the region changes. Returns, in
    order, the people for whom `follow_tier_change` must be called after the periods have changed.
    """
    if not changes:
        return []
    return sorted(set().union(*(follower.hold(changes) for follower in on_tier_change)))


def follow_tier_change(person: Jobseeker, *, actor: User | None, at: datetime) -> None:
    """Let every floor do what another tier, or an agency in another region, requires."""
    for follower in on_tier_change:
        follower.follow(person, actor, at)
