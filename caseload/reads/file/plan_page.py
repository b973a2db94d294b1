"""What the page of a contact plan shows: the plan, its default, its history and what the person asks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from accompaniment.enums import ReviewOutcome
from accompaniment.models import (
    Accompaniment,
    Contact,
    ContactPlan,
    Jobseeker,
    Obligation,
    PlanDefault,
    PlanRequest,
    PlanReview,
)
from accompaniment.reads.contact_plans import default_plan, ending_with_the_plan, plan_sentence, plan_states
from accompaniment.rules.meanwhile import Shown
from accompaniment.rules.tracks import as_planned, modality_of

USUAL_REVIEW_DAYS = 91
"""The default time until a review: three months."""

CONTACTS_OFFERED = 5


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan of the history with its sentence and the reviews that kept it, oldest first."""

    plan: ContactPlan
    sentence: str
    reviews: list[PlanReview]


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A person's contact plan, as the adviser's page shows it."""

    person: Jobseeker
    today: date
    current: PlanLine | None
    earlier: list[PlanLine]
    default: PlanDefault | None
    requests: list[PlanRequest]
    due: Obligation | None
    ending: list[str]
    """The mandatory interviews that another plan would end."""
    holding: list[Contact]
    """Contacts that could hold the due obligation; only if the plan asks for something else than interviews."""

    @property
    def open_request(self) -> PlanRequest | None:
        return next((one for one in self.requests if one.answered_at is None and one.withdrawn_at is None), None)

    @property
    def shown(self) -> Shown:
        """The state of the plan, as `plan_states` returns it."""
        return plan_states([self.person.pk])[self.person.pk]

    @property
    def review_due(self) -> bool:
        return self.current is not None and self.current.plan.review_on <= self.today

    @property
    def next_review(self) -> date:
        """The day proposed for the next review."""
        days = self.default.review_after_days if self.default else USUAL_REVIEW_DAYS
        return self.today + timedelta(days=days)


def plan_page(person: Jobseeker, *, now: datetime) -> PlanPage:
    """Return what the page shows, with a fixed number of statements. Load `agency__departement__region` with the
    person.
    """
    today = now.astimezone(person.agency.zone).date()
    period = Accompaniment.objects.current().get(jobseeker=person)
    plans = list(
        ContactPlan.objects.filter(jobseeker=person)
        .select_related("decided_by")
        .prefetch_related("reviews__by")
        .order_by("-starts_on", "-pk")
    )
    lines = [
        PlanLine(
            plan=plan,
            sentence=plan_sentence(plan, today=today),
            reviews=[review for review in plan.reviews.all() if review.outcome == ReviewOutcome.KEPT],
        )
        for plan in plans
    ]
    current = next((line for line in lines if line.plan.ended_on is None), None)
    due = Obligation.objects.due().filter(jobseeker=person, plan=current.plan).first() if current else None
    return PlanPage(
        person=person,
        today=today,
        current=current,
        earlier=[line for line in lines if line is not current],
        default=default_plan(modality=modality_of(period.tier, period.track), day=today),
        requests=list(PlanRequest.objects.filter(jobseeker=person).select_related("answered_by").order_by("-asked_at")),
        due=due,
        ending=ending_with_the_plan([person.pk]).get(person.pk, []),
        holding=_could_hold(due, current.plan) if due and current else [],
    )


def chosen_by_hand(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    """Keep contacts for which an adviser says what they hold. Interviews hold obligations by their report."""
    return contacts.exclude(source__startswith="interview:")


def _could_hold(due: Obligation, plan: ContactPlan) -> list[Contact]:
    """Return the last contacts of the plan's nature since the period began that hold no obligation yet."""
    since = due.period.lower - timedelta(days=1)
    found = chosen_by_hand(Contact.objects.select_related("author")).filter(
        jobseeker=due.jobseeker_id, nature__in=as_planned(plan.nature), at__date__gt=since, obligations=None
    )
    return list(found[:CONTACTS_OFFERED])
