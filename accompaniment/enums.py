"""The domain's closed lists. Values are stored and exported; labels are what people read."""

from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    JOBSEEKER = "jobseeker", "Demandeur d'emploi"
    ADVISER = "adviser", "Conseiller"
    MANAGER = "manager", "Responsable"


class Theme(TextChoices):
    """How pages look; a browser without a choice follows its system."""

    LIGHT = "light", "Clair"
    DARK = "dark", "Sombre"


class Tier(TextChoices):
    """How much support the person needs (modalité)."""

    RENFORCE = "renforce", "Renforcé"
    GUIDE = "guide", "Guidé"
    SUIVI = "suivi", "Suivi"


class Track(TextChoices):
    """How the support is given (parcours)."""

    CLASSIC = "classique", "Classique"
    WEB = "web", "100\u00a0% web"


class Modality(TextChoices):
    """Tier and track together: what a portfolio, a cap and a cadence are set for."""

    RENFORCE = "renforce", "Renforcé"
    GUIDE = "guide", "Guidé"
    GUIDE_WEB = "guide_web", "Guidé 100\u00a0% web"
    SUIVI = "suivi", "Suivi"


class EnrolmentState(TextChoices):
    ASKED = "asked", "Demandée"
    VALIDATED = "validated", "Validée, en attente d'acceptation"
    REFUSED = "refused", "Refusée"
    LAPSED = "lapsed", "Close faute de réponse"
    WITHDRAWN = "withdrawn", "Retirée"
    ACTIVE = "active", "En cours"
    ENDED = "ended", "Terminée"


class Awaited(TextChoices):
    """What waits for somebody for a limited time. The first two are states of an enrolment."""

    ASKED = EnrolmentState.ASKED.value, "Demande qui attend la décision du conseiller"
    VALIDATED = EnrolmentState.VALIDATED.value, "Validation qui attend l'acceptation de la personne"
    ABSENCE = "absence", "Absence notée qui attend l'explication de la personne"


class SettingEvent(TextChoices):
    """What was done to a setting that begins on a day."""

    SET = "set", "Fixé"
    CANCELLED = "cancelled", "Annulé"


class Bandwidth(TextChoices):
    NONE = "aucun", "Pas d'accès à internet"
    POOR = "faible", "Connexion lente"
    GOOD = "bon", "Connexion rapide"


class Channel(TextChoices):
    VIDEO = "video", "Visio"
    PHONE = "phone", "Téléphone"
    ON_SITE = "on_site", "En agence"
    CHAT = "chat", "Messages"
    MAIL = "mail", "E-mail ou courrier"


OWN_CHANNELS = [(one.value, one.label) for one in Channel if one != Channel.MAIL]
"""The channels of the service itself, as choices: those that can be planned and preferred."""


class PreferredHours(TextChoices):
    MORNING = "matin", "Le matin"
    MIDDAY = "midi", "À la mi-journée"
    AFTERNOON = "apres_midi", "L'après-midi"
    ANY = "toute_heure", "À toute heure"


class FilePart(TextChoices):
    """The part of a person's file that was read, and its name for the person."""

    FILE = "file", "Fiche consultée"
    CONTACT_DETAILS = "contact_details", "Coordonnées consultées"
    CERTIFICATE = "certificate", "Attestation d'acceptation consultée"
    CONVERSATION = "conversation", "Conversation consultée"
    MESSAGES_FOUND = "messages_found", "Messages trouvés par une recherche"
    LAST_MESSAGE = "last_message", "Début du dernier message consulté dans une liste"
    DOCUMENTS = "documents", "Liste des documents consultée"
    DOCUMENT = "document", "Document consulté"
    ACTION_PLAN = "action_plan", "Plan d'action consulté"
    CONTACT_PLAN = "contact_plan", "Rythme des échanges consulté"
    CALLBACK = "callback", "Demande de rappel consultée"
    INTERVIEW = "interview", "Entretien consulté"
    ON_SITE_REQUEST = "on_site_request", "Demande d'entretien en agence consultée"
    REGISTRATION = "registration", "Entretien d'inscription consulté"
    SHEET = "sheet", "Fiche de synthèse consultée"
    FOUND_BY_SEARCH = "found_by_search", "Nom trouvé par une recherche dans l'agence"
    WAITING = "waiting", "Situation consultée pour trouver un conseiller"
    LATE_REPLY = "late_reply", "Attente d'une réponse consultée, sans les messages"


class ReaderCapacity(TextChoices):
    """The capacity in which a member of staff reads a file. Only its person reads the labels, after a name."""

    ADVISER = "adviser", "pour votre accompagnement"
    COVER = "cover", "en l'absence de votre conseiller"
    MANAGER = "manager", "responsable"
    FORMER = "former", "après votre changement de conseiller"
    COLLEAGUE = "colleague", "pour votre agence"


class ReviewOutcome(TextChoices):
    KEPT = "kept", "Plan gardé"
    CHANGED = "changed", "Plan modifié"


