"""What this floor and the one below have to tell in a person's timeline."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accompaniment.audit_words import audit_in_words
from accompaniment.enums import AuditAction, ContactNature, EnrolmentState, ObligationState, ReviewOutcome
from accompaniment.french import day_in_style, frequency_in_words, of_name
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    Contact,
    ContactPlan,
    Document,
    EnrolmentEvent,
    Note,
    Objective,
    Obligation,
    OnSiteRequest,
    PlanRequest,
    PlanReview,
    RegistrationInterview,
    Step,
    User,
)
from accompaniment.presentation import ENROLMENT_STEPS
from caseload.enums import TimelineKind
from caseload.models import Cover, Placement
from caseload.timeline import Event, Source, Stretch

INTERVIEW_NATURES = {ContactNature.INTERVIEW, ContactNature.REGISTRATION_INTERVIEW}


def newest(rows: QuerySet[Any], stretch: Stretch, *, at: str = "at", person: str = "jobseeker") -> QuerySet[Any]:
    """Keep the newest rows of the person before the stretch's instant, by the instant in the field `at`."""
    found = rows.filter(**{person: stretch.person, f"{at}__isnull": False})
    if stretch.before is not None:
        found = found.filter(**{f"{at}__lt": stretch.before})
    return found.order_by(f"-{at}", "-pk")[: stretch.limit]


def said_by(user: User | None) -> str:
    return user.full_name if user else ""


def contacts(stretch: Stretch) -> Iterator[Event]:
    # The conclusion is the team's: the journal, which the person reads, has the decision alone.
    interviews = RegistrationInterview.objects.filter(jobseeker=OuterRef("jobseeker"), concluded_at=OuterRef("at"))
    rows = Contact.objects.select_related("author").annotate(conclusion=Subquery(interviews.values("notes")[:1]))
    for contact in newest(rows, stretch):
        yield Event(
            at=contact.at,
            kind=TimelineKind.INTERVIEW if contact.nature in INTERVIEW_NATURES else TimelineKind.CONTACT,
            title=contact.get_nature_display(),
            channel=contact.get_channel_display(),
            text="\n".join(filter(None, (contact.summary, contact.conclusion))),
            by=said_by(contact.author),
        )


def periods(stretch: Stretch) -> Iterator[Event]:
    for period in newest(Accompaniment.objects.select_related("decided_by"), stretch, at="started_at"):
        yield Event(
            at=period.started_at,
            kind=TimelineKind.TRACK,
            title=f"Accompagnement {period.get_tier_display().lower()}, {period.get_track_display().lower()}",
            text=period.reason,
            by=said_by(period.decided_by),
            marks=True,
        )


def enrolment_steps(stretch: Stretch) -> Iterator[Event]:
    rows = EnrolmentEvent.objects.select_related("actor", "enrolment")
    for step in newest(rows, stretch, person="enrolment__jobseeker"):
        refused = step.to_state == EnrolmentState.REFUSED
        yield Event(
            at=step.at,
            kind=TimelineKind.TRACK,
            title=ENROLMENT_STEPS[EnrolmentState(step.to_state)],
            text=step.enrolment.get_refusal_reason_display() if refused else "",
            by=said_by(step.actor),
        )


def acceptances(stretch: Stretch) -> Iterator[Event]:
    for consent in newest(Consent.objects.select_related("text"), stretch, at="accepted_at"):
        yield Event(
            at=consent.accepted_at,
            kind=TimelineKind.TRACK,
            title=f"Acceptation du 100 % web, version {consent.text.version}",
            by=stretch.person.full_name,
        )


def placements(stretch: Stretch) -> Iterator[Event]:
    rows = Placement.objects.select_related("portfolio__adviser__user", "decided_by")
    for placement in newest(rows, stretch, at="started_at"):
        yield Event(
            at=placement.started_at,
            kind=TimelineKind.TRACK,
            title=f"Suivi par {placement.portfolio.adviser}",
            text=placement.portfolio.get_modality_display(),
            by=said_by(placement.decided_by),
        )


