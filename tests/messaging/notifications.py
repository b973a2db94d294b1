"""A notification of each kind, with everything that its letter needs."""

from typing import Any

from accompaniment.enums import NotificationKind
from accompaniment.models import Notification, User
from accompaniment.services import outbox
from tests.accompaniment.factories import AdviserUserFactory

INTERVIEW = {
    "first_name": "Awa",
    "interview": 1,
    "day": "mardi 3 mars 2026",
    "hour": "16\u00a0h",
    "zone": "heure de Paris",
    "beside": "",
    "channel": "En visio",
    "adviser": "Claire Martin",
    "path": "/mes-entretiens/",
}


CONTEXTS: dict[NotificationKind, dict[str, Any]] = {
    NotificationKind.INVITATION: {
        "adviser": "Claire Martin",
        "first_name": "Awa",
        "follower": "Luc Roy",
        "carried": ["Votre entretien du 3 mars a lieu comme prévu, avec Luc Roy."],
    },
    NotificationKind.ACCOUNT_ACTIVATION: {"first_name": "Awa"},
    NotificationKind.PASSWORD_RESET: {"first_name": "Awa"},
    NotificationKind.NO_ACCOUNT_YET: {"first_name": "Awa", "path": "/premiere-connexion/"},
    NotificationKind.ADDRESS_TO_CONFIRM: {"first_name": "Awa", "by_owner": False, "staff": False},
    NotificationKind.ADDRESS_CHANGING: {"first_name": "Awa", "by_owner": True},
    NotificationKind.ADDRESS_CHANGED: {"first_name": "Awa"},
    NotificationKind.ENROLMENT_REFUSED: {
        "first_name": "Awa",
        "reason": "Des rendez-vous en agence vous aideront davantage pour le moment.",
        "withdrawn_with": "",
    },
    NotificationKind.TRACK_STARTED: {"first_name": "Awa"},
    NotificationKind.TRACK_ENDED: {
        "first_name": "Awa",
        "reason": "Votre type d'accompagnement a changé.",
        "carried": ["Claire Martin (Colmar Lacarre) vous accompagne maintenant."],
        "plan": "Un entretien en agence tous les 2 mois, à revoir le 3 mars",
    },
    NotificationKind.CHOOSE_SLOT: {"first_name": "Awa", "due_on": "mardi 3 mars 2026", "path": "/mes-entretiens/"},
    NotificationKind.INTERVIEW_BOOKED: {
        **INTERVIEW,
        "how_to_join": "Ouvrez votre espace.",
        "is_mandatory": True,
        "became_mandatory": False,
        "phone": "",
        "address": "",
        "replaces": "",
        "instead_of": "",
    },
    NotificationKind.INTERVIEW_REMINDER: {
        **INTERVIEW,
        "how_to_join": "Ouvrez votre espace.",
        "is_mandatory": True,
        "phone": "",
        "address": "",
        "moment": "day",
    },
    NotificationKind.INTERVIEW_RESCUE: {
        "first_name": "Awa",
        "interview": 1,
        "side": "jobseeker",
        "hour": "16\u00a0h",
        "beside": "",
        "other": "Claire Martin",
        "to_person": True,
        "path": "/visio/abc/retard/",
    },
    NotificationKind.ABSENCE_NOTED: {
        **INTERVIEW,
        "noted_by": "Claire Martin",
        "answer_by": "mercredi 18 mars",
        "path": "/mes-entretiens/7/absence/",
    },
    NotificationKind.ABSENCE_DECIDED: {
        **INTERVIEW,
        "decided_by": "Claire Martin",
        "kept": True,
        "reason": "Vous n'avez pas donné d'explication.",
        "agency": "Colmar Lacarre",
        "path": "/mes-entretiens/7/absence/",
    },
    NotificationKind.INTERVIEW_CANCELLED: {
        **INTERVIEW,
        "message": "Je suis absente.",
        "author": "Claire Martin",
        "choose": True,
    },
    NotificationKind.COVER_SET: {
        "first_name": "Awa",
        "adviser": "Claire Martin",
        "starts_on": "3 mars",
        "ends_on": "6 mars",
        "people": 187,
        "path": "/ma-journee/",
    },
    NotificationKind.RELAY_MISSING: {
        "first_name": "Odile",
        "adviser": "Claire Martin",
        "agency": "Colmar Lacarre",
        "starts_on": "3 mars",
        "ends_on": "6 mars",
        "people": 187,
        "path": "/absences/7/",
    },
    NotificationKind.ENROLMENT_LAPSED: {"first_name": "Awa", "was_validated": True, "days": 30},
    NotificationKind.VOLUNTEER_LAPSED: {
        "first_name": "Awa",
        "lines": [{"person": "Nadia Benali", "identifier": "1234567A", "was": "asked", "since": "3 mars"}],
        "path": "/inscriptions/",
    },
    NotificationKind.ACCEPTANCE_ASKED: {"first_name": "Awa", "on_web": True, "path": "/mon-espace/acceptation/"},
    NotificationKind.TIER_CHANGED: {
        "first_name": "Awa",
        "tier": "renforcé",
        "told": "Vos échanges sont fréquents, le plus souvent en agence.",
        "reason": "Nous préparons ensemble votre reprise.",
        "track_ended": True,
        "enrolment_lapsed": False,
        "path": "/mon-accompagnement/",
    },
    NotificationKind.PLAN_CHANGED: {
        "first_name": "Awa",
        "plan": "Un entretien en visio toutes les 4 semaines, à revoir le 3 mars",
        "reason": "Préfère la visio.",
        "path": "/mon-accompagnement/",
    },
    NotificationKind.PLAN_REQUEST_ANSWERED: {
        "first_name": "Awa",
        "accepted": False,
        "answer": "Voyons-le ensemble.",
        "plan": "Un entretien en visio toutes les 4 semaines, à revoir le 3 mars",
        "path": "/mon-accompagnement/",
    },
    NotificationKind.ON_SITE_ANSWERED: {"first_name": "Awa", "path": "/etre-recu/"},
    NotificationKind.ADVISER_CHANGED: {
        "first_name": "Awa",
        "adviser": "Claire Martin",
        "first": False,
        "agency": "Colmar Lacarre",
        "carried": ["Votre entretien du mardi 3 mars à 9\u00a0h aura lieu avec Claire Martin."],
        "path": "/mon-espace/",
    },
    NotificationKind.PEOPLE_LEFT: {
        "first_name": "Awa",
        "lines": [
            {"person": "Nadia Benali", "identifier": "1234567A", "follower": "Claire Martin", "reason": "tier_changed"}
        ],
        "path": "/portefeuille/",
    },
    NotificationKind.REGION_CHANGED: {
        "first_name": "Awa",
        "agency": "Colmar Lacarre",
        "adviser": "Claire Martin",
        "carried": ["Votre entretien du mardi 3 mars à 9\u00a0h aura lieu avec Claire Martin."],
        "path": "/mon-espace/",
    },
    NotificationKind.PEOPLE_RECEIVED: {
        "first_name": "Awa",
        "received": 12,
        "person": "",
        "modality": "Guidé 100 % web",
        "reason": "Équilibrage",
        "path": "/transferts/1/",
    },
    NotificationKind.UNREAD_MESSAGES: {
        "first_name": "Awa",
        "author": "Claire Martin",
        "count": 1,
        "path": "/mon-espace/",
    },
    NotificationKind.DEVICE_TEST: {"first_name": "Awa", "adviser": "Nadia Benali", "path": "/visio/test/"},
}


AWA = "awa@example.org"


def waiting(kind: NotificationKind = NotificationKind.TRACK_STARTED, key: str = "k", **facts: Any) -> Notification:
    """Put a notification into the outbox."""
    awa = User.objects.filter(email=AWA).first() or AdviserUserFactory(email=AWA, first_name="Awa")
    outbox.notify(key=key, kind=kind, **{"email": AWA, "user": awa, "context": CONTEXTS[kind], **facts})
    return Notification.objects.get(key=key)
