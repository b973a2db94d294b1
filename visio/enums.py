"""Closed lists of the top floor."""

from enum import StrEnum

from django.db.models import TextChoices


class InterviewState(TextChoices):
    ON_HOLD = "on_hold", "Créneau gardé"
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
        """The wording for the person; the label is for staff."""
        return _NEXT_STEP_TOLD[self]


_NEXT_STEP_TOLD = {
    NextStep.CONTINUE: "on continue comme prévu",
    NextStep.REVIEW_PLAN: "nous revoyons ensemble le rythme de nos échanges",
    NextStep.ON_SITE: "nous nous voyons en agence",
    NextStep.TRAINING: "vous cherchez une formation",
    NextStep.APPLICATION: "vous candidatez à une offre",
}


class Outcome(TextChoices):
    """How an interview ended, as its adviser reports it."""

    HELD = "held", "L'entretien a eu lieu"
    INTERRUPTED = "interrupted", "Un problème technique l'a empêché ou interrompu"
    CANCELLED = "cancelled", "Il n'a pas eu lieu, sans conséquence pour la personne"
    EXCUSED = "excused", "La personne n'est pas venue, sans suite"
    NOTED = "noted", "La personne n'est pas venue\u00a0: noter une absence et lui demander une explication"


class AbsenceDecision(TextChoices):
    """The decision of a named person about a noted absence."""

    SET_ASIDE = "excused", "Sans suite\u00a0: l'absence ne compte pas"
    KEPT = "missed", "Confirmer l'absence"


class ReminderMoment(TextChoices):
    """When a person is reminded of an interview."""

    WEEK = "week", "Sept jours avant"
    DAY = "day", "Un jour avant"
    HOUR = "hour", "Une heure avant"


class RoomMoment(StrEnum):
    """The phase of a room, by the clock and the decision."""

    EARLY = "early"
    OPEN = "open"
    OVER = "over"
    CLOSED = "closed"


class RoomRole(StrEnum):
    """The two places in a room."""

    JOBSEEKER = "jobseeker"
    ADVISER = "adviser"


class RescueReply(TextChoices):
    """What somebody who is missed answers, as a button says it."""

    COMING = "coming", "J'arrive"
    TROUBLE = "trouble", "Problème technique"
    CANNOT = "cannot", "Je ne peux pas"
