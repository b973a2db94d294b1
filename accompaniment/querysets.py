"""Filters of the ground floor, and the perimeter."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from accompaniment.alphabet import alphabetical
from accompaniment.enums import (
    READING_ACTIONS,
    AuditAction,
    EnrolmentState,
    ObligationState,
    Role,
    ShownEntries,
    Tier,
    Track,
)
from accompaniment.perimeter import staff_perimeter, staff_reading_perimeter
from accompaniment.rules import NOT_BEGUN_STATES, OPEN_ENROLMENT_STATES
from accompaniment.search import named, words_of

if TYPE_CHECKING:
    from accompaniment.models import Agency, Jobseeker, Region, User


class RegionQuerySet(QuerySet[Any]):
    def in_order_of_opening(self) -> Self:
        """Order by day of opening, those that have none last, and count each region's agencies as `agency_count`.

        Names are ordered as people look for them, Île-de-France under I.
        """
        return self.annotate(agency_count=Count("departements__agencies")).order_by(
            F("web_opens_on").asc(nulls_last=True), alphabetical("name"), "pk"
        )


class AgencyQuerySet(QuerySet[Any]):
    def opening_with(self, region: "Region", *, day: date | None) -> Self:
        """Keep a region's agencies for which this day, or none, would be the region's: no later day of their own."""
        found = self.filter(departement__region=region)
        return found.exclude(web_opens_on__gt=day) if day else found


class JobseekerQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep the user's own file, or for staff the files of their perimeter."""
        if user.role == Role.JOBSEEKER:
            return self.filter(user=user)
        return self.filter(staff_perimeter(user))

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name: in any order, without accents, with a typing error or two."""
        return self.filter(named(words_of(words))) if words else self

    def readable_by(self, user: "User") -> Self:
        """Keep the files that the user may see, and those that he or she may read without doing anything in them."""
        if user.role == Role.JOBSEEKER:
            return self.filter(user=user)
        return self.filter(staff_reading_perimeter(user))


class OfJobseekerQuerySet(QuerySet[Any]):
    """Rows that belong to one person's file through a field named `jobseeker`; upper apps build on it."""

    def visible_to(self, user: "User") -> Self:
        """Keep the rows of the files that the user may see."""
        if user.role == Role.JOBSEEKER:
            return self.filter(jobseeker__user=user)
        return self.filter(jobseeker__in=self.model.jobseeker.field.related_model.objects.visible_to(user))

    def readable_by(self, user: "User") -> Self:
        """Keep the rows of the files that the user may at least read."""
        if user.role == Role.JOBSEEKER:
            return self.filter(jobseeker__user=user)
        return self.filter(jobseeker__in=self.model.jobseeker.field.related_model.objects.readable_by(user))


class AuditEntryQuerySet(OfJobseekerQuerySet):
    def shown_as(self, shown: ShownEntries) -> Self:
        """Keep the readings only, everything but messages, or everything."""
        if shown == ShownEntries.READINGS:
            return self.filter(action__in=READING_ACTIONS)
        return self if shown == ShownEntries.ALL else self.exclude(action=AuditAction.MESSAGE)


class DeviceCheckQuerySet(OfJobseekerQuerySet):
    def latest_each(self) -> Self:
        """Keep each person's latest."""
        return self.order_by("jobseeker_id", "-at", "-pk").distinct("jobseeker_id")


class ConsentTextQuerySet(QuerySet[Any]):
    def binding(self) -> Self:
        """Keep the versions that have to be accepted, newest first; an older acceptance does not hold."""
        return self.filter(needs_acceptance=True).order_by("-version")


