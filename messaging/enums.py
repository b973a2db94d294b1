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


class Panel(TextChoices):
    """The panels of the page of the day. The value is the end of the panel's HTML id."""

    TODAY = "aujourdhui", "Aujourd'hui"
    MESSAGES = "a-repondre", "Messages à traiter"
    CALLBACKS = "rappels", "Rappels à faire"
    ON_SITE = "en-agence", "Demandes d'entretien en agence"
    ABSENCES = "absences", "Absences à décider"
    OBLIGATIONS = "echeances", "Entretiens à fixer"
    PLANS = "plans", "Plans de contact à revoir"
    VOLUNTEERS = "inscriptions", "Volontaires à recevoir"
    PORTFOLIOS = "portefeuilles", "Mes portefeuilles"
    WAITING = "liste-d-attente", "Liste d'attente"
    NEXT_FREE = "heure-libre", "Ma prochaine heure libre"
