"""Closed lists of the top floor."""

from django.db.models import TextChoices


class InterviewState(TextChoices):
    BOOKED = "booked", "Prévu"
    IN_PROGRESS = "in_progress", "En cours"
    HELD = "held", "Tenu"
    INTERRUPTED = "interrupted", "Interrompu par un problème technique"
    MISSED = "missed", "Absence"
    CANCELLED = "cancelled", "Annulé"


class NextStep(TextChoices):
    CONTINUE = "continue", "Continuer comme prévu"
    REVIEW_PLAN = "review_plan", "Revoir le plan de contact"
    ON_SITE = "on_site", "Recevoir la personne en agence"
    TRAINING = "training", "Engager une formation"
    APPLICATION = "application", "Candidater à une offre"
