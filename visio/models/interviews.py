"""Interviews."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import F, Q

from accompaniment.enums import OWN_CHANNELS, Channel
from accompaniment.models import Jobseeker, Obligation, User
from accompaniment.models.expressions import TsTzRange
from accompaniment.models.people import OfJobseekerQuerySet
from accompaniment.models.plan import ObligationQuerySet
from caseload.models import Adviser
from caseload.models.staff import managed_by
from visio.enums import InterviewState
from visio.rules import ABSENCE_STATES, LIVE_STATES, OPEN_STATES, SLOT_STATES
from visio.rules.rescue import may_report_failure
from visio.rules.states import STATES_TO_YOU, is_to_be_held, last_day_to_answer

if TYPE_CHECKING:
    from visio.models.outcomes import InterviewEvent

REASON_LENGTH = 500

NOT_CLOSED = (InterviewState.ON_HOLD, *OPEN_STATES)


class InterviewQuerySet(OfJobseekerQuerySet):
    def live(self) -> Self:
        """Keep the interviews that hold a slot."""
        return self.filter(state__in=LIVE_STATES)

    def taking(self, now: datetime) -> Self:
        """Keep what takes a slot now: live interviews, and the holds that have not ended. See `Interview.slots`."""
        return self.filter(Q(state__in=LIVE_STATES) | Q(state=InterviewState.ON_HOLD, held_until__gt=now))

    def coming(self, now: datetime) -> Self:
        """Keep the interviews that are to come or under way, the first one first."""
        return self.live().filter(ends_at__gt=now, call_ended_at=None).order_by("starts_at", "pk")

    def to_conclude(self, now: datetime) -> Self:
        """Keep the interviews that are over and whose outcome nobody has entered, oldest first."""
        over = Q(ends_at__lte=now) | Q(call_ended_at__isnull=False)
        return self.live().filter(over).order_by("starts_at", "pk")

    def open_to_the_person(self) -> Self:
        """Keep the live interviews and the noted absences that the person has not explained, in order of time."""
        unexplained = Q(state=InterviewState.NOTED, answered_at=None)
        return (
            self.filter(Q(state__in=LIVE_STATES) | unexplained).select_related("noted_by").order_by("starts_at", "pk")
        )

    def between(self, start: datetime, end: datetime) -> Self:
        """Keep the interviews that begin in [start, end), in order of time."""
        return self.filter(starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "pk")

    def of_the_two(self, user: User) -> Self:
        """Keep the interviews in which the user takes part, as jobseeker or as adviser."""
        return self.filter(Q(jobseeker__user=user) | Q(adviser__user=user))

    def of_people_steered_by(self, user: User) -> Self:
        """Keep the interviews with people of a manager's regions. Their adviser may be in another region."""
        return self.filter(managed_by(user, "jobseeker__agency__departement__region"))

    def conducted_by(self, user: User) -> Self:
        """Keep an adviser's own interviews with people whom they follow, and those that are still to be closed."""
        own = self.filter(adviser__user=user)
        return own.filter(Q(pk__in=own.visible_to(user).values("pk")) | Q(state__in=LIVE_STATES))

    def noted(self) -> Self:
        """Keep the absences that wait for a decision: explained ones first, then by the end of the time to explain."""
        return self.filter(state=InterviewState.NOTED).order_by(
            F("answered_at").asc(nulls_last=True), "answer_until", "pk"
        )

    def to_decide(self, now: datetime) -> Self:
        """Keep the noted absences that can be decided now: explained, or past the time to explain."""
        return self.filter(Q(answered_at__isnull=False) | Q(answer_until__lte=now))

    def with_absence(self) -> Self:
        """Keep the interviews with a noted absence, and load what a page shows of them."""
        return (
            self.filter(noted_at__isnull=False)
            .with_people()
            .select_related("noted_by", "closed_by", "jobseeker__agency__departement__region")
        )

    def with_people(self) -> Self:
        """Load what a page shows of an interview."""
        return self.select_related(
            "jobseeker__user",
            "jobseeker__agency__departement__region",
            "adviser__user",
            "adviser__agency__departement__region",
            "obligation",
        )


class InterviewManager(models.Manager.from_queryset(InterviewQuerySet)):  # type: ignore[misc]
    """Leaves out the holds: nobody has an interview yet."""

    def get_queryset(self) -> InterviewQuerySet:
        found: InterviewQuerySet = super().get_queryset()
        return found.exclude(state=InterviewState.ON_HOLD)


