"""Makes interviews and what precedes them, through the real services."""

import secrets
from datetime import timedelta
from typing import Any

import factory
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel
from accompaniment.models import Jobseeker, Notification, Obligation
from accompaniment.services.plans import plan_obligations
from caseload.models import Adviser, Portfolio
from tests.accompaniment.factories import answer_delay
from tests.caseload.factories import PortfolioFactory, on_web_track
from visio.models import Interview
from visio.reads.availability import free_slots, last_day_offered
from visio.rules.slots import LENGTH, OCCUPIED
from visio.services.changes import log_state
from visio.services.hours import give_usual_hours
from visio.services.missed import note_absence, note_told


class InterviewFactory(factory.django.DjangoModelFactory):
    """A booked video interview that begins in five minutes, of a person on the web track with their own adviser.

    The slot need not be on the adviser's grid, so that a room can be open whenever the tests run.
    """

    class Meta:
        model = Interview

    jobseeker = factory.LazyFunction(on_web_track)
    adviser = factory.LazyAttribute(lambda interview: follower(interview.jobseeker))
    channel = Channel.VIDEO
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=5))
    ends_at = factory.LazyAttribute(lambda interview: interview.starts_at + LENGTH)
    occupies_until = factory.LazyAttribute(lambda interview: interview.starts_at + OCCUPIED)
    booked_at = factory.LazyFunction(timezone.now)
    booked_by = factory.LazyAttribute(lambda interview: interview.jobseeker.user)
    token = factory.LazyFunction(lambda: secrets.token_urlsafe(32))

    @classmethod
    def _create(cls, model_class: type[Interview], *args: Any, **kwargs: Any) -> Interview:
        interview = model_class.objects.create(*args, **kwargs)
        log_state(interview, actor=interview.booked_by, at=interview.booked_at, from_state="")
        return interview


def missed_interview(jobseeker: Jobseeker | None = None, **fields: Any) -> Interview:
    """Return a mandatory interview that began forty minutes ago, to which the person did not come.

    Its convocation was delivered, and the adviser was in the room."""
    person = jobseeker or on_web_track(bookable_portfolio())
    starts_at = fields.pop("starts_at", timezone.now() - timedelta(minutes=40))
    facts: dict[str, Any] = {
        "obligation": due_obligation(person),
        "booked_at": starts_at - timedelta(days=4),
        "convocation_delivered_at": starts_at - timedelta(days=3),
        "adviser_arrived_at": starts_at,
    }
    return InterviewFactory(jobseeker=person, starts_at=starts_at, **{**facts, **fields})


def noted_absence(jobseeker: Jobseeker | None = None, *, told: bool = True) -> Interview:
    """Return an interview from which an absence was noted just now. The person has been told."""
    answer_delay()
    missed = missed_interview(jobseeker)
    noted = note_absence(actor=missed.adviser.user, interview=missed)
    if told:
        with transaction.atomic():
            note_told(Notification.objects.get(key=f"absence-noted:{noted.pk}"), timezone.now())
    return Interview.objects.with_absence().get(pk=noted.pk)


def follower(jobseeker: Jobseeker) -> Adviser:
    return Adviser.objects.select_related("user", "agency__departement__region").get(
        portfolios__placements__jobseeker=jobseeker, portfolios__placements__ended_at=None
    )


def bookable_portfolio(**fields: Any) -> Portfolio:
    """Return a « guidé 100 % web » portfolio whose adviser has the usual hours."""
    portfolio = PortfolioFactory(**fields)
    give_usual_hours([portfolio.adviser])
    return portfolio


def due_obligation(jobseeker: Jobseeker) -> Obligation:
    """Return the obligation of the person's plan that is due now, planned by the real service."""
    plan_obligations()
    return Obligation.objects.due().get(jobseeker=jobseeker)


def first_slots(jobseeker: Jobseeker, obligation: Obligation | None = None) -> list[Any]:
    """Return the first slots that the picker would offer the person now."""
    adviser = follower(jobseeker)
    now = timezone.now()
    last_day = last_day_offered(adviser=adviser, obligation=obligation, now=now)
    return list(free_slots(adviser=adviser, jobseeker=jobseeker, now=now, last_day=last_day))