def placement_ends(stretch: Stretch) -> Iterator[Event]:
    rows = Placement.objects.select_related("portfolio__adviser__user")
    for placement in newest(rows, stretch, at="ended_at"):
        yield Event(
            at=placement.ended_at,
            kind=TimelineKind.TRACK,
            title=f"Fin du suivi par {placement.portfolio.adviser}",
            text=placement.get_end_reason_display(),
        )


def covers(stretch: Stretch) -> Iterator[Event]:
    """The colleagues who have answered in the adviser's place while the person was in the portfolio."""
    zone = stretch.person.agency.zone
    until = (stretch.before or timezone.now()).astimezone(zone).date()
    rows = Cover.objects.filter(
        Q(portfolio__placements__ended_at=None) | Q(portfolio__placements__ended_at__date__gte=F("starts_on")),
        portfolio__placements__jobseeker=stretch.person,
        portfolio__placements__started_at__date__lte=F("ends_on"),
        cancelled_at=None,
        starts_on__lte=until,
    )
    found = rows.select_related("colleague__user", "portfolio__adviser__user").order_by("-starts_on", "-pk").distinct()
    for cover in found[: stretch.limit]:
        begins = datetime.combine(cover.starts_on, time(), tzinfo=zone)
        if stretch.before is None or begins < stretch.before:
            yield Event(
                at=begins,
                kind=TimelineKind.TRACK,
                title=f"Relais par {cover.colleague}, en l'absence {of_name(cover.portfolio.adviser)}",
                text=f"Jusqu'au {day_in_style(cover.ends_on, 'j F Y')} inclus",
            )


def own_facts(stretch: Stretch) -> Iterator[Event]:
    """Device tests and corrected details, which only the audit trail dates."""
    rows = AuditEntry.objects.filter(action__in=(AuditAction.EQUIPMENT, AuditAction.UPDATED)).select_related("actor")
    for entry in newest(rows, stretch):
        failed = entry.details.get("carries_video") is False
        yield Event(
            at=entry.at,
            kind=TimelineKind.OWN,
            title=audit_in_words(entry.action, entry.details),
            text="La visio n'a pas fonctionné." if failed else "",
            by=said_by(entry.actor),
        )


def plans(stretch: Stretch) -> Iterator[Event]:
    for plan in newest(ContactPlan.objects.select_related("decided_by"), stretch, at="created_at"):
        yield Event(
            at=plan.created_at,
            kind=TimelineKind.PLAN,
            title=f"Plan de contact : {plan.get_nature_display().lower()} {frequency_in_words(plan.interval_days)}",
            channel=plan.get_channel_display(),
            text=plan.reason,
            by=said_by(plan.decided_by),
        )


def plan_reviews(stretch: Stretch) -> Iterator[Event]:
    rows = PlanReview.objects.filter(outcome=ReviewOutcome.KEPT).select_related("by")
    for review in newest(rows, stretch, person="plan__jobseeker"):
        yield Event(
            at=review.at,
            kind=TimelineKind.PLAN,
            title="Plan de contact revu et gardé",
            text=review.comment,
            by=said_by(review.by),
        )


def plan_requests(stretch: Stretch) -> Iterator[Event]:
    for request in newest(PlanRequest.objects.all(), stretch, at="asked_at"):
        yield Event(
            at=request.asked_at,
            kind=TimelineKind.PLAN,
            title="Changement du plan de contact demandé",
            text=request.comment,
            by=stretch.person.full_name,
        )


def withdrawn_plan_requests(stretch: Stretch) -> Iterator[Event]:
    for request in newest(PlanRequest.objects.select_related("withdrawn_by"), stretch, at="withdrawn_at"):
        yield Event(
            at=request.withdrawn_at,
            kind=TimelineKind.PLAN,
            title="Demande de changement du plan de contact retirée",
            by=said_by(request.withdrawn_by),
        )


def obligations(stretch: Stretch) -> Iterator[Event]:
    settled = Obligation.objects.exclude(state=ObligationState.DUE)
    rows = settled.annotate(settled_at=Coalesce("held_at", "waived_at"))
    for obligation in newest(rows, stretch, at="settled_at"):
        held = obligation.state == ObligationState.HELD
        yield Event(
            at=obligation.settled_at,
            kind=TimelineKind.PLAN,
            title=f"Échéance du {day_in_style(obligation.due_on, 'j F Y')} {'tenue' if held else 'levée'}",
            text=obligation.waived_reason,
        )


