"""Sentences for the person about acts and readings in their file. No database."""

from collections.abc import Callable, Mapping
from typing import Any

from accompaniment.enums import AuditAction, FilePart, ReaderCapacity, Tier, Track
from accompaniment.rules.presentation import ENROLMENT_STEPS, TRACKS_TO_YOU

Details = Mapping[str, Any]

FIELDS = {
    "email": "adresse e-mail",
    "phone": "téléphone",
    "last_name": "nom",
    "first_name": "prénom",
    "birth_date": "date de naissance",
    "postal_code": "code postal",
    "commune": "commune",
    "rome": "métier recherché",
    "agency": "agence",
    "preferred_channel": "canal préféré",
    "preferred_hours": "heures préférées",
}
"""The names of what a change concerns, in words for the person."""

EVENTS: dict[AuditAction, dict[str, str]] = {
    AuditAction.CREATED: {"import": "Fiche créée à partir du fichier des inscriptions"},
    AuditAction.ENROLMENT: {str(state): sentence for state, sentence in ENROLMENT_STEPS.items()},
    AuditAction.PLACEMENT: {
        "placed": "Un conseiller vous a été attribué",
        "ended": "Un conseiller ne vous accompagne plus",
    },
    AuditAction.CONTACT_PLAN: {
        "begun": "Nouveau rythme des échanges",
        "ended": "Fin du rythme des échanges",
        "reviewed": "Rythme des échanges revu et gardé",
        "review_called": "Rythme des échanges à revoir dès maintenant",
        "change_asked": "Changement du rythme des échanges demandé",
        "change_answered": "Réponse à la demande de changement du rythme des échanges",
        "change_withdrawn": "Demande de changement du rythme des échanges retirée",
    },
    AuditAction.OBLIGATION: {
        "begun": "Nouvel entretien obligatoire à prévoir",
        "day_moved": "Dernier jour d'un entretien obligatoire ramené à un jour d'ouverture de l'agence",
        "invited": "Invitation à choisir un créneau envoyée",
        "placed": "Entretien déjà pris retenu pour l'entretien obligatoire",
        "held": "Entretien obligatoire\u00a0: fait",
    },
    AuditAction.INTERVIEW: {
        "registration_interview_started": "Entretien d'inscription commencé",
        "registration_interview_continued": "Entretien d'inscription repris",
        "registration_interview_concluded": "Entretien d'inscription conclu",
        "booked": "Entretien prévu",
        "in_progress": "Entretien commencé",
        "held": "Entretien terminé, décisions écrites",
        "interrupted": "Entretien interrompu par un problème technique",
        "noted": "Absence à un entretien notée, votre explication est demandée",
        "missed": "Absence à un entretien confirmée",
        "on_hold": "Créneau gardé",
        "excused": "Absence à un entretien classée sans suite",
        "absence_told": "E-mail sur une absence notée remis",
        "absence_explained": "Absence à un entretien expliquée",
        "cancelled": "Entretien annulé",
        "handed_over": "Entretien confié à un autre conseiller",
        "slots_offered": "Créneaux d'entretien proposés dans un message",
        "arrived": "Arrivée dans la salle d'entretien",
        "adviser_arrived": "Arrivée de votre conseiller dans la salle d'entretien",
        "rescue_coming": "Retard à un entretien\u00a0: réponse «\u00a0J'arrive\u00a0»",
        "rescue_trouble": "Retard à un entretien\u00a0: réponse «\u00a0Problème technique\u00a0»",
        "rescue_cannot": "Retard à un entretien\u00a0: réponse «\u00a0Je ne peux pas\u00a0»",
        "technical_failure": "Problème technique signalé pour un entretien",
        "phone": "Entretien poursuivi par téléphone",
        "convocation_delivered": "E-mail de convocation remis à votre boîte",
    },
    AuditAction.CALLBACK: {
        "open": "Demande de rappel enregistrée",
        "changed": "Demande de rappel modifiée",
        "claimed": "Rappel pris en charge",
        "released": "Rappel laissé à un autre conseiller",
        "lapsed": "Rappel remis à faire, faute d'appel dans les 15 minutes",
        "tried": "Appel essayé sans réponse",
        "told": "Nouveaux horaires d'appel proposés par message",
        "unreached": "Demande de rappel close après plusieurs essais, sans conséquence",
        "done": "Rappel effectué",
        "cancelled": "Demande de rappel annulée",
    },
    AuditAction.CONTACT_NOTED: {"noted": "Échange noté par un conseiller"},
    AuditAction.ON_SITE_REQUEST: {
        "asked": "Demande d'entretien en agence enregistrée",
        "commented": "Demande d'entretien en agence précisée",
        "answered": "Réponse à la demande d'entretien en agence",
        "withdrawn": "Demande d'entretien en agence retirée",
    },
    AuditAction.ACCOUNT: {
        "created": "Compte ouvert",
        "first_access_asked": "Première connexion demandée",
        "address_followed": "Adresse de connexion corrigée d'après le dossier, avant l'ouverture de l'espace",
        "address_asked": "Changement de l'adresse de connexion demandé, à confirmer depuis la nouvelle",
        "address_dropped": "Changement de l'adresse de connexion abandonné",
        "address_changed": "Adresse de connexion changée",
        "first_access_told": "Chemin de la première connexion envoyé par e-mail",
        "activated": "Compte activé",
        "reset_asked": "Nouveau mot de passe demandé",
        "password_reset": "Mot de passe remplacé",
        "password_changed": "Mot de passe changé",
        "notices_chosen": "Choix des notifications changé",
        "device_added": "Alertes demandées sur un appareil",
        "device_dropped": "Alertes arrêtées sur un appareil",
        "feed_made": "Abonnement d'un agenda à vos rendez-vous créé",
        "feed_ended": "Abonnement d'un agenda à vos rendez-vous arrêté",
    },
    AuditAction.EQUIPMENT: {
        "device_check": "Test du matériel enregistré",
        "device_test_link_sent": "Lien du test du matériel envoyé",
    },
    AuditAction.MESSAGE: {
        "no_reply": "Votre message n'appelle pas de réponse",
        "contact": "Votre message a eu sa réponse par un échange",
        "reminder": "Votre conseiller s'est noté de revenir à vos messages",
        "reminder_done": "Votre conseiller est revenu à vos messages",
        "edited": "Message modifié",
        "deleted": "Message supprimé",
    },
    AuditAction.NOTE: {"written": "Note de l'équipe ajoutée", "withdrawn": "Note de l'équipe retirée"},
    AuditAction.ACTION_PLAN: {
        "objective_added": "Objectif ajouté au plan d'action",
        "objective_changed": "Objectif du plan d'action modifié",
        "objective_closed": "Objectif du plan d'action terminé",
        "objective_reopened": "Objectif du plan d'action rouvert",
        "step_added": "Étape ajoutée au plan d'action",
        "step_changed": "Étape du plan d'action modifiée",
        "step_done": "Étape du plan d'action cochée",
        "step_reopened": "Étape du plan d'action à refaire",
        "step_removed": "Étape retirée du plan d'action",
    },
    AuditAction.DOCUMENT: {
        "added": "Document ajouté",
        "removed": "Document retiré",
        "attached": "Pièce jointe ajoutée à vos messages",
        "detached": "Pièce jointe retirée avant l'envoi du message",
        "infected": "Pièce jointe supprimée\u00a0: un virus y a été trouvé",
        "erased": "Pièce jointe d'un message supprimé, effacée",
    },
    AuditAction.TRANSFER: {
        "planned": "Changement de conseiller prévu",
        "done": "Changement de conseiller",
        "not_done": "Changement de conseiller non effectué",
        "cancelled": "Changement de conseiller annulé",
    },
}
"""By action, then by the event or the new state."""

