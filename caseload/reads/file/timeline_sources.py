"""Events of this floor and the one below for a person's timeline."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import CharField, DateTimeField, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat
from django.utils import timezone

from accompaniment.enums import (
    AuditAction,
    Channel,
    ContactNature,
    EnrolmentState,
    Modality,
    ObligationState,
    RefusalReason,
    ReviewOutcome,
    Tier,
    Track,
)
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    Contact,
    ContactPlan,
    Document,
    EnrolmentEvent,
    Jobseeker,
    Note,
    Objective,
    Obligation,
    OnSiteRequest,
    PlanRequest,
    PlanReview,
    RegistrationInterview,
    Step,
)
from accompaniment.rules.audit_words import audit_in_words
from accompaniment.rules.french import day_in_style, frequency_in_words, of_name
from accompaniment.rules.presentation import ENROLMENT_STEPS
from caseload.enums import PlacementEnd, TimelineKind
from caseload.hooks.timeline import Event, Happened, Source
from caseload.models import Cover, Placement

INTERVIEW_NATURES = (ContactNature.INTERVIEW, ContactNature.REGISTRATION_INTERVIEW)


def own(rows: QuerySet[Any], person: str = "jobseeker") -> Callable[[Jobseeker], QuerySet[Any]]:
    """Return what keeps the rows of a person, who is found by the path `person`."""
    return lambda whom: rows.filter(**{person: whom})


def name_of(account: str) -> Concat:
    """Return the full name of the account at a path; a space if there is none."""
    return Concat(F(f"{account}__first_name"), Value(" "), F(f"{account}__last_name"), output_field=CharField())


def contact(kind: TimelineKind) -> Callable[[Happened], Event]:
    def told(happened: Happened) -> Event:
        written = Contact(**{name: happened[name] for name in ("summary", "began_by", "minutes")})
        return Event(
            at=happened.at,
            kind=kind,
            title=ContactNature(happened["nature"]).label,
            channel=Channel(happened["channel"]).label,
            text="\n".join(filter(None, (written.told, happened["conclusion"]))),
            by=happened["by"].strip(),
        )

    return told


def period(happened: Happened) -> Event:
    tier, track = Tier(happened["tier"]).label, Track(happened["track"]).label
    return Event(
        at=happened.at,
        kind=TimelineKind.TRACK,
        title=f"Accompagnement {tier.lower()}, {track.lower()}",
        text=happened["reason"],
        by=happened["by"].strip(),
        marks=True,
    )


def enrolment_step(happened: Happened) -> Event:
    refused = happened["to_state"] == EnrolmentState.REFUSED and happened["refusal_reason"]
    return Event(
        at=happened.at,
        kind=TimelineKind.TRACK,
        title=ENROLMENT_STEPS[EnrolmentState(happened["to_state"])],
        text=RefusalReason(happened["refusal_reason"]).label if refused else "",
        by=happened["by"].strip(),
    )


def acceptance(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.TRACK,
        title=f"Acceptation du 100\u00a0% web, version {happened['version']}",
        by=happened.person.full_name,
    )


def placement(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.TRACK,
        title=f"Suivi par {happened['adviser']}",
        text=Modality(happened["modality"]).label,
        by=happened["by"].strip(),
    )


def placement_end(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.TRACK,
        title=f"Fin du suivi par {happened['adviser']}",
        text=PlacementEnd(happened["end_reason"]).label if happened["end_reason"] else "",
    )


def covers_of(person: Jobseeker) -> QuerySet[Any]:
    """Return the relays while the person was in the portfolio, each from its first midnight in the agency's zone."""
    zone = person.agency.zone
    theirs = Cover.objects.standing().filter(
        Q(portfolio__placements__ended_at=None) | Q(portfolio__placements__ended_at__date__gte=F("starts_on")),
        portfolio__placements__jobseeker=person,
        portfolio__placements__started_at__date__lte=F("ends_on"),
        starts_on__lte=timezone.now().astimezone(zone).date(),
    )
    midnight = Func(
        Value(str(zone)), F("starts_on"), template="timezone(%(expressions)s::timestamp)", output_field=DateTimeField()
    )
    relays: QuerySet[Any] = Cover.objects.filter(pk__in=theirs.values("pk")).annotate(begins_at=midnight)
    return relays


def cover(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.TRACK,
        title=f"Relais par {happened['colleague']}, en l'absence {of_name(happened['adviser'])}",
        text=f"Jusqu'au {day_in_style(date.fromisoformat(happened['ends_on']), 'j F Y')} inclus",
    )


