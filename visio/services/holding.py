"""Which obligation an interview holds: the one of the period in which it lies, whichever of the two came first."""

from datetime import UTC, date, datetime, time

from django.db.models import Q, QuerySet
from django.utils import timezone

from accompaniment.enums import AuditAction, ObligationState
from accompaniment.models import Contact, Jobseeker, Obligation, User
from accompaniment.services import audit
from accompaniment.services.plans import hold_obligation
from visio.enums import InterviewState
from visio.models import Interview, InterviewQuerySet, to_place
from visio.rules import LIVE_STATES
from visio.services import notices
from visio.services.summaries import refresh_summary

FREE = Q(obligation=None) | Q(obligation__state=ObligationState.WAIVED)
"""Interviews that hold nothing: booked of one's own accord, or for an obligation that is due no more."""

HOLDING_STATES = (*LIVE_STATES, InterviewState.HELD)


def obligation_of_day(person: Jobseeker, day: date) -> Obligation | None:
    """Return what is due and has no interview in the period of this day; the caller holds the person's lock."""
    due: Obligation | None = to_place(Obligation.objects.filter(jobseeker=person, period__contains=day)).first()
    return due


def attach_interviews(person: Jobseeker, *, actor: User | None = None) -> bool:
    """Let the interviews that hold nothing hold what is due in their period; tell whether one does now.

    One that took place already makes the obligation held. One that is still to come is obligatory from now on: its
    convocation leaves, and without the proof that this one arrived nobody's absence counts; what was delivered for an
    obligation that is due no more proves nothing of this one. The caller holds the person's lock.
    """
    now = timezone.now()
    attached = False
    for obligation in to_place(Obligation.objects.filter(jobseeker=person)):
        interview = _free_in_period(obligation, person).first()
        if interview is None:
            continue
        interview.obligation = obligation
        if interview.state != InterviewState.HELD:
            interview.convocation_delivered_at = None
        interview.save(update_fields=["obligation", "convocation_delivered_at"])
        audit.record(
            actor=actor,
            jobseeker=person,
            action=AuditAction.OBLIGATION,
            event="placed",
            obligation=obligation.pk,
            interview=interview.pk,
        )
        if interview.state == InterviewState.HELD:
            contact = Contact.objects.get(source=f"interview:{interview.pk}")
            hold_obligation(actor=actor, obligation=obligation, contact=contact)
        elif interview.starts_at > now:
            notices.send_now_obligatory(interview)
        attached = True
    if attached:
        refresh_summary(person.pk)
    return attached


def _free_in_period(obligation: Obligation, person: Jobseeker) -> QuerySet[Interview]:
    """Return the interviews that lie in the period, on the days of the person's agency; the earliest first."""
    zone = person.agency.zone
    begins, ends = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (obligation.period.lower, obligation.period.upper)
    )
    found: InterviewQuerySet = Interview.objects.filter(FREE, jobseeker=person, state__in=HOLDING_STATES)
    return found.with_people().between(begins, ends)
