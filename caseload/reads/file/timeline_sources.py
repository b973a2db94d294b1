"""Events of this floor and the one below for a person's timeline."""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from accompaniment.enums import AuditAction, ContactNature, EnrolmentState, ObligationState, ReviewOutcome
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
from accompaniment.rules.audit_words import audit_in_words
from accompaniment.rules.french import day_in_style, frequency_in_words, of_name
from accompaniment.rules.presentation import ENROLMENT_STEPS
from caseload.enums import TimelineKind
from caseload.hooks.timeline import Event, Source, TimelineRequest
from caseload.models import Cover, Placement

INTERVIEW_NATURES = {ContactNature.INTERVIEW, ContactNature.REGISTRATION_INTERVIEW}


def newest(rows: QuerySet[Any], asked: TimelineRequest, *, at: str = "at", person: str = "jobseeker") -> QuerySet[Any]:
    """Keep the newest rows of the person before the given instant, by the field `at`."""
    found = rows.filter(**{person: asked.person, f"{at}__isnull": False})
    if asked.before is not None:
        found = found.filter(**{f"{at}__lt": asked.before})
    return found.order_by(f"-{at}", "-pk")[: asked.limit]


def said_by(user: User | None) -> str:
    return user.full_name if user else ""


def contacts(asked: TimelineRequest) -> Iterator[Event]:
    # The conclusion is the team's: the journal, which the person reads, has the decision alone.
    interviews = RegistrationInterview.objects.filter(jobseeker=OuterRef("jobseeker"), concluded_at=OuterRef("at"))
    rows = Contact.objects.select_related("author").annotate(conclusion=Subquery(interviews.values("notes")[:1]))
    for contact in newest(rows, asked):
        yield Event(
            at=contact.at,
            kind=TimelineKind.INTERVIEW if contact.nature in INTERVIEW_NATURES else TimelineKind.CONTACT,
            title=contact.get_nature_display(),
            channel=contact.get_channel_display(),
            text="\n".join(filter(None, (contact.told, contact.conclusion))),
            by=said_by(contact.author),
        )


def periods(asked: TimelineRequest) -> Iterator[Event]:
    for period in newest(Accompaniment.objects.select_related("decided_by"), asked, at="started_at"):
        yield Event(
            at=period.started_at,
            kind=TimelineKind.TRACK,
            title=f"Accompagnement {period.get_tier_display().lower()}, {period.get_track_display().lower()}",
            text=period.reason,
            by=said_by(period.decided_by),
            marks=True,
        )


def enrolment_steps(asked: TimelineRequest) -> Iterator[Event]:
    rows = EnrolmentEvent.objects.select_related("actor", "enrolment")
    for step in newest(rows, asked, person="enrolment__jobseeker"):
        refused = step.to_state == EnrolmentState.REFUSED
        yield Event(
            at=step.at,
            kind=TimelineKind.TRACK,
            title=ENROLMENT_STEPS[EnrolmentState(step.to_state)],
            text=step.enrolment.get_refusal_reason_display() if refused else "",
            by=said_by(step.actor),
        )


def acceptances(asked: TimelineRequest) -> Iterator[Event]:
    for consent in newest(Consent.objects.select_related("text"), asked, at="accepted_at"):
        yield Event(
            at=consent.accepted_at,
            kind=TimelineKind.TRACK,
            title=f"Acceptation du 100 % web, version {consent.text.version}",
            by=asked.person.full_name,
        )


def placements(asked: TimelineRequest) -> Iterator[Event]:
    rows = Placement.objects.select_related("portfolio__adviser__user", "decided_by")
    for placement in newest(rows, asked, at="started_at"):
        yield Event(
            at=placement.started_at,
            kind=TimelineKind.TRACK,
            title=f"Suivi par {placement.portfolio.adviser}",
            text=placement.portfolio.get_modality_display(),
            by=said_by(placement.decided_by),
        )


def placement_ends(asked: TimelineRequest) -> Iterator[Event]:
    rows = Placement.objects.select_related("portfolio__adviser__user")
    for placement in newest(rows, asked, at="ended_at"):
        yield Event(
            at=placement.ended_at,
            kind=TimelineKind.TRACK,
            title=f"Fin du suivi par {placement.portfolio.adviser}",
            text=placement.get_end_reason_display(),
        )


def covers(asked: TimelineRequest) -> Iterator[Event]:
    """The colleagues who replaced the adviser while the person was in the portfolio."""
    zone = asked.person.agency.zone
    until = (asked.before or timezone.now()).astimezone(zone).date()
    rows = Cover.objects.standing().filter(
        Q(portfolio__placements__ended_at=None) | Q(portfolio__placements__ended_at__date__gte=F("starts_on")),
        portfolio__placements__jobseeker=asked.person,
        portfolio__placements__started_at__date__lte=F("ends_on"),
        starts_on__lte=until,
    )
    found = rows.select_related("colleague__user", "portfolio__adviser__user").order_by("-starts_on", "-pk").distinct()
    for cover in found[: asked.limit]:
        begins = datetime.combine(cover.starts_on, time(), tzinfo=zone)
        if asked.before is None or begins < asked.before:
            yield Event(
                at=begins,
                kind=TimelineKind.TRACK,
                title=f"Relais par {cover.colleague}, en l'absence {of_name(cover.portfolio.adviser)}",
                text=f"Jusqu'au {day_in_style(cover.ends_on, 'j F Y')} inclus",
            )


def own_facts(asked: TimelineRequest) -> Iterator[Event]:
    """Device tests and corrected details; only the audit has their dates."""
    rows = AuditEntry.objects.filter(action__in=(AuditAction.EQUIPMENT, AuditAction.UPDATED)).select_related("actor")
    for entry in newest(rows, asked):
        failed = entry.details.get("carries_video") is False
        yield Event(
            at=entry.at,
            kind=TimelineKind.OWN,
            title=audit_in_words(entry.action, entry.details),
            text="La visio n'a pas fonctionné." if failed else "",
            by=said_by(entry.actor),
        )


