"""Closed lists of the messaging floor."""

from django.db.models import TextChoices


class WaitEndedBy(TextChoices):
    """What ends a wait for an answer, beside the answer itself."""

    NO_REPLY_NEEDED = "no_reply", "Pas de réponse nécessaire"
    CONTACT = "contact", "Contact consigné"


class ReplySeenBy(TextChoices):
    """Who sees a wait for an answer, one after the other."""

    DESK = "desk", "En évidence pour le conseiller"
    TEAM = "team", "Visible de l'équipe"
    MANAGER = "manager", "Visible des responsables"


class NotSentFor(TextChoices):
    """Why a message that a worker was to send did not leave."""

    REFUSED = "refused", "Refusé"
    STOPPED = "stopped", "Arrêté"
    WITHDRAWN = "withdrawn", "Retiré"


class MessageChangeKind(TextChoices):
    EDITED = "edited", "Modifié"
    DELETED = "deleted", "Supprimé"


class Placeholder(TextChoices):
    """What a canned reply fills in by itself. The value stands between braces in its text."""

    FIRST_NAME = "prenom", "le prénom de la personne"
    LAST_NAME = "nom", "le nom de la personne"
    WRITER = "mon_nom", "votre prénom et votre nom"
    ADVISER = "conseiller", "le conseiller qui suit la personne"
    AGENCY = "agence", "l'agence de la personne"
    AGENCY_PHONE = "telephone_agence", "le téléphone de cette agence"
    NEXT_INTERVIEW = "prochain_entretien", "le jour et l'heure du prochain entretien"

    @property
    def written(self) -> str:
        """The placeholder as it stands in a text."""
        return f"{{{self.value}}}"


class CallbackState(TextChoices):
    OPEN = "open", "À rappeler"
    CLAIMED = "claimed", "Rappel en cours"
    DONE = "done", "Rappel effectué"
    UNREACHED = "unreached", "Personne non jointe"
    CANCELLED = "cancelled", "Annulée"


class CallbackWay(TextChoices):
    """How the person is answered. Only the first way needs a voice."""

    PHONE = "phone", "Par téléphone"
    CHAT = "chat", "Par écrit, dans mes messages"
    VIDEO = "video", "En visio"
    RELAY_TEXT = "relay_text", "Par téléphone, avec transcription écrite"
    RELAY_SIGNS = "relay_signs", "Par téléphone, avec interprète en langue des signes"


class AttemptOutcome(TextChoices):
    """What came of an attempt to reach the person."""

    REACHED = "reached", "La personne a répondu"
    NO_ANSWER = "no_answer", "Pas de réponse"
    VOICEMAIL = "voicemail", "Message laissé sur le répondeur"
    WRONG_NUMBER = "wrong_number", "Mauvais numéro"


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


class LeftFor(TextChoices):
    """Why a file of an e-mail was not taken over."""

    KIND = "kind", "type de fichier non accepté"
    SIZE = "size", "fichier trop volumineux"
    EMPTY = "empty", "fichier vide"
    DAMAGED = "damaged", "image illisible ou trop grande"
    VIRUS = "virus", "virus trouvé"
    NUMBER = "number", "trop de fichiers dans un message"
    TOO_MANY = "too_many", "trop de fichiers envoyés en peu de temps"


class AttachmentState(TextChoices):
    """Whether a file may be opened. Only a file that is ready may be."""

    ARRIVING = "arriving", "En cours d'envoi"
    WAITING = "waiting", "En attente de l'analyse antivirus"
    READY = "ready", "Disponible"
    INFECTED = "infected", "Retirée\u00a0: un virus y a été trouvé"
    ERASED = "erased", "Effacée avec son message"
