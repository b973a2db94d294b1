"""Closed lists of the caseload floor."""

from django.db.models import TextChoices


class PlacementEnd(TextChoices):
    TRACK_ENDED = "track_ended", "Fin du parcours"
    TRANSFERRED = "transferred", "Transfert"
    LEFT = "left", "Sortie"
    TIER_CHANGED = "tier_changed", "Changement de modalité"
    REGION_CHANGED = "region_changed", "Changement de région"


class PlacementStart(TextChoices):
    """Why a person joins a portfolio without a transfer, as its adviser reads it."""

    VALIDATED = "validated", "validation à l'entretien d'inscription"
    WAITED = "waited", "Attendait un conseiller"
    TRACK_ENDED = "track_ended", "Fin du 100\u00a0% web"
    TIER_CHANGED = "tier_changed", "Changement de modalité"
    REGION_CHANGED = "region_changed", "Changement de région"


class TransferState(TextChoices):
    PLANNED = "planned", "Prévu"
    DONE = "done", "Fait"
    NOT_DONE = "not_done", "Non fait"
    CANCELLED = "cancelled", "Annulé"


class TransferObstacle(TextChoices):
    """Why a person of a batch was not moved. The page makes the sentence from the code and its facts."""

    GONE = "gone", "N'est plus là"
    LEFT = "left", "Sortie du portefeuille"
    NOT_YOURS = "not_yours", "N'est pas à vous"
    ALREADY_PLANNED = "already_planned", "Transfert déjà prévu"
    ALREADY_THERE = "already_there", "Déjà dans ce portefeuille"
    FULL = "full", "Complet"
    FILLED = "filled", "Complet le jour venu"
    NOBODY_ANSWERS = "nobody_answers", "Absent sans relais"
    ACCOUNT_CLOSED = "account_closed", "Compte fermé"
    OTHER_MODALITY = "other_modality", "Autre modalité"
    OTHER_REGION = "other_region", "Autre région"
    TOLD = "told", "Dit par une version précédente"


class CarriedAlong(TextChoices):
    """What moved along with a person, or is left to do. The page makes the sentence."""

    INTERVIEW_KEPT = "interview_kept", "Entretien repris"
    INTERVIEW_CANCELLED = "interview_cancelled", "Entretien annulé"
    CALLBACK = "callback", "Rappel repris"
    NO_ADDRESS = "no_address", "Personne à prévenir"
    TOLD = "told", "Dit par une version précédente"


class ImportKind(TextChoices):
    AGENCIES = "agencies", "Agences"
    ADVISERS = "advisers", "Conseillers"
    JOBSEEKERS = "jobseekers", "Inscriptions"


class ImportState(TextChoices):
    WAITING = "waiting", "En attente"
    RUNNING = "running", "En cours"
    ASKING = "asking", "À confirmer"
    DONE = "done", "Terminé"
    FAILED = "failed", "Refusé"


class QueueTab(TextChoices):
    """The tabs of « À traiter » on the page of the day. The value is that of `?besoin=`."""

    ALL = "tout", "Tout"
    MESSAGES = "messages", "Messages"
    CALLBACKS = "rappels", "Rappels"
    ON_SITE = "en-agence", "En agence"
    OBLIGATIONS = "echeances", "Échéances"
    PLANS = "plans", "Plans"
    VOLUNTEERS = "volontaires", "Volontaires"


class NeedKind(TextChoices):
    """What a person of the portfolio may be waiting for. The label is the filter's."""

    ON_SITE = "agence", "Demandes d'entretien en agence"
    CALLBACK = "rappel", "Rappels à faire"
    REPLY = "reponse", "Sans réponse"
    INTERVIEW = "entretien", "Entretiens du jour et à conclure"
    OBLIGATION = "echeance", "Entretiens à fixer"
    PLAN = "plan", "Plans à revoir"
    ACCEPTANCE = "acceptation", "En attente d'acceptation"
    NO_CONTACT = "contact", "Sans contact"


class Answerer(TextChoices):
    """Whose people the list shows: the reader's own, or those of an absent colleague."""

    OWN = "moi", "Mes portefeuilles"
    COVER = "relais", "En relais"


class Urgency(TextChoices):
    """The colour of a need: the value is the CSS class of the badge. A colour never appears without its phrase."""

    LATE = "error", "En retard"
    TODAY = "warning", "Aujourd'hui"
    SOON = "info", "Bientôt"
    LATER = "new", "Plus tard"


class CaseOrder(TextChoices):
    """The columns by which the portfolio list sorts. The value is the one in the address."""

    NEED = "besoin", "Besoin"
    NAME = "nom", "Nom"
    SINCE = "depuis", "Suivi depuis"
    LAST_CONTACT = "contact", "Dernier contact"
    NEXT_INTERVIEW = "entretien", "Prochain entretien"
    OBLIGATION = "echeance", "Prochaine échéance"
    REVIEW = "plan", "Plan à revoir"


class TimelineKind(TextChoices):
    """The kinds by which the timeline of a file is filtered. The value is the one in the address."""

    INTERVIEW = "entretiens", "Entretiens"
    CONTACT = "contacts", "Messages et appels"
    TRACK = "parcours", "Modalité et parcours"
    PLAN = "plan", "Plan et échéances"
    NOTE = "notes", "Notes"
    DOCUMENT = "documents", "Documents"
    ON_SITE = "agence", "En agence"
    OWN = "fiche", "Coordonnées et matériel"


class YesNo(TextChoices):
    """A question that is answered with yes or no, or is not answered yet."""

    YES = "oui", "Oui"
    NO = "non", "Non"
