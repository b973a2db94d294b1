"""Call-back requests, their windows, attempts and history."""

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from accompaniment.models import Jobseeker, User
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import OfJobseekerQuerySet
from caseload.models import Adviser, Placement
from messaging.enums import (
    AttemptOutcome,
    CallbackState,
    CallbackSubject,
    CallbackWay,
)
from messaging.rules import CLAIM_LASTS, OPEN_CALLBACKS, WAYS_WITH_NUMBER


class CallbackRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_CALLBACKS)

    def answered_by(self, user: User, *, now: datetime) -> Self:
        """Keep the requests that a member of staff may answer now.

        First it is the person's adviser and whoever covers for the adviser, then their team (`of_the_team`). The
        managers of the region follow at `manager_at`. The two latter answer without opening the file.
        """
        own = Q(jobseeker__in=Jobseeker.objects.visible_to(user))
        if user.is_manager:
            return self.filter(own, manager_at__lte=now)
        return self.filter(own | of_the_team(user, now=now))

    def to_call(self, now: datetime) -> Self:
        """Keep the open requests whose window is now, or whose windows have all passed."""
        window = CallbackWindow.objects.filter(request=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)
        return self.open().filter(Q(Exists(window)) | Q(window_ends_at__lte=now))

    def unclaimed(self, now: datetime) -> Self:
        """Keep the open requests that nobody has claimed, or whose claim has lapsed."""
        return self.filter(Q(state=CallbackState.OPEN) | Q(pk__in=self.model.objects.lapsed(now).values("pk")))

    def lapsed(self, now: datetime) -> Self:
        """Keep the requests that were claimed so long ago that somebody else may call."""
        return self.filter(state=CallbackState.CLAIMED, claimed_at__lte=now - CLAIM_LASTS)

    def to_tell(self) -> Self:
        """Keep the requests whose person was not reached, has not been told so yet, and is followed by somebody."""
        followed = Exists(Placement.objects.open().filter(jobseeker=OuterRef("jobseeker")))
        return self.filter(followed, state=CallbackState.UNREACHED, told_at=None)


def of_the_team(user: User, *, now: datetime) -> Q:
    """The requests of people of the adviser's agency that the whole team sees.

    These are the requests of which half of the promised time has passed, and those of people whom nobody follows.
    """
    nobody = ~Exists(Placement.objects.open().filter(jobseeker=OuterRef("jobseeker")))
    agency = Adviser.objects.filter(user=user).values("agency")
    return Q(jobseeker__agency__in=agency) & (Q(team_at__lte=now) | Q(nobody))