class Interview(models.Model):
    """An appointment by video, telephone or on site.

    `occupies_until` includes the buffer. Two live interviews never overlap for one adviser or for one jobseeker.
    """

    token = models.CharField(max_length=43, unique=True, help_text="address of the room; opens nothing by itself")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="interviews")
    adviser = models.ForeignKey(Adviser, models.PROTECT, related_name="interviews")
    obligation = models.ForeignKey(Obligation, models.PROTECT, null=True, blank=True, related_name="interviews")
    channel = models.CharField("canal", max_length=8, choices=[c for c in OWN_CHANNELS if c[0] != Channel.CHAT])
    starts_at = models.DateTimeField("début")
    ends_at = models.DateTimeField("fin")
    occupies_until = models.DateTimeField()
    state = models.CharField("état", max_length=12, choices=InterviewState, default=InterviewState.BOOKED)
    booked_at = models.DateTimeField()
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    arrived_at = models.DateTimeField("arrivée", null=True, help_text="when the person first waited in the room")
    adviser_arrived_at = models.DateTimeField(
        "arrivée du conseiller", null=True, help_text="when the adviser was first in the room"
    )
    in_room_since = models.DateTimeField(null=True, help_text="since when the person is in the room, if they are")
    adviser_in_room_since = models.DateTimeField(null=True, help_text="since when the adviser is in it, if they are")
    spoke_up_at = models.DateTimeField(
        null=True,
        help_text="when the person first said that they are late or cannot come, or the adviser cannot",
    )
    admitted_at = models.DateTimeField("entrée", null=True, help_text="when the adviser let the person in")
    phone_since = models.DateTimeField(
        "suite par téléphone", null=True, help_text="when a video interview went on by telephone"
    )
    call_ended_at = models.DateTimeField("appel terminé", null=True, help_text="when one of the two ended the call")
    call_ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    convocation_delivered_at = models.DateTimeField(null=True)
    technical_failure_at = models.DateTimeField(null=True)
    technical_failure_note = models.CharField(max_length=200, blank=True)
    noted_at = models.DateTimeField("absence notée", null=True, help_text="when the adviser noted an absence")
    noted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField(null=True, help_text="when the mail server took the e-mail that tells of it")
    answer_until = models.DateTimeField(null=True, help_text="before that nobody confirms it unheard")
    answered_at = models.DateTimeField(null=True, help_text="when the person first explained it")
    calendar_uid = models.UUIDField(
        db_default=RandomUUID(), editable=False, help_text="names it in calendars, also after a move"
    )
    calendar_sequence = models.PositiveIntegerField(default=0, db_default=0, help_text="grows with each told change")

    held_until = models.DateTimeField(null=True, help_text="the end of a hold: from then on others may have the slot")

    objects = InterviewManager()
    slots = InterviewQuerySet.as_manager()
    """With the holds. Only what finds or frees slots may see them."""

    class Meta:
        ordering = ("starts_at", "pk")
        verbose_name = "entretien"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) & Q(occupies_until__gte=F("ends_at")),
                name="interview_in_order",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=(Channel.VIDEO, Channel.PHONE, Channel.ON_SITE)),
                name="interview_channel",
            ),
            ExclusionConstraint(
                name="interview_adviser_free",
                expressions=[
                    ("adviser", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "occupies_until", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=SLOT_STATES),
                violation_error_message="Ce créneau vient d'être pris.",
            ),
            ExclusionConstraint(
                name="interview_jobseeker_free",
                expressions=[
                    ("jobseeker", RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "occupies_until", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=SLOT_STATES),
                violation_error_message="Vous avez déjà un entretien à cette heure.",
            ),
            models.UniqueConstraint(
                fields=("jobseeker",), condition=Q(state=InterviewState.ON_HOLD), name="interview_one_hold_per_person"
            ),
            models.CheckConstraint(
                condition=Q(state=InterviewState.ON_HOLD, held_until__isnull=False, obligation=None)
                | ~Q(state=InterviewState.ON_HOLD) & Q(held_until=None),
                name="interview_hold_ends",
            ),
            models.UniqueConstraint(
                fields=("calendar_uid",), condition=Q(state__in=LIVE_STATES), name="interview_one_live_per_calendar_uid"
            ),
            models.UniqueConstraint(
                fields=("calendar_uid", "calendar_sequence"), name="interview_calendar_sequence_grows"
            ),
            models.UniqueConstraint(
                fields=("obligation",),
                condition=Q(state__in=LIVE_STATES),
                name="interview_one_live_per_obligation",
            ),
            models.CheckConstraint(
                condition=Q(state__in=NOT_CLOSED, closed_at=None, closed_by=None)
                | Q(state=InterviewState.CANCELLED, closed_at__isnull=False)
                | (~Q(state__in=NOT_CLOSED) & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="interview_closed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(call_ended_at=None, call_ended_by=None)
                | Q(
                    admitted_at__isnull=False,
                    call_ended_at__isnull=False,
                    call_ended_at__gte=F("admitted_at"),
                    call_ended_by__isnull=False,
                ),
                name="interview_call_ended_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=ABSENCE_STATES)
                | Q(
                    convocation_delivered_at__isnull=False,
                    convocation_delivered_at__lt=F("starts_at"),
                    obligation__isnull=False,
                    technical_failure_at=None,
                    arrived_at=None,
                    spoke_up_at=None,
                    noted_at__isnull=False,
                    noted_at__gte=F("starts_at"),
                ),
                name="interview_absence_needs_proof",
            ),
            models.CheckConstraint(
                condition=Q(noted_at=None, noted_by=None, answer_until=None, told_at=None, answered_at=None)
                | Q(noted_at__isnull=False, noted_by__isnull=False, answer_until__isnull=False)
                & Q(answer_until__gt=F("noted_at")),
                name="interview_absence_noted_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state=InterviewState.MISSED)
                | Q(answered_at__isnull=False)
                | Q(told_at__isnull=False, closed_at__gte=F("answer_until")),
                name="interview_absence_heard",
            ),
            models.CheckConstraint(
                condition=~Q(state=InterviewState.INTERRUPTED) | Q(technical_failure_at__isnull=False),
                name="interview_interrupted_by_failure",
            ),
        ]
        indexes = [
            models.Index(fields=("adviser", "starts_at"), name="interview_by_adviser"),
            models.Index(fields=("jobseeker", "starts_at"), name="interview_by_jobseeker"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.starts_at:%Y-%m-%d %H:%M} {self.state}"

    @property
    def zones(self) -> tuple[ZoneInfo, ZoneInfo]:
        """The clocks of the two people's agencies. Load both with `with_people`."""
        return self.jobseeker.agency.zone, self.adviser.agency.zone

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_STATES

    def is_to_be_held(self, now: datetime) -> bool:
        return is_to_be_held(state=self.state, ends_at=self.ends_at, call_ended_at=self.call_ended_at, now=now)

    def may_report_failure(self, now: datetime) -> bool:
        """Return whether a technical problem may still be reported, and none is."""
        return self.technical_failure_at is None and may_report_failure(
            state=self.state, starts_at=self.starts_at, ends_at=self.ends_at, now=now
        )

    @property
    def state_to_you(self) -> str:
        """The state in words for the person."""
        return STATES_TO_YOU[InterviewState(self.state)]

    @property
    def answer_by(self) -> date | None:
        """The last day on which the person may explain an absence, in the adviser's zone."""
        if self.answer_until is None:
            return None
        return last_day_to_answer(self.answer_until, zone=self.adviser.agency.zone)

    @property
    def channel_used(self) -> Channel:
        """The channel that was used in the end."""
        return Channel.PHONE if self.phone_since else Channel(self.channel)

    def last_decision(self) -> "InterviewEvent | None":
        """Return the last decision of a named person about a noted absence, if there is one."""
        return self.events.filter(from_state__in=ABSENCE_STATES).select_related("actor").order_by("pk").last()


def to_place(obligations: ObligationQuerySet) -> ObligationQuerySet:
    """Keep the obligations that are due and have no live interview, the nearest deadline first."""
    return obligations.due().exclude(interviews__state__in=LIVE_STATES).order_by("due_on", "pk")


def nearest_to_place(obligations: ObligationQuerySet) -> ObligationQuerySet:
    """Keep each person's nearest obligation that has no interview: one row per person, as in the portfolio list."""
    nearest = to_place(obligations).order_by("jobseeker_id", "due_on", "pk").distinct("jobseeker_id")
    return obligations.filter(pk__in=nearest.values("pk")).order_by("due_on", "pk")
