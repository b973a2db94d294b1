"""Closed lists of the caseload floor."""

from django.db.models import TextChoices


class PlacementEnd(TextChoices):
    TRACK_ENDED = "track_ended", "Fin du parcours"
    TRANSFERRED = "transferred", "Transfert"
    ENROLMENT_CLOSED = "enrolment_closed", "Adhésion non aboutie"
    LEFT = "left", "Sortie"


class ImportKind(TextChoices):
    AGENCIES = "agencies", "Agences"
    ADVISERS = "advisers", "Conseillers"
    JOBSEEKERS = "jobseekers", "Inscriptions"


class ImportState(TextChoices):
    RUNNING = "running", "En cours"
    DONE = "done", "Terminé"
    FAILED = "failed", "Refusé"