class CallbackRequest(models.Model):
    """The person asks to be called, on a subject, in one or more windows. One open request per person.

    A person who cannot telephone is answered in another way in the same windows. A member of staff claims the request
    before calling. Its windows are those of the present promise: after an attempt that did not reach the person they
    are the next ones.
    """

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="callback_requests")
    subject = models.CharField("sujet", max_length=10, choices=CallbackSubject)
    comment = models.TextField("précision", blank=True, max_length=1000)
    way = models.CharField("réponse", max_length=11, choices=CallbackWay, default=CallbackWay.PHONE, db_default="phone")
    phone = models.CharField("numéro à appeler", max_length=20, blank=True, help_text="format E.164")
    window_starts_at = models.DateTimeField("à partir de", help_text="the beginning of the first window")
    window_ends_at = models.DateTimeField("jusqu'à", help_text="the end of the last window: the call is due")
    team_at = models.DateTimeField("visible de l'équipe", help_text="after half of the windows' time")
    manager_at = models.DateTimeField("visible des responsables", help_text="after 80 % of the windows' time")
    asked_at = models.DateTimeField("demandé le")
    state = models.CharField("état", max_length=10, choices=CallbackState, default=CallbackState.OPEN)
    claimed_at = models.DateTimeField("pris le", null=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField("clos le", null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    told_at = models.DateTimeField(null=True, help_text="a person who was not reached was sent the next windows")
    outcome = models.TextField("suite donnée", blank=True)

    own: bool
    was_missed: bool
    relay: str | None
    follower: str | None
    # Set only by `reads.callback_queue.with_people`.

    objects = CallbackRequestQuerySet.as_manager()

    class Meta:
        ordering = ("window_ends_at", "pk")
        verbose_name = "demande de rappel"
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(state__in=("open", "claimed")),
                name="callback_one_open",
                violation_error_message="Une demande de rappel est déjà en cours.",
            ),
            models.CheckConstraint(
                condition=Q(way__in=("chat", "video")) | ~Q(phone=""), name="callback_number_or_another_way"
            ),
            models.CheckConstraint(
                condition=Q(
                    window_ends_at__gt=F("window_starts_at"),
                    team_at__gte=F("window_starts_at"),
                    manager_at__gte=F("team_at"),
                    manager_at__lte=F("window_ends_at"),
                ),
                name="callback_window_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state="claimed", claimed_at__isnull=False, claimed_by__isnull=False)
                | (~Q(state="claimed") & Q(claimed_at=None, claimed_by=None)),
                name="callback_claimed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("open", "claimed"), closed_at=None, closed_by=None)
                | (~Q(state__in=("open", "claimed")) & Q(closed_at__isnull=False, closed_by__isnull=False)),
                name="callback_closed_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(told_at=None) | Q(state="unreached", told_at__gte=F("closed_at")),
                name="callback_told_if_unreached",
            ),
        ]
        indexes = [
            models.Index(fields=("claimed_at",), condition=Q(state="claimed"), name="callback_claims"),
            models.Index(fields=("closed_at",), condition=Q(state="unreached", told_at=None), name="callback_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.state}"

    @property
    def zones(self) -> tuple[ZoneInfo]:
        """The person's time zone, in which the windows were chosen. Load the agency's region."""
        return (self.jobseeker.agency.zone,)

    @property
    def claim_ends_at(self) -> datetime | None:
        """The instant at which somebody else may call; None if nobody has the request in hand."""
        return self.claimed_at + CLAIM_LASTS if self.claimed_at is not None else None

    @property
    def in_writing(self) -> bool:
        return self.way == CallbackWay.CHAT

    @property
    def has_number(self) -> bool:
        return self.way in WAYS_WITH_NUMBER

    @property
    def number(self) -> str:
        """The number to call: while the request is open the one in the file, afterwards the one that was called.

        It is empty if the answer needs no number.
        """
        if not self.has_number:
            return ""
        return (self.jobseeker.phone if self.state in OPEN_CALLBACKS else "") or self.phone


class CallbackWindow(models.Model):
    """A time in which the person can be reached: [starts_at, ends_at)."""

    request = models.ForeignKey(CallbackRequest, models.CASCADE, related_name="windows")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ("starts_at", "pk")
        constraints = [
            models.UniqueConstraint(fields=("request", "starts_at"), name="callback_window_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="callback_windows_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.starts_at:%Y-%m-%d %H:%M}"


class CallbackAttempt(AppendOnly):
    """An attempt to reach the person, and what came of it."""

    request = models.ForeignKey(CallbackRequest, models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=12, choices=AttemptOutcome)
    phone = models.CharField(max_length=20, blank=True, help_text="the number that was called, in E.164")

    class Meta:
        ordering = ("at", "pk")
        constraints = [
            models.UniqueConstraint(fields=("request",), condition=Q(outcome="reached"), name="callback_reached_once"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.outcome}"


class CallbackEvent(AppendOnly):
    """One change of state of a call-back request."""

    request = models.ForeignKey(CallbackRequest, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=10, choices=CallbackState, blank=True)
    to_state = models.CharField(max_length=10, choices=CallbackState)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.request_id} {self.from_state}→{self.to_state}"
