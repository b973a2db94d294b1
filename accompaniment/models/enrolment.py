"""Enrolment in the 100 % web track, acceptance, and the periods of accompaniment."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accompaniment.enums import (
    OWN_CHANNELS,
    Awaited,
    Bandwidth,
    EnrolmentState,
    LeavingReason,
    PreferredHours,
    RefusalReason,
    Tier,
    Track,
)
from accompaniment.models.expressions import TsTzRange, where_given
from accompaniment.models.guards import AppendOnly, Guarded, Guards
from accompaniment.models.people import Jobseeker, OfJobseekerQuerySet, User
from accompaniment.models.search import named, words_of
from accompaniment.models.territory import Agency
from accompaniment.rules.tracks import NOT_BEGUN_STATES, OPEN_ENROLMENT_STATES, SHORTEST_ANSWER_DELAY


class ConsentTextQuerySet(QuerySet[Any]):
    def binding(self) -> Self:
        """Keep the versions that people must accept, newest first. Acceptance of an older one does not count."""
        return self.filter(needs_acceptance=True).order_by("-version")


class ConsentText(AppendOnly):
    """A version of what a person reads before accepting the track. Rows are never changed."""

    version = models.PositiveSmallIntegerField("version", unique=True)
    title = models.CharField("titre", max_length=120)
    body = models.TextField("texte")
    published_at = models.DateTimeField("publiée le")
    needs_acceptance = models.BooleanField(
        "à accepter de nouveau", default=True, help_text="who accepted an earlier version is asked again"
    )

    objects = ConsentTextQuerySet.as_manager()

    class Meta:
        ordering = ("-version",)
        get_latest_by = "version"

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"


class ConsentQuerySet(OfJobseekerQuerySet):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class Consent(Guarded):
    """A person's dated acceptance of one version of the text."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, models.PROTECT, related_name="consents")
    accepted_at = models.DateTimeField("acceptée le")
    withdrawn_at = models.DateTimeField("retirée le", null=True)
    shown = models.TextField("ce qui a été montré", blank=True, help_text="the text as the person read it")

    guards: ClassVar[Guards] = {
        "consent_is_only_withdrawn": "UPDATE",
        "consent_is_never_deleted": "DELETE",
        "never_truncated": "TRUNCATE",
    }

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("jobseeker",), condition=Q(withdrawn_at=None), name="consent_one_standing"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("accepted_at")),
                name="consent_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} v{self.text_id} {self.accepted_at:%Y-%m-%d}"


class RegistrationInterview(models.Model):
    """The registration and diagnosis interview (EID), where tier and track are decided."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="registration_interviews")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="registration_interviews")
    conducted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    concluded_at = models.DateTimeField(null=True)
    identity_checked = models.BooleanField("identité vérifiée", default=False)
    situation = models.TextField("situation", blank=True)
    has_webcam = models.BooleanField("webcam", null=True)
    bandwidth = models.CharField("connexion", max_length=6, choices=Bandwidth, blank=True)
    at_ease = models.BooleanField("à l'aise avec les outils numériques", null=True)
    preferred_channel = models.CharField("canal préféré", max_length=8, choices=OWN_CHANNELS, blank=True)
    preferred_hours = models.CharField("heures préférées", max_length=12, choices=PreferredHours, blank=True)
    tier = models.CharField("modalité décidée", max_length=8, choices=Tier, blank=True)
    notes = models.TextField("conclusion", blank=True)
    typed = models.JSONField(
        "saisie en cours", default=dict, blank=True, help_text="by field name, as typed; emptied at the conclusion"
    )
    touched = models.JSONField(
        "auteurs de la saisie",
        default=dict,
        blank=True,
        help_text="by field name: who typed it last (by) and when (at)",
    )
    saved_at = models.DateTimeField("saisie enregistrée le", null=True)

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("jobseeker",), condition=Q(concluded_at=None), name="registration_interview_one_open"
            ),
            models.CheckConstraint(
                condition=Q(concluded_at=None) | (Q(identity_checked=True) & ~Q(tier="")),
                name="registration_interview_concluded",
            ),
        ]

    def __str__(self) -> str:
        return f"EID {self.jobseeker_id} {self.started_at:%Y-%m-%d}"


class EnrolmentQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN_ENROLMENT_STATES)

    def awaiting_decision(self) -> Self:
        """Keep the volunteers who wait for their registration interview, oldest first."""
        return self.filter(state=EnrolmentState.ASKED).order_by("asked_at", "pk")

    def not_taken_on(self) -> Self:
        """Keep enrolments that were refused, or withdrawn at the registration interview, before any validation."""
        at_the_interview = Q(state=EnrolmentState.WITHDRAWN, interview__isnull=False)
        return self.filter(Q(state=EnrolmentState.REFUSED) | at_the_interview, validated_at=None)

    def settled_after(self, instant: datetime) -> Self:
        """Keep enrolments that were validated, refused, withdrawn or lapsed after this instant."""
        return self.filter(Q(validated_at__gt=instant) | Q(state__in=NOT_BEGUN_STATES, closed_at__gt=instant))

    def decided_at_interview(self, person: Jobseeker) -> Self:
        """Keep enrolments decided at a registration interview, load that interview, and sort newest first."""
        return (
            self.filter(jobseeker=person, interview__concluded_at__isnull=False)
            .select_related("interview__conducted_by")
            .order_by("-interview__concluded_at", "-pk")
        )

    def open_or_decided(self, person: Jobseeker) -> Self:
        """Keep the open enrolment as well as those decided at a registration interview, in the same order."""
        return (
            self.filter(Q(closed_at=None) | Q(interview__concluded_at__isnull=False), jobseeker=person)
            .select_related("interview__conducted_by")
            .order_by(F("interview__concluded_at").desc(nulls_last=True), "-pk")
        )

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name, in any order, without accents, allowing for typing errors."""
        return self.filter(named(words_of(words), jobseeker="jobseeker__")) if words else self

    def with_interview_begun(self) -> Self:
        """Add `interview_begun`: whether a registration interview of the person is in progress."""
        interviews = RegistrationInterview.objects
        return self.annotate(
            interview_begun=Exists(interviews.filter(jobseeker=OuterRef("jobseeker"), concluded_at=None))
        )