MESSAGE_SENT = "Message envoyé"
LIST_TAKEN = "Votre nom et votre situation figurent dans une liste téléchargée"


def audit_in_words(action: str, details: Details) -> str:
    """Return a sentence about an act in a person's file; an act without its own sentence is named by its kind."""
    known = AuditAction(action)
    in_words = SENTENCES.get(known)
    sentence = in_words(details) if in_words else _event_in_words(known, details)
    return sentence or str(known.label)


def capacity_in_words(details: Details) -> str:
    """Return the capacity in which a member of staff read, or an empty string if the row does not say."""
    capacity = details.get("capacity", "")
    return str(ReaderCapacity(capacity).label) if capacity in ReaderCapacity.values else ""


def _event_in_words(action: AuditAction, details: Details) -> str:
    said = (details.get(name, "") for name in ("event", "to_state", "state"))
    sentences = EVENTS.get(action, {})
    return next((sentences[one] for one in said if one in sentences), "")


def _update_in_words(details: Details) -> str:
    fields = [FIELDS[field] for field in details.get("fields", ()) if field in FIELDS]
    return f"Fiche modifiée\u00a0: {', '.join(fields)}" if fields else ""


def _consent_in_words(details: Details) -> str:
    done = {"withdrawn": "retirée", "published": "publiée"}.get(details.get("event", ""), "donnée")
    return f"Acceptation du 100\u00a0% web {done} (texte version {details['version']})" if "version" in details else ""


def _period_in_words(details: Details) -> str:
    if "tier" not in details or "track" not in details:
        return ""
    return f"Accompagnement\u00a0: {Tier(details['tier']).label.lower()}, {TRACKS_TO_YOU[Track(details['track'])]}"


def _transfer_in_words(details: Details) -> str:
    """Return who follows the person now, and whether the former adviser may still read. Older rows have no names."""
    said = _event_in_words(AuditAction.TRANSFER, details)
    if details.get("event") != "done" or "adviser" not in details:
        return said
    goes_on = "peut lire le dossier pendant 30 jours" if details.get("keep_reading") else "n'a plus accès au dossier"
    return f"{details['adviser']} vous accompagne\u00a0; {details['former']} {goes_on}"


def _reading_in_words(details: Details) -> str:
    part = str(details.get("part", "")).partition(":")[0]
    return str(FilePart(part).label) if part in FilePart.values else ""


SENTENCES: dict[AuditAction, Callable[[Details], str]] = {
    AuditAction.UPDATED: _update_in_words,
    AuditAction.READ: _reading_in_words,
    AuditAction.CONSENT: _consent_in_words,
    AuditAction.ACCOMPANIMENT: _period_in_words,
    AuditAction.TRANSFER: _transfer_in_words,
    AuditAction.MESSAGE: lambda details: _event_in_words(AuditAction.MESSAGE, details) or MESSAGE_SENT,
    AuditAction.EXPORT: lambda details: LIST_TAKEN,
}
"""Acts whose sentence depends on more than the event."""
