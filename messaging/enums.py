"""Closed lists of the messaging floor."""

from django.db.models import TextChoices


class CallbackState(TextChoices):
    OPEN = "open", "À rappeler"
    DONE = "done", "Rappel effectué"
    CANCELLED = "cancelled", "Annulée"


class CallbackSubject(TextChoices):
    SEARCH = "search", "Ma recherche d'emploi"
    TRAINING = "training", "Une formation"
    INTERVIEW = "interview", "Un entretien"
    FILE = "file", "Mon dossier ou mon allocation"
    OTHER = "other", "Autre chose"


class Urgency(TextChoices):
    """How near a conversation is to the time within which it must be answered."""

    CALM = "calm", "Réponse attendue"
    SOON = "soon", "Bientôt 72 h"
    OVERDUE = "overdue", "72 h dépassées"