def notes(stretch: Stretch) -> Iterator[Event]:
    for note in newest(Note.objects.select_related("author"), stretch):
        yield Event(
            at=note.at,
            kind=TimelineKind.NOTE,
            title="Note de l'équipe" if note.withdrawn_at is None else "Note retirée par son auteur",
            text=note.body if note.withdrawn_at is None else "",
            by=said_by(note.author),
        )


def documents(stretch: Stretch) -> Iterator[Event]:
    for document in newest(Document.objects.select_related("added_by"), stretch, at="added_at"):
        yield Event(
            at=document.added_at,
            kind=TimelineKind.DOCUMENT,
            title="Document",
            about=document.title,
            text="Retiré depuis." if document.removed_at else "",
            by=said_by(document.added_by),
        )


def objectives(stretch: Stretch) -> Iterator[Event]:
    for objective in newest(Objective.objects.select_related("created_by"), stretch, at="created_at"):
        yield Event(
            at=objective.created_at,
            kind=TimelineKind.PLAN,
            title="Objectif",
            about=objective.title,
            by=said_by(objective.created_by),
        )


def closed_objectives(stretch: Stretch) -> Iterator[Event]:
    for objective in newest(Objective.objects.all(), stretch, at="closed_at"):
        yield Event(at=objective.closed_at, kind=TimelineKind.PLAN, title="Objectif clos", about=objective.title)


def steps_done(stretch: Stretch) -> Iterator[Event]:
    rows = Step.objects.select_related("done_by")
    for step in newest(rows, stretch, at="done_at", person="objective__jobseeker"):
        yield Event(
            at=step.done_at, kind=TimelineKind.PLAN, title=f"Étape faite : {step.title}", by=said_by(step.done_by)
        )


def on_site_requests(stretch: Stretch) -> Iterator[Event]:
    for request in newest(OnSiteRequest.objects.select_related("answered_by"), stretch, at="asked_at"):
        yield Event(
            at=request.asked_at,
            kind=TimelineKind.ON_SITE,
            title="Entretien en agence demandé",
            text=request.comment,
            by=stretch.person.full_name,
        )


def on_site_answers(stretch: Stretch) -> Iterator[Event]:
    for request in newest(OnSiteRequest.objects.select_related("answered_by"), stretch, at="answered_at"):
        yield Event(
            at=request.answered_at,
            kind=TimelineKind.ON_SITE,
            title="Réponse à la demande d'entretien en agence",
            text=request.answer,
            by=said_by(request.answered_by),
        )


def withdrawn_on_site_requests(stretch: Stretch) -> Iterator[Event]:
    for request in newest(OnSiteRequest.objects.select_related("withdrawn_by"), stretch, at="withdrawn_at"):
        yield Event(
            at=request.withdrawn_at,
            kind=TimelineKind.ON_SITE,
            title="Demande d'entretien en agence retirée",
            by=said_by(request.withdrawn_by),
        )


def _only(kind: TimelineKind, *events: Any) -> list[Source]:
    return [Source(kinds=frozenset({kind}), events=one) for one in events]


GROUND_SOURCES: list[Source] = [
    Source(kinds=frozenset({TimelineKind.INTERVIEW, TimelineKind.CONTACT}), events=contacts),
    *_only(TimelineKind.TRACK, periods, enrolment_steps, acceptances, placements, placement_ends, covers),
    *_only(
        TimelineKind.PLAN,
        plans,
        plan_reviews,
        plan_requests,
        withdrawn_plan_requests,
        obligations,
        objectives,
        closed_objectives,
        steps_done,
    ),
    *_only(TimelineKind.NOTE, notes),
    *_only(TimelineKind.DOCUMENT, documents),
    *_only(TimelineKind.OWN, own_facts),
    *_only(TimelineKind.ON_SITE, on_site_requests, on_site_answers, withdrawn_on_site_requests),
]