def plans(asked: TimelineRequest) -> Iterator[Event]:
    for plan in newest(ContactPlan.objects.select_related("decided_by"), asked, at="created_at"):
        yield Event(
            at=plan.created_at,
            kind=TimelineKind.PLAN,
            title=f"Plan de contact : {plan.get_nature_display().lower()} {frequency_in_words(plan.interval_days)}",
            channel=plan.get_channel_display(),
            text=plan.reason,
            by=said_by(plan.decided_by),
        )


def plan_reviews(asked: TimelineRequest) -> Iterator[Event]:
    rows = PlanReview.objects.filter(outcome=ReviewOutcome.KEPT).select_related("by")
    for review in newest(rows, asked, person="plan__jobseeker"):
        yield Event(
            at=review.at,
            kind=TimelineKind.PLAN,
            title="Plan de contact revu et gardé",
            text=review.comment,
            by=said_by(review.by),
        )


def plan_requests(asked: TimelineRequest) -> Iterator[Event]:
    for request in newest(PlanRequest.objects.all(), asked, at="asked_at"):
        yield Event(
            at=request.asked_at,
            kind=TimelineKind.PLAN,
            title="Changement du plan de contact demandé",
            text=request.comment,
            by=asked.person.full_name,
        )


def withdrawn_plan_requests(asked: TimelineRequest) -> Iterator[Event]:
    for request in newest(PlanRequest.objects.select_related("withdrawn_by"), asked, at="withdrawn_at"):
        yield Event(
            at=request.withdrawn_at,
            kind=TimelineKind.PLAN,
            title="Demande de changement du plan de contact retirée",
            by=said_by(request.withdrawn_by),
        )


def obligations(asked: TimelineRequest) -> Iterator[Event]:
    settled = Obligation.objects.exclude(state=ObligationState.DUE)
    rows = settled.annotate(settled_at=Coalesce("held_at", "waived_at"))
    for obligation in newest(rows, asked, at="settled_at"):
        held = obligation.state == ObligationState.HELD
        yield Event(
            at=obligation.settled_at,
            kind=TimelineKind.PLAN,
            title=(
                f"Entretien obligatoire du {day_in_style(obligation.due_on, 'j F Y')}\u00a0: "
                f"{'tenu' if held else 'plus dû'}"
            ),
            text=obligation.waived_reason,
        )


def notes(asked: TimelineRequest) -> Iterator[Event]:
    for note in newest(Note.objects.select_related("author"), asked):
        yield Event(
            at=note.at,
            kind=TimelineKind.NOTE,
            title="Note de l'équipe" if note.withdrawn_at is None else "Note retirée par son auteur",
            text=note.body if note.withdrawn_at is None else "",
            by=said_by(note.author),
        )


def documents(asked: TimelineRequest) -> Iterator[Event]:
    for document in newest(Document.objects.select_related("added_by"), asked, at="added_at"):
        yield Event(
            at=document.added_at,
            kind=TimelineKind.DOCUMENT,
            title="Document",
            about=document.title,
            text="Retiré depuis." if document.removed_at else "",
            by=said_by(document.added_by),
        )


def objectives(asked: TimelineRequest) -> Iterator[Event]:
    for objective in newest(Objective.objects.select_related("created_by"), asked, at="created_at"):
        yield Event(
            at=objective.created_at,
            kind=TimelineKind.PLAN,
            title="Objectif",
            about=objective.title,
            by=said_by(objective.created_by),
        )


def closed_objectives(asked: TimelineRequest) -> Iterator[Event]:
    for objective in newest(Objective.objects.all(), asked, at="closed_at"):
        yield Event(at=objective.closed_at, kind=TimelineKind.PLAN, title="Objectif clos", about=objective.title)


def steps_done(asked: TimelineRequest) -> Iterator[Event]:
    rows = Step.objects.select_related("done_by")
    for step in newest(rows, asked, at="done_at", person="objective__jobseeker"):
        yield Event(
            at=step.done_at, kind=TimelineKind.PLAN, title=f"Étape faite : {step.title}", by=said_by(step.done_by)
        )


def on_site_requests(asked: TimelineRequest) -> Iterator[Event]:
    for request in newest(OnSiteRequest.objects.select_related("answered_by"), asked, at="asked_at"):
        yield Event(
            at=request.asked_at,
            kind=TimelineKind.ON_SITE,
            title="Entretien en agence demandé",
            text=request.comment,
            by=asked.person.full_name,
        )


def on_site_answers(asked: TimelineRequest) -> Iterator[Event]:
    for request in newest(OnSiteRequest.objects.select_related("answered_by"), asked, at="answered_at"):
        yield Event(
            at=request.answered_at,
            kind=TimelineKind.ON_SITE,
            title="Réponse à la demande d'entretien en agence",
            text=request.answer,
            by=said_by(request.answered_by),
        )


def withdrawn_on_site_requests(asked: TimelineRequest) -> Iterator[Event]:
    for request in newest(OnSiteRequest.objects.select_related("withdrawn_by"), asked, at="withdrawn_at"):
        yield Event(
            at=request.withdrawn_at,
            kind=TimelineKind.ON_SITE,
            title="Demande d'entretien en agence retirée",
            by=said_by(request.withdrawn_by),
        )


def _only(kind: TimelineKind, *events: Any) -> list[Source]:
    return [Source(kinds=frozenset({kind}), events=one) for one in events]


CASELOAD_SOURCES: list[Source] = [
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