class ConsentQuerySet(OfJobseekerQuerySet):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class EnrolmentQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_ENROLMENT_STATES)

    def awaiting_decision(self) -> Self:
        """Keep the volunteers who wait for their registration interview, oldest first."""
        return self.filter(state=EnrolmentState.ASKED).order_by("asked_at", "pk")

    def not_taken_on(self) -> Self:
        """Keep those that were refused, or taken back at the registration interview, without having been validated."""
        at_the_interview = Q(state=EnrolmentState.WITHDRAWN, interview__isnull=False)
        return self.filter(Q(state=EnrolmentState.REFUSED) | at_the_interview, validated_at=None)

    def settled_after(self, instant: datetime) -> Self:
        """Keep what was validated, refused, withdrawn or lapsed after this instant."""
        return self.filter(Q(validated_at__gt=instant) | Q(state__in=NOT_BEGUN_STATES, closed_at__gt=instant))

    def decided_at_interview(self, person: "Jobseeker") -> Self:
        """Keep a person's that were decided at a registration interview, with that interview, the newest first."""
        return (
            self.filter(jobseeker=person, interview__concluded_at__isnull=False)
            .select_related("interview__conducted_by")
            .order_by("-interview__concluded_at", "-pk")
        )

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name: in any order, without accents, with a typing error or two."""
        return self.filter(named(words_of(words), jobseeker="jobseeker__")) if words else self

    def with_interview_begun(self) -> Self:
        """Add `interview_begun`: whether a registration interview of the person is in progress."""
        interviews = self.model.interview.field.related_model.objects
        return self.annotate(
            interview_begun=Exists(interviews.filter(jobseeker=OuterRef("jobseeker"), concluded_at=None))
        )


class AccompanimentQuerySet(OfJobseekerQuerySet):
    def current(self) -> Self:
        return self.filter(ended_at=None)

    def that_may_ask(self, agencies: "Iterable[Agency]") -> Self:
        """Keep who may ask for the 100 % web where it is open.

        They are on the classic track in the tier guidé, with an e-mail address and no open enrolment.
        """
        enrolments = self.model.jobseeker.field.related_model.enrolments.rel.related_model.objects
        return self.current().filter(
            ~Exists(enrolments.open().filter(jobseeker=OuterRef("jobseeker"))),
            tier=Tier.GUIDE,
            track=Track.CLASSIC,
            jobseeker__agency__in=agencies,
            jobseeker__email__isnull=False,
        )


class ContactPlanQuerySet(OfJobseekerQuerySet):
    def current(self) -> Self:
        return self.filter(ended_on=None)

    def to_review(self, today: date) -> Self:
        """Keep the current plans that wait for the adviser: the person asks for another one, or the day has come.

        Adds `change_asked_at`. Wishes come first, the oldest at the top, then the plans by day of review.
        """
        requests = self.model.jobseeker.field.related_model.plan_requests.rel.related_model.objects
        asked = requests.open().filter(jobseeker=OuterRef("jobseeker")).values("asked_at")
        return (
            self.current()
            .annotate(change_asked_at=Subquery(asked[:1]))
            .filter(Q(review_on__lte=today) | Q(change_asked_at__isnull=False))
            .order_by(F("change_asked_at").asc(nulls_last=True), "review_on", "pk")
        )


class ObligationQuerySet(OfJobseekerQuerySet):
    def due(self) -> Self:
        return self.filter(state=ObligationState.DUE)


class NotificationQuerySet(QuerySet[Any]):
    def to_send(self, now: datetime) -> Self:
        """Keep what waits and whose next try has come, oldest first."""
        return self.filter(Q(sent_at=None, given_up_at=None), next_try_at__lte=now).order_by("pk")


class OnSiteRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        """Keep what waits for an answer: neither answered nor taken back."""
        return self.filter(answered_at=None, withdrawn_at=None)


class PlanRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        """Keep what waits for an answer: neither answered nor taken back."""
        return self.filter(answered_at=None, withdrawn_at=None)


class StepQuerySet(QuerySet[Any]):
    def visible_to(self, user: "User") -> Self:
        """Keep the steps of the action plans that the user may see."""
        objectives = self.model.objective.field.related_model.objects
        return self.filter(objective__in=objectives.visible_to(user))

    def readable_by(self, user: "User") -> Self:
        """Keep the steps of the action plans that the user may at least read."""
        objectives = self.model.objective.field.related_model.objects
        return self.filter(objective__in=objectives.readable_by(user))
