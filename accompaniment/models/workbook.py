"""What adviser and person keep in a file together: team notes, the action plan, documents."""

from typing import Any, Self
from uuid import uuid4

from django.db import models
from django.db.models import Q, QuerySet

from accompaniment.models.people import Jobseeker, OfJobseekerQuerySet, User


class Note(models.Model):
    """A team note about a person, hidden from the person. A withdrawn note keeps its date."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="notes")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField("le")
    body = models.TextField("note", max_length=5000)
    withdrawn_at = models.DateTimeField("retirée le", null=True)

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = "note"
        constraints = [models.CheckConstraint(condition=~Q(body=""), name="note_not_empty")]
        indexes = [models.Index(fields=("jobseeker", "-at"), name="note_by_jobseeker")]

    def __str__(self) -> str:
        return f"note on {self.jobseeker_id} {self.at:%Y-%m-%d}"


class Objective(models.Model):
    """One objective of the person's action plan."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="objectives")
    title = models.CharField("objectif", max_length=200)
    created_at = models.DateTimeField("fixé le")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    due_on = models.DateField("pour le", null=True, blank=True)
    closed_at = models.DateTimeField("clos le", null=True)

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "pk")
        verbose_name = "objectif"
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="objective_has_title")]

    def __str__(self) -> str:
        return self.title


class StepQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the steps of the action plans that the user may see."""
        objectives = Objective.objects
        return self.filter(objective__in=objectives.visible_to(user))

    def readable_by(self, user: User) -> Self:
        """Keep the steps of the action plans that the user may at least read."""
        objectives = Objective.objects
        return self.filter(objective__in=objectives.readable_by(user))


class Step(models.Model):
    """One step towards an objective, which the person can tick."""

    objective = models.ForeignKey(Objective, models.CASCADE, related_name="steps")
    title = models.CharField("étape", max_length=200)
    due_on = models.DateField("pour le", null=True, blank=True)
    done_at = models.DateTimeField("faite le", null=True)
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    from_message = False
    # Whether it was written from a message; set only by `reads.action_plan.with_sources`.

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ("due_on", "pk")
        verbose_name = "étape"
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="step_done_by_someone",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="step_has_title"),
        ]

    def __str__(self) -> str:
        return self.title


DOCUMENTS = "documents"
"""The folder of the storage that has all documents."""


def document_path(document: "Document", filename: str) -> str:
    """Return the storage path of a document; it reveals neither the person nor the name."""
    return f"{DOCUMENTS}/{document.jobseeker_id % 100:02d}/{uuid4().hex}"


class Document(models.Model):
    """A file of a person's dossier, given by the person or by an adviser."""

    jobseeker = models.ForeignKey(Jobseeker, models.PROTECT, related_name="documents")
    title = models.CharField("titre", max_length=200)
    file = models.FileField("fichier", upload_to=document_path, max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField("taille", help_text="bytes")
    added_at = models.DateTimeField("ajouté le")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    removed_at = models.DateTimeField("retiré le", null=True)

    objects = OfJobseekerQuerySet.as_manager()

    class Meta:
        ordering = ("-added_at", "-pk")
        indexes = [models.Index(fields=("file",), condition=Q(removed_at=None), name="document_standing_file")]
        verbose_name = "document"

    def __str__(self) -> str:
        return self.title
