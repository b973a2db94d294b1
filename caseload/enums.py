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


class NeedKind(TextChoices):
    """What a person of the portfolio may be waiting for; the label is the filter's."""

    CALLBACK = "rappel", "Rappels à faire"
    REPLY = "reponse", "Sans réponse"
    INTERVIEW = "entretien", "Entretiens du jour et à conclure"
    OBLIGATION = "echeance", "Entretiens à placer"
    ACCEPTANCE = "acceptation", "En attente d'acceptation"


class Urgency(TextChoices):
    """How a need is coloured. The value is the badge's class; a colour never stands without its phrase."""

    LATE = "error", "En retard"
    TODAY = "warning", "Aujourd'hui"
    SOON = "info", "Bientôt"
    LATER = "new", "Plus tard"


class CaseOrder(TextChoices):
    """The columns by which the portfolio list sorts; the value stands in the address."""

    NEED = "besoin", "Besoin"
    NAME = "nom", "Nom"
    SINCE = "depuis", "Suivi depuis"
    LAST_CONTACT = "contact", "Dernier contact"
    NEXT_INTERVIEW = "entretien", "Prochain entretien"
    OBLIGATION = "echeance", "Prochaine échéance"