class ContactNature(TextChoices):
    REGISTRATION_INTERVIEW = "registration_interview", "Entretien d'inscription et de diagnostic"
    INTERVIEW = "interview", "Entretien de suivi"
    MESSAGE = "message", "Échange de messages"
    CALLBACK = "callback", "Rappel téléphonique"
    CALL = "call", "Appel téléphonique"
    VISIT = "visit", "Échange en agence"
    LETTER = "letter", "E-mail ou courrier"


class Initiator(TextChoices):
    """Who began a contact that an adviser notes."""

    PERSON = "person", "La personne"
    SERVICE = "service", "Le service"


class ObligationKind(TextChoices):
    FOLLOW_UP_INTERVIEW = "follow_up_interview", "Entretien de suivi obligatoire"


class ObligationState(TextChoices):
    DUE = "due", "À fixer"
    HELD = "held", "Tenu"
    WAIVED = "waived", "N'est plus dû"


class LeavingReason(TextChoices):
    """Why a person left the 100 % web track. A person need not give a reason."""

    BY_REQUEST = "by_request", "À la demande de la personne"
    TIER_CHANGE = "tier_change", "Changement de modalité"
    END_OF_REGISTRATION = "end_of_registration", "Fin d'inscription"


class RefusalReason(TextChoices):
    EQUIPMENT = "equipment", "Équipement ou connexion insuffisants"
    EASE = "ease", "Aisance numérique insuffisante"
    NEEDS_ON_SITE = "needs_on_site", "Besoin d'un accompagnement en agence"
    TIER = "tier", "La modalité décidée n'est pas le guidé"
    NOT_WANTED = "not_wanted", "La personne ne souhaite plus le 100\u00a0% web"


class NotificationKind(TextChoices):
    """Kinds of messages to people outside the pages. Each has a template in `messaging/emails/`."""

    INVITATION = "invitation", "Invitation à activer le compte"
    ACCOUNT_ACTIVATION = "account_activation", "Activation d'un compte d'agent"
    PASSWORD_RESET = "password_reset", "Nouveau mot de passe"
    NO_ACCOUNT_YET = "no_account_yet", "Chemin de la première connexion"
    ADDRESS_TO_CONFIRM = "address_to_confirm", "Nouvelle adresse à confirmer"
    ADDRESS_CHANGING = "address_changing", "Changement d'adresse, à l'ancienne"
    ADDRESS_CHANGED = "address_changed", "Adresse changée, à l'ancienne"
    ENROLMENT_REFUSED = "enrolment_refused", "Refus motivé"
    TRACK_STARTED = "track_started", "Début du 100\u00a0% web"
    TRACK_ENDED = "track_ended", "Fin du 100\u00a0% web"
    CHOOSE_SLOT = "choose_slot", "Invitation à choisir un créneau"
    INTERVIEW_BOOKED = "interview_booked", "Convocation à un entretien"
    INTERVIEW_CANCELLED = "interview_cancelled", "Annulation d'un entretien"
    INTERVIEW_REMINDER = "interview_reminder", "Rappel d'un entretien"
    INTERVIEW_RESCUE = "interview_rescue", "Entretien commencé sans vous"
    ABSENCE_NOTED = "absence_noted", "Absence notée\u00a0: explication demandée"
    ABSENCE_DECIDED = "absence_decided", "Décision sur une absence"
    ENROLMENT_LAPSED = "enrolment_lapsed", "Demande close faute de réponse"
    VOLUNTEER_LAPSED = "volunteer_lapsed", "Demande close faute de réponse, pour l'agence"
    ACCEPTANCE_ASKED = "acceptance_asked", "Nouvelle version à accepter"
    TIER_CHANGED = "tier_changed", "Changement de modalité"
    PLAN_CHANGED = "plan_changed", "Nouveau plan de contact"
    PLAN_REQUEST_ANSWERED = "plan_request_answered", "Réponse sur le plan de contact"
    ON_SITE_ANSWERED = "on_site_answered", "Réponse à une demande d'entretien en agence"
    ADVISER_CHANGED = "adviser_changed", "Nouveau conseiller"
    REGION_CHANGED = "region_changed", "Agence d'une autre région"
    PEOPLE_RECEIVED = "people_received", "Personnes reçues par transfert"
    PEOPLE_LEFT = "people_left", "Personnes parties d'un portefeuille"
    COVER_SET = "cover_set", "Relais confié"
    RELAY_MISSING = "relay_missing", "Absence sans relais, pour les responsables"
    DEVICE_TEST = "device_test", "Invitation à tester son matériel"
    UNREAD_MESSAGES = "unread_messages", "Messages non lus"


class NoticeChannel(TextChoices):
    """The ways by which a notification reaches a person outside the pages."""

    EMAIL = "email", "E-mail"
    SMS = "sms", "SMS"
    PUSH = "push", "Alerte sur l'appareil"