class Enrolment(models.Model):
    """A person's request for the 100 % web track, and its outcome.

    Constraints tie state and dates together. Every change leaves an `EnrolmentEvent`.
    """

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="enrolments")
    state = models.CharField("état", max_length=10, choices=EnrolmentState, default=EnrolmentState.ASKED)
    asked_at = models.DateTimeField("demandée le")
    interview = models.ForeignKey(
        RegistrationInterview, models.PROTECT, null=True, blank=True, related_name="enrolments", db_index=False
    )
    equipment_declared_at = models.DateTimeField("équipement déclaré le", null=True)
    has_webcam = models.BooleanField("webcam", null=True)
    bandwidth = models.CharField("connexion", max_length=6, choices=Bandwidth, blank=True)
    validated_at = models.DateTimeField("validée le", null=True)
    validated_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    consent = models.ForeignKey(Consent, models.PROTECT, null=True, related_name="enrolments", db_index=False)
    started_at = models.DateTimeField("début", null=True)
    closed_at = models.DateTimeField("close le", null=True, help_text="refus, retrait, caducité ou fin")
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    refusal_reason = models.CharField("motif du refus", max_length=16, choices=RefusalReason, blank=True)
    leaving_reason = models.CharField("motif de la fin", max_length=20, choices=LeavingReason, blank=True)
    comment = models.TextField("précision", blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        verbose_name = "adhésion au 100 % web"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=EnrolmentState.values), name="enrolment_state_known"),
            models.UniqueConstraint(
                fields=("jobseeker",),
                condition=Q(state__in=OPEN_ENROLMENT_STATES),
                name="enrolment_one_open",
                violation_error_message="Une adhésion est déjà en cours pour cette personne.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_ENROLMENT_STATES, closed_at=None)
                | (~Q(state__in=OPEN_ENROLMENT_STATES) & Q(closed_at__isnull=False)),
                name="enrolment_closed_or_open",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(EnrolmentState.VALIDATED, EnrolmentState.ACTIVE, EnrolmentState.ENDED))
                | (
                    Q(validated_at__isnull=False)
                    & Q(validated_by__isnull=False)
                    & Q(interview__isnull=False)
                    & Q(equipment_declared_at__isnull=False)
                    & Q(has_webcam__isnull=False)
                    & ~Q(bandwidth="")
                ),
                name="enrolment_validated_with_proof",
            ),
            models.CheckConstraint(
                condition=Q(state__in=(EnrolmentState.ACTIVE, EnrolmentState.ENDED))
                & Q(consent__isnull=False, started_at__isnull=False)
                | ~Q(state__in=(EnrolmentState.ACTIVE, EnrolmentState.ENDED)) & Q(started_at=None),
                name="enrolment_started_with_consent",
            ),
            models.CheckConstraint(
                condition=(Q(state=EnrolmentState.REFUSED) & ~Q(refusal_reason="") & Q(closed_by__isnull=False))
                | (~Q(state=EnrolmentState.REFUSED) & Q(refusal_reason="")),
                name="enrolment_refused_with_reason",
            ),
            models.CheckConstraint(
                condition=(Q(state=EnrolmentState.ENDED) & ~Q(leaving_reason=""))
                | (~Q(state=EnrolmentState.ENDED) & Q(leaving_reason="")),
                name="enrolment_ended_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=("asked_at",), condition=Q(state=EnrolmentState.ASKED), name="enrolment_waiting"),
            # `not_taken_on`: few, and counted on every page of a manager.
            models.Index(
                fields=("jobseeker",),
                condition=Q(state=EnrolmentState.REFUSED, validated_at=None)
                | Q(state=EnrolmentState.WITHDRAWN, interview__isnull=False, validated_at=None),
                name="enrolment_not_taken_on",
            ),
            where_given("interview", name="enrolment_by_interview"),
            where_given("validated_by", name="enrolment_by_validator"),
            where_given("consent", name="enrolment_by_consent"),
            where_given("closed_by", name="enrolment_by_closer"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.state}"


class EnrolmentEvent(AppendOnly):
    """One change of state of an enrolment."""

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    from_state = models.CharField(max_length=10, choices=EnrolmentState, blank=True)
    to_state = models.CharField(max_length=10, choices=EnrolmentState)

    class Meta:
        ordering = ("at", "pk")
        indexes = [where_given("actor", name="enrolment_event_by_actor")]

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.from_state}→{self.to_state}"


