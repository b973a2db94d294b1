"""Filters of the top floor."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db.models import F, Q

from accompaniment.querysets import ObligationQuerySet, OfJobseekerQuerySet
from caseload.querysets import managed_by
from visio.enums import InterviewState
from visio.rules import LIVE_STATES

if TYPE_CHECKING:
    from accompaniment.models import User


class InterviewQuerySet(OfJobseekerQuerySet):
    def live(self) -> Self:
        """Keep the interviews that hold a slot."""
        return self.filter(state__in=LIVE_STATES)

    def coming(self, now: datetime) -> Self:
        """Keep those that are still to take place or under way, the first one first."""
        return self.live().filter(ends_at__gt=now).order_by("starts_at", "pk")

    def to_conclude(self, now: datetime) -> Self:
        """Keep those whose end has passed and of which nobody has said what came of them, oldest first."""
        return self.live().filter(ends_at__lte=now).order_by("starts_at", "pk")

    def between(self, start: datetime, end: datetime) -> Self:
        """Keep those that begin in [start, end), in order of time."""
        return self.filter(starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "pk")

    def of_the_two(self, user: "User") -> Self:
        """Keep those of which the user is one of the two people: the jobseeker, or the adviser."""
        return self.filter(Q(jobseeker__user=user) | Q(adviser__user=user))

    def of_people_steered_by(self, user: "User") -> Self:
        """Keep those with people of a manager's regions: an adviser of the region may have had somebody of another."""
        return self.filter(managed_by(user, "jobseeker__agency__departement__region"))

    def conducted_by(self, user: "User") -> Self:
        """Keep an adviser's own interviews with people whom he or she follows, and what is still to be closed."""
        own = self.filter(adviser__user=user)
        return own.filter(Q(pk__in=own.visible_to(user).values("pk")) | Q(state__in=LIVE_STATES))

    def noted(self) -> Self:
        """Keep the absences that wait for a decision: answered ones first, then those whose time is over soonest."""
        return self.filter(state=InterviewState.NOTED).order_by(
            F("answered_at").asc(nulls_last=True), "answer_until", "pk"
        )

    def to_decide(self, now: datetime) -> Self:
        """Keep the noted absences that can be decided by now: explained, or no time to explain is left."""
        return self.filter(Q(answered_at__isnull=False) | Q(answer_until__lte=now))

    def with_absence(self) -> Self:
        """Keep the interviews from which an absence was noted, with what a page says of it."""
        return (
            self.filter(noted_at__isnull=False)
            .with_people()
            .select_related("noted_by", "closed_by", "jobseeker__agency__departement__region")
        )

    def with_people(self) -> Self:
        """Load what a page says of an interview."""
        return self.select_related(
            "jobseeker__user",
            "jobseeker__agency__departement__region",
            "adviser__user",
            "adviser__agency__departement__region",
            "obligation",
        )


def to_place(obligations: ObligationQuerySet) -> ObligationQuerySet:
    """Keep the obligations that are due and have no live interview, the nearest deadline first."""
    return obligations.due().exclude(interviews__state__in=LIVE_STATES).order_by("due_on", "pk")


def nearest_to_place(obligations: ObligationQuerySet) -> ObligationQuerySet:
    """Keep of each person the nearest obligation to place: as many as the portfolio list shows people to place."""
    nearest = to_place(obligations).order_by("jobseeker_id", "due_on", "pk").distinct("jobseeker_id")
    return obligations.filter(pk__in=nearest.values("pk")).order_by("due_on", "pk")
