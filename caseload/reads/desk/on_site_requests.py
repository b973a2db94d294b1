"""Requests for a meeting on site: who sees and answers them, and how long people wait."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Aggregate, Count, F, FloatField, Func, Q

from accompaniment.models import Jobseeker, OnSiteRequest, User
from accompaniment.models.expressions import LocalDay
from accompaniment.models.plan import OnSiteRequestQuerySet
from accompaniment.rules.french import counted, duration_in_words
from caseload.reads.moves.who_answers import relay_of
from caseload.reads.perimeter import answered_on_site
from caseload.reads.steering.figures import Period, regions_of
from caseload.rules.portfolio import SUPPRESSION_THRESHOLD


class Median(Aggregate):
    """The median, as PostgreSQL interpolates it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


SECONDS_TO_ANSWER = Func(
    F("answered_at") - F("asked_at"),
    function="EXTRACT",
    template="%(function)s(EPOCH FROM %(expressions)s)::float8",
    output_field=FloatField(),
)


def requests_seen_by(user: User) -> OnSiteRequestQuerySet:
    """Return the requests that concern a member of staff.

    Those of their perimeter and, for an adviser, those of people of the agency whom nobody follows, since no other
    perimeter contains them.
    """
    if user.is_manager:
        of_the_regions: OnSiteRequestQuerySet = OnSiteRequest.objects.visible_to(user)
        return of_the_regions
    return requests_answered_by(user)


def requests_answered_by(user: User) -> OnSiteRequestQuerySet:
    """Return the requests that a member of staff may answer (`answered_on_site`)."""
    found: OnSiteRequestQuerySet = OnSiteRequest.objects.filter(
        jobseeker__in=Jobseeker.objects.filter(answered_on_site(user)).values("pk")
    )
    return found


@dataclass(frozen=True, slots=True)
class OnSiteAnswers:
    """Answers in a period with their median delay, requests withdrawn before the answer, and requests that wait today.

    A withdrawn request counts neither as answered nor as open.
    """

    answered: int
    median: timedelta | None
    withdrawn: int
    waiting: int

    @property
    def delay(self) -> str:
        """A sentence for managers. The delay is left out if there are few answers, because it would describe single
        people.
        """
        if self.median is None or self.answered < SUPPRESSION_THRESHOLD:
            return f"Moins de {SUPPRESSION_THRESHOLD} réponses sur la période"
        return f"La moitié des réponses est venue en {duration_in_words(self.median)} au plus"

    @property
    def taken_back(self) -> str:
        """A sentence for managers about withdrawn requests; small numbers are not shown."""
        if self.withdrawn < SUPPRESSION_THRESHOLD:
            return f"Moins de {SUPPRESSION_THRESHOLD} demandes retirées par la personne avant la réponse"
        return f"{counted(self.withdrawn, 'une demande retirée')} par la personne avant la réponse"

    @property
    def still_open(self) -> str:
        return f"{counted(self.waiting, 'une demande').capitalize()} sans réponse"


def on_site_answers(*, user: User, period: Period) -> OnSiteAnswers:
    """Return how fast requests were answered in the manager's regions, by each region's own days, in one statement."""
    region = "jobseeker__agency__departement__region"
    of_the_period = Q(day__gte=period.first, day__lte=period.last)
    taken_back = Q(withdrawn_day__gte=period.first, withdrawn_day__lte=period.last)
    found = (
        OnSiteRequest.objects.filter(**{f"{region}__in": regions_of(user).order_by()})
        .order_by()
        .annotate(
            day=LocalDay(F(f"{region}__timezone"), F("answered_at")),
            withdrawn_day=LocalDay(F(f"{region}__timezone"), F("withdrawn_at")),
        )
        .aggregate(
            answered=Count("pk", filter=of_the_period),
            seconds=Median(SECONDS_TO_ANSWER, filter=of_the_period),
            withdrawn=Count("pk", filter=taken_back),
            waiting=Count("pk", filter=Q(answered_at=None, withdrawn_at=None)),
        )
    )
    seconds = found["seconds"]
    return OnSiteAnswers(
        answered=found["answered"],
        median=None if seconds is None else timedelta(seconds=seconds),
        withdrawn=found["withdrawn"],
        waiting=found["waiting"],
    )


def oldest_first(requests: OnSiteRequestQuerySet, *, reader: User, now: datetime) -> OnSiteRequestQuerySet:
    """Sort open requests, load the person, and set `relay` to the adviser whom the reader covers."""
    found: OnSiteRequestQuerySet = (
        requests.open()
        .select_related("jobseeker__agency__departement__region")
        .annotate(relay=relay_of(reader, now=now))
        .order_by("asked_at", "pk")
    )
    return found