def own_fact(happened: Happened) -> Event:
    """Tell a device test or corrected details; only the audit has their dates."""
    failed = happened["details"].get("carries_video") is False
    return Event(
        at=happened.at,
        kind=TimelineKind.OWN,
        title=audit_in_words(happened["action"], happened["details"]),
        text="La visio n'a pas fonctionné." if failed else "",
        by=happened["by"].strip(),
    )


def plan(happened: Happened) -> Event:
    nature = ContactNature(happened["nature"]).label
    return Event(
        at=happened.at,
        kind=TimelineKind.PLAN,
        title=f"Plan de contact\u00a0: {nature.lower()} {frequency_in_words(happened['interval_days'])}",
        channel=Channel(happened["channel"]).label,
        text=happened["reason"],
        by=happened["by"].strip(),
    )


def obligation(happened: Happened) -> Event:
    held = happened["state"] == ObligationState.HELD
    due_on = day_in_style(date.fromisoformat(happened["due_on"]), "j F Y")
    return Event(
        at=happened.at,
        kind=TimelineKind.PLAN,
        title=f"Entretien obligatoire du {due_on}\u00a0: {'tenu' if held else 'plus dû'}",
        text=happened["waived_reason"],
    )


def note(happened: Happened) -> Event:
    stands = happened["withdrawn_at"] is None
    return Event(
        at=happened.at,
        kind=TimelineKind.NOTE,
        title="Note de l'équipe" if stands else "Note retirée par son auteur",
        text=happened["body"] if stands else "",
        by=happened["by"].strip(),
    )


def document(happened: Happened) -> Event:
    return Event(
        at=happened.at,
        kind=TimelineKind.DOCUMENT,
        title="Document",
        about=happened["title"],
        text="Retiré depuis." if happened["removed_at"] else "",
        by=happened["by"].strip(),
    )


def objective(happened: Happened) -> Event:
    by = happened["by"].strip()
    return Event(at=happened.at, kind=TimelineKind.PLAN, title="Objectif", about=happened["title"], by=by)


def closed_objective(happened: Happened) -> Event:
    return Event(at=happened.at, kind=TimelineKind.PLAN, title="Objectif clos", about=happened["title"])


def step_done(happened: Happened) -> Event:
    title = f"Étape faite\u00a0: {happened['title']}"
    return Event(at=happened.at, kind=TimelineKind.PLAN, title=title, by=happened["by"].strip())


def titled(kind: TimelineKind, title: str, *, by_the_person: bool = False) -> Callable[[Happened], Event]:
    """Return what tells an act with a title of its own, its text and who did it."""

    def told(happened: Happened) -> Event:
        by = happened.person.full_name if by_the_person else happened["by"].strip()
        return Event(at=happened.at, kind=kind, title=title, text=happened["text"], by=by)

    return told


def source(
    kind: TimelineKind,
    rows: Callable[[Jobseeker], QuerySet[Any]],
    told: Callable[[Happened], Event],
    *,
    at: str = "at",
    **facts: Any,
) -> Source:
    return Source(kind=kind, rows=rows, at=at, facts=facts, told=told)


# The conclusion is the team's: the journal, which the person reads, has the decision alone.
_CONCLUSION = Subquery(
    RegistrationInterview.objects.filter(jobseeker=OuterRef("jobseeker"), concluded_at=OuterRef("at")).values("notes")[
        :1
    ]
)
_CONTACT: dict[str, Any] = {
    "nature": "nature",
    "channel": "channel",
    "summary": "summary",
    "began_by": "began_by",
    "minutes": "minutes",
    "by": name_of("author"),
}
_ADVISER = "portfolio__adviser__user"
_NOTHING = Value("", CharField())