class Topic(TextChoices):
    """What a notification is about, as its reader chooses. The labels name it on the page of the choices."""

    APPOINTMENTS = "appointments", "Entretiens\u00a0: convocation, changement, annulation"
    REMINDERS = "reminders", "Rappels avant un entretien\u00a0: sept jours, un jour et une heure"
    DECISIONS = "decisions", "Décisions sur votre accompagnement"
    CHOICES = "choices", "Créneau à choisir, matériel à tester"
    MESSAGES = "messages", "Nouveaux messages"
    NEWS = "news", "Réponses à vos demandes, changement de conseiller"
    RELAYS = "relays", "Relais et absences"
    PORTFOLIO = "portfolio", "Mouvements de portefeuille, demandes closes"
    ACCOUNT = "account", "Mot de passe et adresse de connexion"


class GivenUpFor(TextChoices):
    """Why a notification was not sent."""

    FAILED = "failed", "Chaque essai a échoué"
    DEAD_ADDRESS = "dead_address", "L'adresse n'existe pas"
    PAST = "past", "N'a plus d'objet"
    NOT_WANTED = "not_wanted", "La personne n'en veut pas"


class AuditAction(TextChoices):
    CREATED = "created", "Fiche créée"
    UPDATED = "updated", "Fiche modifiée"
    READ = "read", "Fiche consultée"
    ENROLMENT = "enrolment", "Adhésion"
    CONSENT = "consent", "Acceptation"
    ACCOMPANIMENT = "accompaniment", "Accompagnement"
    PLACEMENT = "placement", "Affectation"
    CONTACT_PLAN = "contact_plan", "Plan de contact"
    OBLIGATION = "obligation", "Échéance"
    INTERVIEW = "interview", "Entretien"
    CALLBACK = "callback", "Demande de rappel"
    CONTACT_NOTED = "contact_noted", "Échange noté"
    MESSAGE = "message", "Message"
    ON_SITE_REQUEST = "on_site_request", "Demande d'entretien en agence"
    ACCOUNT = "account", "Compte"
    CAPACITY = "capacity", "Plafond"
    REGION = "region", "Ouverture d'une région"
    AGENCY_PHONE = "agency_phone", "Téléphone d'une agence"
    CANNED_REPLY = "canned_reply", "Réponse type d'une agence"
    EQUIPMENT = "equipment", "Test du matériel"
    NOTE = "note", "Note"
    ACTION_PLAN = "action_plan", "Plan d'action"
    DOCUMENT = "document", "Document"
    TRANSFER = "transfer", "Transfert"
    ABSENCE = "absence", "Absence et relais"
    STAFF = "staff", "Équipe"
    LAPSE_DELAY = "lapse_delay", "Délai de réponse"
    IMPORT = "import", "Import"
    BOUND = "bound", "Limite"
    EXPORT = "export", "Export"


class ShownEntries(TextChoices):
    """Which entries of a file's access journal are shown. Messages, which are many, are shown on request only."""

    DONE = "sans-messages", "Tout sauf les messages"
    READINGS = "consultations", "Consultations seules"
    ALL = "tout", "Tout, messages compris"


READING_ACTIONS = (AuditAction.READ, AuditAction.EXPORT)
"""Acts that change nothing in a file: somebody read it, or exported it in a list."""


class BoundedAct(TextChoices):
    """What one account may do or hold only so often, as `ActBound` says."""

    INTERVIEWS_HELD = "interviews_held", "Rendez-vous pris de sa propre initiative et à venir"
    INTERVIEW_CHANGES = "interview_changes", "Rendez-vous pris, déplacés ou annulés"
    CALLBACKS = "callbacks", "Demandes de rappel"
    ON_SITE_CHANGES = "on_site_changes", "Demandes d'entretien en agence retirées ou précisées"
    PLAN_WISHES = "plan_wishes", "Demandes d'un autre rythme"
    ENROLMENTS = "enrolments", "Demandes de 100\u00a0% web"
    DOCUMENTS = "documents", "Documents ajoutés"
    DOCUMENT_MEGABYTES = "document_megabytes", "Mégaoctets de documents ajoutés"
    STEPS_TICKED = "steps_ticked", "Étapes cochées ou rouvertes"
    MESSAGES = "messages", "Messages envoyés"
    DEVICE_TESTS = "device_tests", "Tests du matériel"
    PHONE_CORRECTIONS = "phone_corrections", "Corrections du numéro de téléphone"
    PREFERENCES = "preferences", "Changements du moyen d'échange préféré"
    INVITATIONS = "invitations", "Invitations à activer un compte"
    CONTACTS_NOTED = "contacts_noted", "Contacts notés pour une personne"


class AccessRequestKind(TextChoices):
    """What somebody may ask for without being logged in."""

    PASSWORD = "password", "Nouveau mot de passe"
    FIRST_ACCESS = "first_access", "Première connexion"


class CalendarMethod(StrEnum):
    """What a calendar file asks of the program that reads it (RFC 5546)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"
