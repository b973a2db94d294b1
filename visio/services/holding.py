"""Which obligation an interview holds: the one of its period, whichever of the two came first."""

from datetime import UTC, date, datetime, time

from django.db.models import Q, QuerySet
from django.utils import timezone

from accompaniment.enums import AuditAction, ObligationState
from accompaniment.models import Contact, Jobseeker, Obligation, User
from accompaniment.services import audit
from accompaniment.services.plans import hold
from visio.enums import InterviewState
from visio.models import Interview, InterviewQuerySet, to_place
from visio.rules import LIVE_STATES
from visio.services import notices
from visio.services.summaries import refresh_summary

FREE = Q(obligation=None) | Q(obligation__state=ObligationState.WAIVED)
"""Interviews without an obligation: booked voluntarily, or for an obligation that was waived."""

HOLDING_STATES = (*LIVE_STATES, InterviewState.HELD)


def obligation_of_day(person: Jobseeker, day: date) -> Obligation | None:
    """Return the open obligation without an interview in the period of this day. The caller holds the person's lock."""
    due: Obligation | None = to_place(Obligation.objects.filter(jobseeker=person, period__contains=day)).first()
    return due


def attach_interviews(person: Jobseeker, *, actor: User | None = None) -> bool:
    """Attach interviews without an obligation to the open obligation of their period; return whether one was attached.

    If the interview has taken place, the obligation is held. If it is in the future, it becomes obligatory: its
    convocation is sent, and without proof of this delivery no absence counts. An earlier delivery for a waived
    obligation proves nothing. The caller holds the person's lock.
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
            hold(actor=actor, obligation=obligation, contact=contact)
        elif interview.starts_at > now:
            notices.send_now_obligatory(interview)
        attached = True
    if attached:
        refresh_summary(person.pk)
    return attached


def _free_in_period(obligation: Obligation, person: Jobseeker) -> QuerySet[Interview]:
    """Return the interviews within the period, by the days of the person's agency, the earliest first."""
    zone = person.agency.zone
    begins, ends = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (obligation.period.lower, obligation.period.upper)
    )
    found: InterviewQuerySet = Interview.objects.filter(FREE, jobseeker=person, state__in=HOLDING_STATES)
    return found.with_people().between(begins, ends)
