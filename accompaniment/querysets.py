"""Filters of the ground floor, and the perimeter."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from accompaniment.alphabet import alphabetical
from accompaniment.enums import EnrolmentState, ObligationState, Role
from accompaniment.perimeter import staff_perimeter
from accompaniment.rules import OPEN_ENROLMENT_STATES

if TYPE_CHECKING:
    from accompaniment.models import User


class RegionQuerySet(QuerySet[Any]):
    def in_order_of_opening(self) -> Self:
        """Order by day of opening, those that have none last, and count each region's agencies as `agency_count`.

        Names are ordered as people look for them, Île-de-France under I.
        """
        return self.annotate(agency_count=Count("departements__agencies")).order_by(
            F("web_opens_on").asc(nulls_last=True), alphabetical("name"), "pk"
        )


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

    def decided_after(self, instant: datetime) -> Self:
        """Keep what was validated or refused after this instant."""
        return self.filter(Q(validated_at__gt=instant) | Q(state=EnrolmentState.REFUSED, closed_at__gt=instant))

    def matching(self, words: str) -> Self:
        """Keep the people of whom every word is in the name or the identifier; accents and case do not count."""
        kept = self
        for word in words.split():
            kept = kept.filter(
                Q(jobseeker__last_name__unaccent__icontains=word)
                | Q(jobseeker__first_name__unaccent__icontains=word)
                | Q(jobseeker__identifier__istartswith=word)
            )
        return kept

    def with_interview_begun(self) -> Self:
        """Add `interview_begun`: whether a registration interview of the person is in progress."""
        interviews = self.model.interview.field.related_model.objects
        return self.annotate(
            interview_begun=Exists(interviews.filter(jobseeker=OuterRef("jobseeker"), concluded_at=None))
        )


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
