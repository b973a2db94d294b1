"""How long people wait for the answer to a request to be received on site."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Aggregate, Count, F, FloatField, Func, Q

from accompaniment.models import OnSiteRequest, User
from caseload.figures import LocalDay, Period, regions_of
from caseload.rules import SUPPRESSION_THRESHOLD, duration


class Median(Aggregate):
    """The value in the middle, as PostgreSQL interpolates it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


SECONDS_TO_ANSWER = Func(
    F("answered_at") - F("asked_at"),
    function="EXTRACT",
    template="%(function)s(EPOCH FROM %(expressions)s)::float8",
    output_field=FloatField(),
)


@dataclass(frozen=True, slots=True)
class OnSiteAnswers:
    """The answers of a period, their median delay, and how many requests wait today."""

    answered: int
    median: timedelta | None
    waiting: int

    @property
    def sentence(self) -> str:
        """What a manager reads; of few answers the delay is not shown, for it would tell of single people."""
        waiting = f"{self.waiting} demande{'s' if self.waiting > 1 else ''} sans réponse aujourd'hui"
        if self.median is None or self.answered < SUPPRESSION_THRESHOLD:
            return f"Moins de {SUPPRESSION_THRESHOLD} réponses sur la période\u00a0; {waiting}."
        return f"La moitié des réponses est venue en {duration(self.median)} au plus\u00a0; {waiting}."


def on_site_answers(*, user: User, period: Period) -> OnSiteAnswers:
    """Return how fast requests were answered in the manager's regions, on the regions' own days: one statement."""
    region = "jobseeker__agency__departement__region"
    of_the_period = Q(day__gte=period.first, day__lte=period.last)
    found = (
        OnSiteRequest.objects.filter(**{f"{region}__in": regions_of(user).order_by()})
        .order_by()
        .annotate(day=LocalDay(F(f"{region}__timezone"), F("answered_at")))
        .aggregate(
            answered=Count("pk", filter=of_the_period),
            seconds=Median(SECONDS_TO_ANSWER, filter=of_the_period),
            waiting=Count("pk", filter=Q(answered_at=None)),
        )
    )
    seconds = found["seconds"]
    return OnSiteAnswers(
        answered=found["answered"],
        median=None if seconds is None else timedelta(seconds=seconds),
        waiting=found["waiting"],
    )