class LapseDelay(models.Model):
    """For how many days something waits, from a day on. Data, never code.

    An open enrolment lapses after that time without a decision. A noted absence waits that long for the person's
    explanation; nothing then happens by itself.
    """

    state = models.CharField("attente", max_length=10, choices=Awaited)
    days = models.PositiveSmallIntegerField("délai, en jours")
    starts_on = models.DateField("à partir du")
    reason = models.CharField("motif", max_length=200, blank=True)
    set_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ("state", "starts_on")
        verbose_name = "délai de caducité"
        constraints = [
            models.UniqueConstraint(fields=("state", "starts_on"), name="lapse_delay_once"),
            models.CheckConstraint(
                condition=Q(state__in=(Awaited.ASKED, Awaited.VALIDATED), days__gte=1)
                | Q(state=Awaited.ABSENCE, days__gte=SHORTEST_ANSWER_DELAY),
                name="lapse_delay_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.days} j"


class AccompanimentQuerySet(OfJobseekerQuerySet):
    def current(self) -> Self:
        return self.filter(ended_at=None)

    def that_may_ask(self, agencies: Iterable[Agency]) -> Self:
        """Keep the people who may ask for the 100 % web track where it is open.

        They are on the classic track in the tier guidé, with an e-mail address and without an open enrolment.
        """
        enrolments = Enrolment.objects
        return self.current().filter(
            ~Exists(enrolments.open().filter(jobseeker=OuterRef("jobseeker"))),
            tier=Tier.GUIDE,
            track=Track.CLASSIC,
            jobseeker__agency__in=agencies,
            jobseeker__email__isnull=False,
        )


class Accompaniment(Guarded):
    """One period of tier and track. A person has exactly one current period; history is only appended."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="accompaniments")
    tier = models.CharField("modalité", max_length=8, choices=Tier)
    track = models.CharField("parcours", max_length=9, choices=Track, default=Track.CLASSIC)
    enrolment = models.ForeignKey(
        Enrolment, models.PROTECT, null=True, blank=True, related_name="accompaniments", db_index=False
    )
    started_at = models.DateTimeField("début")
    ended_at = models.DateTimeField("fin", null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField("motif", max_length=200, blank=True)

    guards: ClassVar[Guards] = {
        "accompaniment_only_ends": "UPDATE",
        "accompaniment_is_followed": "UPDATE",
        "accompaniment_never_deleted": "DELETE",
        "never_truncated": "TRUNCATE",
    }

    objects = AccompanimentQuerySet.as_manager()

    class Meta:
        ordering = ("jobseeker", "started_at")
        verbose_name = "accompagnement"
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__in=Tier.values) & Q(track__in=Track.values),
                name="accompaniment_known_values",
            ),
            models.CheckConstraint(
                condition=~Q(track=Track.WEB) | Q(tier=Tier.GUIDE),
                name="accompaniment_web_only_guide",
                violation_error_message="Le 100 % web n'existe que dans la modalité « guidé ».",
            ),
            models.CheckConstraint(
                condition=Q(track=Track.WEB, enrolment__isnull=False) | Q(track=Track.CLASSIC, enrolment=None),
                name="accompaniment_web_from_enrolment",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gt=F("started_at")), name="accompaniment_in_order"
            ),
            models.UniqueConstraint(
                fields=("jobseeker",), condition=Q(ended_at=None), name="accompaniment_one_current"
            ),
            ExclusionConstraint(
                name="accompaniment_never_overlaps",
                expressions=[
                    ("jobseeker", RangeOperators.EQUAL),
                    (
                        TsTzRange("started_at", "ended_at", RangeBoundary()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [
            where_given("enrolment", name="accompaniment_by_enrolment"),
            where_given("decided_by", name="accompaniment_by_decider"),
        ]

    def __str__(self) -> str:
        return f"{self.jobseeker_id} {self.tier}/{self.track} {self.started_at:%Y-%m-%d}"
