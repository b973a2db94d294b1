"""Filters of the ground floor, and the perimeter."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Q, QuerySet

from accompaniment.enums import EnrolmentState, ObligationState, Role
from accompaniment.perimeter import staff_perimeter
from accompaniment.rules import OPEN_ENROLMENT_STATES

if TYPE_CHECKING:
    from accompaniment.models import User


class JobseekerQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep the user's own file, or for staff the files of their perimeter."""
        if user.role == Role.JOBSEEKER:
            return self.filter(user=user)
        return self.filter(staff_perimeter(user))


class OfJobseekerQuerySet(QuerySet[Any]):
    """Rows that belong to one person's file through a field named `jobseeker`; upper apps build on it."""

    def visible_to(self, user: "User") -> Self:
        """Keep the rows of the files that the user may see."""
        if user.role == Role.JOBSEEKER:
            return self.filter(jobseeker__user=user)
        return self.filter(jobseeker__in=self.model.jobseeker.field.related_model.objects.visible_to(user))


class EnrolmentQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_ENROLMENT_STATES)

    def awaiting_decision(self) -> Self:
        """Keep the volunteers who wait for their registration interview, oldest first."""
        return self.filter(state=EnrolmentState.ASKED).order_by("asked_at", "pk")


class AccompanimentQuerySet(OfJobseekerQuerySet):
    def current(self) -> Self:
        return self.filter(ended_at=None)


class ContactPlanQuerySet(OfJobseekerQuerySet):
    def current(self) -> Self:
        return self.filter(ended_on=None)


class ObligationQuerySet(OfJobseekerQuerySet):
    def due(self) -> Self:
        return self.filter(state=ObligationState.DUE)


class NotificationQuerySet(QuerySet[Any]):
    def to_send(self, now: datetime) -> Self:
        """Keep what waits and whose next try has come, oldest first."""
        return self.filter(Q(sent_at=None, given_up_at=None), next_try_at__lte=now).order_by("pk")


class OnSiteRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(answered_at=None)
