"""Keeps a slot for a person while they confirm it, under the same constraints as every booking."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel, Role
from accompaniment.locks import lock_jobseeker
from accompaniment.models import Jobseeker, Obligation, User
from accompaniment.services.rights import check_acts
from caseload.locks import share_adviser
from caseload.reads.moves.who_answers import follower_of
from visio.enums import InterviewState
from visio.models import Interview
from visio.reads.availability import busy_outside, last_day_offered, slots_by_hours
from visio.reads.hours import hours_of
from visio.rules.slots import LENGTH
from visio.services.errors import SlotTakenError
from visio.services.slots import end_holds, insert

HELD_FOR = timedelta(minutes=5)
"""The time to confirm a slot that was chosen."""
HELD_AT_MOST = timedelta(minutes=15)
"""The time after which a hold that is renewed again and again ends all the same."""

TAKEN = "Ce créneau vient d'être pris. Choisissez une autre heure."


def hold_slot(
    *,
    actor: User,
    jobseeker: Jobseeker,
    starts_at: datetime,
    obligation: Obligation | None = None,
    moving: Interview | None = None,
) -> datetime | None:
    """Keep a slot of the person's adviser from others, and return until when. A person holds one slot at a time.

    Returns None for an hour of the interview that the person is `moving`, which keeps it already.

    Nothing is booked: `book_interview` and `move_interview` end the hold, and take the slot. Raises SlotTakenError if
    the slot is not free; the person's earlier hold then stays.
    """
    with transaction.atomic():
        person = lock_jobseeker(jobseeker.pk)
        check_acts(actor, person, roles=(Role.JOBSEEKER, Role.ADVISER))
        follower = follower_of(person)
        if follower is None:
            raise SlotTakenError(starts_at, TAKEN)
        share_adviser(follower.pk)
        now = timezone.now()
        last_day = last_day_offered(adviser=follower, obligation=obligation, now=now)
        hours, urgent = hours_of(follower), not actor.is_jobseeker
        offered = slots_by_hours(adviser=follower, now=now, last_day=last_day, hours=hours, urgent=urgent)
        occupied = hours.rules.occupied
        if starts_at not in offered or busy_outside(follower, starts_at, occupied=occupied):
            raise SlotTakenError(starts_at, TAKEN)
        if moving is not None and moving.starts_at < starts_at + occupied and starts_at < moving.occupies_until:
            return None
        own = Interview.slots.filter(jobseeker=person, adviser=follower, starts_at=starts_at, held_until__gt=now)
        began = own.values_list("booked_at", flat=True).first() or now
        end_holds(person, adviser=follower, starts_at=starts_at, now=now)
        hold = insert(
            Interview(
                token=secrets.token_urlsafe(32),
                jobseeker=person,
                adviser=follower,
                channel=Channel.VIDEO,
                starts_at=starts_at,
                ends_at=starts_at + LENGTH,
                occupies_until=starts_at + occupied,
                state=InterviewState.ON_HOLD,
                held_until=min(now + HELD_FOR, began + HELD_AT_MOST),
                booked_at=began,
                booked_by=actor,
            )
        )
        return hold.held_until


def end_overdue_holds() -> int:
    """Delete the holds that nobody confirmed in time; return how many."""
    over = Interview.slots.filter(state=InterviewState.ON_HOLD, held_until__lte=timezone.now())
    ended = 0
    for pk in over.order_by("pk").values_list("pk", flat=True):
        ended += Interview.slots.filter(pk=pk, state=InterviewState.ON_HOLD).delete()[0]
    return ended