CASELOAD_SOURCES: list[Source] = [
    source(
        TimelineKind.INTERVIEW,
        own(Contact.objects.filter(nature__in=INTERVIEW_NATURES)),
        contact(TimelineKind.INTERVIEW),
        conclusion=_CONCLUSION,
        **_CONTACT,
    ),
    source(
        TimelineKind.CONTACT,
        own(Contact.objects.exclude(nature__in=INTERVIEW_NATURES)),
        contact(TimelineKind.CONTACT),
        conclusion=_NOTHING,
        **_CONTACT,
    ),
    source(
        TimelineKind.TRACK,
        own(Accompaniment.objects.all()),
        period,
        at="started_at",
        tier="tier",
        track="track",
        reason="reason",
        by=name_of("decided_by"),
    ),
    source(
        TimelineKind.TRACK,
        own(EnrolmentEvent.objects.all(), "enrolment__jobseeker"),
        enrolment_step,
        to_state="to_state",
        refusal_reason="enrolment__refusal_reason",
        by=name_of("actor"),
    ),
    source(TimelineKind.TRACK, own(Consent.objects.all()), acceptance, at="accepted_at", version="text__version"),
    source(
        TimelineKind.TRACK,
        own(Placement.objects.all()),
        placement,
        at="started_at",
        adviser=name_of(_ADVISER),
        modality="portfolio__modality",
        by=name_of("decided_by"),
    ),
    source(
        TimelineKind.TRACK,
        own(Placement.objects.all()),
        placement_end,
        at="ended_at",
        adviser=name_of(_ADVISER),
        end_reason="end_reason",
    ),
    source(
        TimelineKind.TRACK,
        covers_of,
        cover,
        at="begins_at",
        colleague=name_of("colleague__user"),
        adviser=name_of(_ADVISER),
        ends_on="ends_on",
    ),
    source(
        TimelineKind.PLAN,
        own(ContactPlan.objects.all()),
        plan,
        at="created_at",
        nature="nature",
        channel="channel",
        interval_days="interval_days",
        reason="reason",
        by=name_of("decided_by"),
    ),
    source(
        TimelineKind.PLAN,
        own(PlanReview.objects.filter(outcome=ReviewOutcome.KEPT), "plan__jobseeker"),
        titled(TimelineKind.PLAN, "Plan de contact revu et gardé"),
        text="comment",
        by=name_of("by"),
    ),
    source(
        TimelineKind.PLAN,
        own(PlanRequest.objects.all()),
        titled(TimelineKind.PLAN, "Changement du plan de contact demandé", by_the_person=True),
        at="asked_at",
        text="comment",
    ),
    source(
        TimelineKind.PLAN,
        own(PlanRequest.objects.all()),
        titled(TimelineKind.PLAN, "Demande de changement du plan de contact retirée"),
        at="withdrawn_at",
        text=_NOTHING,
        by=name_of("withdrawn_by"),
    ),
    source(
        TimelineKind.PLAN,
        own(
            Obligation.objects.exclude(state=ObligationState.DUE).annotate(settled_at=Coalesce("held_at", "waived_at"))
        ),
        obligation,
        at="settled_at",
        due_on="due_on",
        state="state",
        waived_reason="waived_reason",
    ),
    source(
        TimelineKind.PLAN,
        own(Objective.objects.all()),
        objective,
        at="created_at",
        title="title",
        by=name_of("created_by"),
    ),
    source(TimelineKind.PLAN, own(Objective.objects.all()), closed_objective, at="closed_at", title="title"),
    source(
        TimelineKind.PLAN,
        own(Step.objects.all(), "objective__jobseeker"),
        step_done,
        at="done_at",
        title="title",
        by=name_of("done_by"),
    ),
    source(
        TimelineKind.NOTE,
        own(Note.objects.all()),
        note,
        body="body",
        withdrawn_at="withdrawn_at",
        by=name_of("author"),
    ),
    source(
        TimelineKind.DOCUMENT,
        own(Document.objects.all()),
        document,
        at="added_at",
        title="title",
        removed_at="removed_at",
        by=name_of("added_by"),
    ),
    source(
        TimelineKind.OWN,
        own(AuditEntry.objects.filter(action__in=(AuditAction.EQUIPMENT, AuditAction.UPDATED))),
        own_fact,
        action="action",
        details="details",
        by=name_of("actor"),
    ),
    source(
        TimelineKind.ON_SITE,
        own(OnSiteRequest.objects.all()),
        titled(TimelineKind.ON_SITE, "Entretien en agence demandé", by_the_person=True),
        at="asked_at",
        text="comment",
    ),
    source(
        TimelineKind.ON_SITE,
        own(OnSiteRequest.objects.all()),
        titled(TimelineKind.ON_SITE, "Réponse à la demande d'entretien en agence"),
        at="answered_at",
        text="answer",
        by=name_of("answered_by"),
    ),
    source(
        TimelineKind.ON_SITE,
        own(OnSiteRequest.objects.all()),
        titled(TimelineKind.ON_SITE, "Demande d'entretien en agence retirée"),
        at="withdrawn_at",
        text=_NOTHING,
        by=name_of("withdrawn_by"),
    ),
]
