"""Canned replies of the demonstration: those of its adviser, and those of every agency."""

from caseload.models import Adviser
from config.demonstration.logins import ADVISER
from config.demonstration.world import World
from messaging.models import CannedReply

OWN = (
    (
        "Message bien reçu",
        "Bonjour {prenom},\n\nVotre message est bien arrivé. Je regarde et je vous réponds demain.\n\n{mon_nom}",
    ),
    (
        "Rappel de notre entretien",
        "Bonjour {prenom},\n\nNous nous voyons {prochain_entretien}. Testez votre matériel avant.\n\n{mon_nom}",
    ),
    ("Relire un CV", "Bonjour {prenom},\n\nEnvoyez-moi votre CV ici, même inachevé. Nous le relirons ensemble."),
)
OF_AGENCY = (
    (
        "Joindre l'agence",
        "L'agence {agence} vous répond au {telephone_agence}. Vous pouvez aussi demander un appel dans votre espace.",
    ),
    ("Allocation", "Bonjour {prenom},\n\nPour votre allocation, demandez un appel de l'agence dans votre espace."),
)


def write_replies(world: World) -> None:
    """Write them."""
    adviser = Adviser.objects.get(user__email=ADVISER.email).user
    own = [{"author": adviser, "name": name, "body": body, "place": place} for place, (name, body) in enumerate(OWN, 1)]
    of_agencies = [
        {"agency": agency, "name": name, "body": body, "place": place}
        for agency in world.agencies
        for place, (name, body) in enumerate(OF_AGENCY, 1)
    ]
    CannedReply.objects.bulk_create(CannedReply(**facts, changed_at=world.now) for facts in (*own, *of_agencies))
