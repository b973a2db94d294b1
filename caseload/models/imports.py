"""Files that a manager has loaded."""

from typing import Any, Self

from django.db import models
from django.db.models import Q, QuerySet

from accompaniment.models import User
from caseload.enums import ImportKind, ImportState

UNFINISHED_IMPORTS = (ImportState.WAITING, ImportState.RUNNING, ImportState.ASKING)


class ImportRunQuerySet(QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the user's own imports; a manager of the whole country sees all."""
        manager = getattr(user, "manager", None)
        if manager is None:
            return self.none()
        return self.all() if manager.whole_country else self.filter(uploaded_by=user)

    def unfinished(self) -> Self:
        """Keep files that wait, and files whose worker ended while loading, oldest first."""
        return self.filter(state__in=(ImportState.WAITING, ImportState.RUNNING)).order_by("started_at", "pk")

    def for_history(self) -> Self:
        """Load only what a line of the history shows; the rejected rows are read on the file's own page."""
        return self.select_related("uploaded_by").defer("rejected_rows", "warned_rows", "rejected_csv")


class ImportRun(models.Model):
    """One file that a manager loaded, and the result."""

    kind = models.CharField("fichier", max_length=10, choices=ImportKind)
    filename = models.CharField("nom du fichier", max_length=200)
    uploaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField("état", max_length=8, choices=ImportState, default=ImportState.RUNNING)
    source = models.FileField("fichier reçu", upload_to="imports", blank=True, help_text="kept until it is loaded")
    bytes_total = models.PositiveBigIntegerField("taille", default=0)
    bytes_done = models.PositiveBigIntegerField("lu", default=0)
    attempts = models.PositiveSmallIntegerField("essais", default=0, help_text="how often a worker has taken it up")
    summary = models.JSONField(default=dict)
    rejected_rows = models.JSONField(default=list, help_text="[{line, column, reason, value}]")
    warned_rows = models.JSONField(default=list, help_text="the same shape, for rows that went in")
    rejected_csv = models.TextField(blank=True, help_text="the rejected rows as a file to correct and load again")
    error = models.TextField(blank=True)
    foreseen = models.JSONField(
        default=dict, blank=True, help_text="whose tier it changes, and how many leave their portfolio: asked first"
    )
    confirmed = models.CharField(
        "confirmé", max_length=64, blank=True, help_text="the mark of what a manager has read and confirmed"
    )

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at", "-pk")
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=UNFINISHED_IMPORTS, finished_at=None)
                | (~Q(state__in=UNFINISHED_IMPORTS) & Q(finished_at__isnull=False)),
                name="import_run_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.filename}"

    @property
    def percent_read(self) -> int:
        """How much of the file the worker has read, as whole per cents."""
        return min(100, self.bytes_done * 100 // self.bytes_total) if self.bytes_total else 0

    @property
    def rejected(self) -> int:
        """How many rows were rejected; for a file that was loaded."""
        return int(self.summary.get("rejected", 0))

    @property
    def nothing_went_in(self) -> bool:
        """Return whether a file was read to its end and each of its rows was rejected."""
        return self.state == ImportState.DONE and 0 < self.rejected == self.summary.get("rows")
