"""The one way in which a row takes a slot: the exclusion constraints of `Interview` decide."""

from datetime import datetime

import psycopg
from django.db import IntegrityError, transaction
from django.db.models import Q

from accompaniment.models import Jobseeker
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from caseload.models import Adviser
from visio.enums import InterviewState
from visio.models import Interview
from visio.rules.slots import OCCUPIED
from visio.services.errors import SlotTakenError


def end_holds(person: Jobseeker, *, adviser: Adviser, starts_at: datetime, now: datetime) -> None:
    """Delete the person's hold, and the holds of this slot that have ended, which nobody else deletes in time.

    The caller holds the person's lock, and takes the slot in the same transaction. Whoever wants it waits for that.
    """
    over = Q(adviser=adviser, held_until__lte=now, starts_at__lt=starts_at + OCCUPIED, occupies_until__gt=starts_at)
    holds = Interview.slots.filter(Q(jobseeker=person) | over, state=InterviewState.ON_HOLD)
    for pk in holds.order_by("pk").values_list("pk", flat=True):
        Interview.slots.filter(pk=pk, state=InterviewState.ON_HOLD).delete()


def insert(interview: Interview) -> Interview:
    """Write a new row; the constraint that refuses it becomes a sentence."""
    try:
        with transaction.atomic():
            interview.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal(interview, error) from error
    return interview


def _refusal(interview: Interview, error: IntegrityError) -> DomainError | IntegrityError:
    """Return the refusal for the constraint that was violated; any other error is returned as it is."""
    cause = error.__cause__
    name = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
    if name == "interview_adviser_free":
        return SlotTakenError(interview.starts_at)
    if name == "interview_jobseeker_free":
        return SlotTakenError(interview.starts_at, "Un autre entretien est déjà prévu à cette heure.")
    if name == "interview_one_live_per_obligation":
        return NotAllowedNowError("Cet entretien obligatoire est déjà prévu. Actualisez la page.")
    return error
