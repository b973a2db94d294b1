"""How days, hours and zones are said in French, whatever the language of the process."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
ZONE_LABELS = {
    "Europe/Paris": "heure de Paris",
    "America/Guadeloupe": "heure de la Guadeloupe",
    "America/Martinique": "heure de la Martinique",
    "America/Cayenne": "heure de la Guyane",
    "Indian/Reunion": "heure de La Réunion",
    "Indian/Mayotte": "heure de Mayotte",
}


def say_day(day: date) -> str:
    """Return "lundi 1er décembre"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"


def say_hour(local: datetime) -> str:
    """Return "16 h" or "9 h 05" of a local time, with no-break spaces."""
    return f"{local.hour}\u00a0h" if local.minute == 0 else f"{local.hour}\u00a0h\u00a0{local.minute:02d}"


def say_soon(local: datetime, *, today: date) -> str:
    """Return "aujourd'hui à 16 h", "demain à 9 h 30" or "lundi 1er décembre à 9 h"."""
    ahead = (local.date() - today).days
    day = {0: "aujourd'hui", 1: "demain"}.get(ahead) or say_day(local.date())
    return f"{day} à {say_hour(local)}"


def say_zone(zone: ZoneInfo) -> str:
    """Return "heure de Paris" and the like."""
    return ZONE_LABELS.get(zone.key, f"heure de {zone.key.rpartition('/')[2].replace('_', ' ')}")
