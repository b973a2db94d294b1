"""Closed lists of the top floor."""

from enum import StrEnum

from django.db.models import TextChoices


class InterviewState(TextChoices):
    BOOKED = "booked", "Prévu"
    IN_PROGRESS = "in_progress", "En cours"
    HELD = "held", "Tenu"
    INTERRUPTED = "interrupted", "Interrompu par un problème technique"
    NOTED = "noted", "Absence notée, à décider"
    MISSED = "missed", "Absence confirmée"
    EXCUSED = "excused", "Absence sans suite"
    CANCELLED = "cancelled", "Annulé"


class NextStep(TextChoices):
    CONTINUE = "continue", "Continuer comme prévu"
    REVIEW_PLAN = "review_plan", "Revoir le plan de contact"
    ON_SITE = "on_site", "Recevoir la personne en agence"
    TRAINING = "training", "Engager une formation"
    APPLICATION = "application", "Candidater à une offre"

    @property
    def told_to_person(self) -> str:
        """What the person reads; the label is the staff's."""
        return _NEXT_STEP_TOLD[self]


_NEXT_STEP_TOLD = {
    NextStep.CONTINUE: "on continue comme prévu",
    NextStep.REVIEW_PLAN: "nous revoyons ensemble le rythme de nos échanges",
    NextStep.ON_SITE: "nous nous voyons en agence",
    NextStep.TRAINING: "vous cherchez une formation",
    NextStep.APPLICATION: "vous candidatez à une offre",
}


class Outcome(TextChoices):
    """What the adviser says came of an interview when closing it."""

    HELD = "held", "L'entretien a eu lieu"
    INTERRUPTED = "interrupted", "Un problème technique l'a empêché ou interrompu"
    CANCELLED = "cancelled", "Il n'a pas eu lieu, sans conséquence pour la personne"
    EXCUSED = "excused", "La personne n'est pas venue, sans suite"
    NOTED = "noted", "La personne n'est pas venue : noter une absence et lui demander une explication"


class AbsenceDecision(TextChoices):
    """What a named person decides of an absence that was noted."""

    SET_ASIDE = "excused", "Sans suite : l'absence ne compte pas"
    KEPT = "missed", "Confirmer l'absence"


class RoomMoment(StrEnum):
    """Where the clock and the decision stand for a room."""

    EARLY = "early"
    OPEN = "open"
    OVER = "over"
    CLOSED = "closed"


class RoomRole(StrEnum):
    """The two places in a room."""

    JOBSEEKER = "jobseeker"
    ADVISER = "adviser"
