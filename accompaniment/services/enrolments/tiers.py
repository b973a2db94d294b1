"""The change of tier, with what it carries along."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState, LeavingReason, NotificationKind, Tier, Track
from accompaniment.hooks.track_changes import on_tier_change
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Accompaniment, Enrolment, Jobseeker, User
from accompaniment.reads.standing import current_accompaniment
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services import outbox
from accompaniment.services.enrolments.acceptance import end_track
from accompaniment.services.enrolments.lapses import lapse
from accompaniment.services.enrolments.states import end_what_hangs_on_the_track, new_period


class AccompanimentChangedMeanwhileError(NotAllowedNowError):
    """Tier or track changed since the actor read them; `current` is the period that stands now."""

    def __init__(self, current: Accompaniment) -> None:
        self.current = current
        super().__init__("L'accompagnement a changé depuis que vous avez ouvert la page. Rien n'a été enregistré.")


def change_tier(
    *, actor: User | None, jobseeker: Jobseeker, tier: Tier, reason: str, seen: int | None = None, tell: bool = True
) -> Accompaniment:
    """Move the person to another tier; a 100 % web track ends in the same transaction.

    An enrolment that was validated and waits for the acceptance lapses. One that waits for its registration
    interview stays: the tier is decided there. The placement, the plan and what is booked follow, and the person is
    told (`tell`: unless it was decided with the person). The tier that the person has changes nothing.
    Raises AccompanimentChangedMeanwhileError when `seen`, the primary key of the period that the actor had before
    them, is not the current one any more; DomainError without a reason.
    """
    if not reason.strip():
        raise DomainError("Indiquez le motif du changement de modalité.", about="reason")
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        current = current_accompaniment(person)
        if seen is not None and current.pk != seen:
            raise AccompanimentChangedMeanwhileError(current)
        if current.tier == tier:
            return current
        now = timezone.now()
        enrolment = (
            Enrolment.objects.select_for_update(of=("self",))
            .filter(jobseeker=person, state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE))
            .first()
        )
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
                    "track_ended": was_active,
                    "enrolment_lapsed": enrolment is not None and not was_active,
                },
            )
        return period


def close_with_the_tier(enrolment: Enrolment, *, person: Jobseeker, actor: User | None, at: datetime) -> None:
    """End a running track, or let lapse what was validated, for the tier changes; both rows are locked.

    The new period, `end_what_hangs_on_the_track` and the letter are the caller's.
    """
    if enrolment.state == EnrolmentState.ACTIVE:
        end_track(enrolment, person=person, actor=actor, at=at, reason=LeavingReason.TIER_CHANGE)
    else:
        lapse(enrolment, person=person, actor=actor, at=at)


def hold_for_tier_changes(changes: Mapping[int, Tier]) -> list[int]:
    """Lock what these changes may take on upper floors; the people are locked.

    `changes` are the tiers to come by the person's primary key: the present one for who changes the region alone.
    Returns in order those for whom `follow_tier_change` is to be called once the periods have changed.
    """
    if not changes:
        return []
    return sorted(set().union(*(follower.hold(changes) for follower in on_tier_change)))


def follow_tier_change(person: Jobseeker, *, actor: User | None, at: datetime) -> None:
    """Let every floor carry along what another tier, or an agency of another region, entails."""
    for follower in on_tier_change:
        follower.follow(person, actor, at)
