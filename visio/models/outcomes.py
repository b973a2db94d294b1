"""What becomes of an interview: its changes of state, the explanation of an absence, and the report."""

from django.db import models
from django.db.models import Q

from accompaniment.models import Jobseeker, User
from accompaniment.models.guards import AppendOnly
from accompaniment.models.people import OfJobseekerQuerySet
from visio.enums import InterviewState, NextStep
from visio.models.interviews import REASON_LENGTH, Interview
from visio.rules import ABSENCE_STATES

ANSWER_LENGTH = 2000


class InterviewEvent(AppendOnly):
    """One change of state of an interview."""

    interview = models.ForeignKey(Interview, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=12, choices=InterviewState, blank=True)
    to_state = models.CharField(max_length=12, choices=InterviewState)
    reason = models.CharField("motif", max_length=REASON_LENGTH, blank=True)

    class Meta:
        ordering = ("at", "pk")
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_state__in=ABSENCE_STATES)
                | (~Q(reason="") & (Q(actor__isnull=False) | Q(to_state=InterviewState.EXCUSED))),
                name="interview_absence_decided_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.interview_id} {self.from_state}→{self.to_state}"


class AbsenceAnswer(AppendOnly):
    """The person's explanation of a noted absence. A later addition is a row of its own."""

    interview = models.ForeignKey(Interview, models.PROTECT, related_name="absence_answers")
    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField("explication", max_length=ANSWER_LENGTH)

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        ordering = ("at", "pk")
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="absence_answer_not_empty")]

    def __str__(self) -> str:
        return f"answer to {self.interview_id}"


class InterviewReport(AppendOnly):
    """The adviser's conclusions of an interview, and the next step."""

    interview = models.OneToOneField(Interview, models.PROTECT, related_name="report")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    conclusions = models.TextField("conclusions", max_length=5000)
    next_step = models.CharField("suite", max_length=12, choices=NextStep)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "compte rendu"
        constraints = [models.CheckConstraint(condition=~Q(conclusions=""), name="interview_report_not_empty")]

    def __str__(self) -> str:
        return f"report of {self.interview_id}"

    @property
    def next_step_told(self) -> str:
        """The next step in words for the person."""
        return NextStep(self.next_step).told_to_person
