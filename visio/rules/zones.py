"""How a zone is said."""

from zoneinfo import ZoneInfo

ZONE_LABELS = {
    "Europe/Paris": "heure de Paris",
    "America/Guadeloupe": "heure de la Guadeloupe",
    "America/Martinique": "heure de la Martinique",
    "America/Cayenne": "heure de la Guyane",
    "Indian/Reunion": "heure de La Réunion",
    "Indian/Mayotte": "heure de Mayotte",
}


def zone_label(zone: ZoneInfo) -> str:
    """Return "heure de Paris" and the like."""
    return ZONE_LABELS.get(zone.key, f"heure de {zone.key.rpartition('/')[2].replace('_', ' ')}")
