"""How French writes days, hours, zones, durations, counts and « de » before a name: no database, no clock.

Pages and e-mails reach these words through `accompaniment/templatetags/french.py`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NO_BREAK = "\u00a0"

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
SHORT_MONTHS = ("janv.", "fév.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

ZONES = {
    "Europe/Paris": "heure de Paris",
    "America/Guadeloupe": "heure de la Guadeloupe",
    "America/Martinique": "heure de la Martinique",
    "America/Cayenne": "heure de la Guyane",
    "Indian/Reunion": "heure de La Réunion",
    "Indian/Mayotte": "heure de Mayotte",
}

# fmt: off
MUTE_H = frozenset({
    "hector", "helena", "helene", "helie", "heloise", "henri", "henriette", "henry", "herbert", "hermann",
    "hermance", "hermine", "herve", "hilaire", "hilda", "hippolyte", "honore", "honorine", "horace", "hortense",
    "hubert", "hugo", "hugolin", "hugues", "huguette", "hyacinthe",
})
# fmt: on
"""First names whose h is not heard; of others, as Hassan and Harry, it is taken as aspirated."""

VOWELS = frozenset("aeiou")
VERB_VOWELS = VOWELS | frozenset("éêè")


# --- Days ---------------------------------------------------------------------------------------------------------


def _number(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)


STYLES: dict[str, Callable[[date], str]] = {
    "j F": lambda day: f"{_number(day)} {MONTHS[day.month - 1]}",
    "j F Y": lambda day: f"{_number(day)} {MONTHS[day.month - 1]} {day.year}",
    "l j F": lambda day: f"{WEEKDAYS[day.weekday()]} {_number(day)} {MONTHS[day.month - 1]}",
    "l j F Y": lambda day: f"{WEEKDAYS[day.weekday()]} {_number(day)} {MONTHS[day.month - 1]} {day.year}",
    "j N": lambda day: f"{_number(day)} {SHORT_MONTHS[day.month - 1]}",
    "j N Y": lambda day: f"{_number(day)} {SHORT_MONTHS[day.month - 1]} {day.year}",
    "D j": lambda day: f"{WEEKDAYS[day.weekday()][:3]}. {_number(day)}",
    "F Y": lambda day: f"{MONTHS[day.month - 1]} {day.year}",
    "d/m/Y": lambda day: f"{day:%d/%m/%Y}",
}
"""The ways in which a day is written, by the letters of Django's `date` filter."""


def day_in_style(day: date, style: str) -> str:
    """Return « mardi 1er décembre » for `l j F`, and so on for each style of `STYLES`."""
    return STYLES[style](day)


def day_in_words(day: date, *, today: date) -> str:
    """Return « 3 mars », with the year when it is another one than today's: « 1er mars 2027 »."""
    return day_in_style(day, "j F" if day.year == today.year else "j F Y")


def since_in_words(at: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """Return « depuis le 3 mars », on the days of a zone: how long what was asked for stands."""
    return f"depuis le {day_in_words(at.astimezone(zone).date(), today=now.astimezone(zone).date())}"


def weekday_in_words(day: date) -> str:
    """Return « mardi 1er décembre »."""
    return day_in_style(day, "l j F")


# --- Hours and zones ----------------------------------------------------------------------------------------------


def hour_in_words(local: time | datetime) -> str:
    """Return « 9 h » or « 9 h 05 » of a wall-clock time, never cut at the end of a line."""
    return f"{local.hour}{NO_BREAK}h" + (f"{NO_BREAK}{local.minute:02d}" if local.minute else "")


def zone_in_words(zone: ZoneInfo) -> str:
    """Return « heure de La Réunion »."""
    return ZONES.get(zone.key, f"heure de {zone.key.rpartition('/')[2].replace('_', ' ')}")


def zone_beside(at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo]) -> str:
    """Return « (heure de La Réunion) », with the space before it, when another side reads another hour at that instant.

    `zone` is the reader's, `others` those of the two sides. Nothing is said when all their clocks agree.
    """
    own = at.astimezone(zone).utcoffset()
    differs = any(at.astimezone(other).utcoffset() != own for other in others)
    return f" ({zone_in_words(zone)})" if differs else ""


def hour_there(at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo] = ()) -> str:
    """Return « 9 h 30 », or « 9 h 30 (heure de Paris) » when another side reads another hour."""
    return hour_in_words(at.astimezone(zone)) + zone_beside(at, zone=zone, others=others)


def hours_there(
    starts_at: datetime, ends_at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo] = (), joined: str = "–"
) -> str:
    """Return « 9 h – 10 h », and once, at the end, the zone when another side reads another hour."""
    begins = hour_in_words(starts_at.astimezone(zone))
    return f"{begins} {joined} {hour_there(ends_at, zone=zone, others=others)}"


def moment_there(at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo] = (), style: str = "l j F") -> str:
    """Return « mardi 1er décembre à 9 h 30 », and the zone when another side reads another hour."""
    return f"{day_in_style(at.astimezone(zone).date(), style)} à {hour_there(at, zone=zone, others=others)}"


def soon_there(at: datetime, *, zone: ZoneInfo, today: date, others: Iterable[ZoneInfo] = ()) -> str:
    """Return « aujourd'hui à 16 h », « demain à 9 h 30 » or « lundi 1er décembre à 9 h », and the zone as above."""
    day = at.astimezone(zone).date()
    words = {0: "aujourd'hui", 1: "demain"}.get((day - today).days) or weekday_in_words(day)
    return f"{words} à {hour_there(at, zone=zone, others=others)}"


# --- Durations and counts -----------------------------------------------------------------------------------------


HOURS_AT_MOST = 72
"""A longer span is said in days. It is the time within which an answer is due, so that it is said in hours."""


def duration_in_words(span: timedelta) -> str:
    """Return « moins d'une minute », « 59 min », « 72 h » or « 4 jours »: one unit, as a person would say it."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "moins d'une minute"
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min"
    if minutes <= HOURS_AT_MOST * 60:
        return f"{minutes // 60}{NO_BREAK}h"
    return days_in_words(minutes // (24 * 60))


def days_in_words(days: int) -> str:
    """Return « 1 jour » or « 12 jours », never cut at the end of a line."""
    return f"{days}{NO_BREAK}jour{plural(days)}"


def plural(count: float, forms: str = "s") -> str:
    """Return the ending that goes with a count; 0 and 1 are singular: "s", "x", or both as "a,ont"."""
    one, comma, several = forms.partition(",")
    if not comma:
        one, several = "", forms
    return several if abs(count) >= 2 else one


def counted(count: int, forms: str) -> str:
    """Return « aucune personne », « 1 personne » or « 1 200 personnes » for `une personne`, as a sentence says it.

    The article tells the gender. Each word takes an s, unless the plural is given: `un nouveau choix,nouveaux choix`.
    """
    one, comma, several = forms.partition(",")
    article, _, noun = one.partition(" ")
    if count == 0:
        return f"auc{article} {noun}"
    if count < 2:
        return f"{count} {noun}"
    number = f"{count:,}".replace(",", NO_BREAK)
    return f"{number} {several if comma else ' '.join(f'{word}s' for word in noun.split())}"


def verb_of(count: int, forms: str) -> str:
    """Return « n'est », « est » or « sont » for `est,sont`: the verb of what `counted` counts."""
    verb = plural(count, forms)
    if count:
        return verb
    return f"n'{verb}" if verb[0] in VERB_VOWELS else f"ne {verb}"


# --- Names --------------------------------------------------------------------------------------------------------


def excess_in_words(length: int, *, most: int) -> str:
    """Say by how much a text is too long, such as `212 caractères de trop : 5 000 au plus.`"""
    excess, limit = (f"{count:,}".replace(",", "\u00a0") for count in (length - most, most))
    return f"{excess} caractère{plural(length - most)} de trop\u00a0: {limit} au plus. Raccourcissez ce texte."


def of_name(who: object) -> str:
    """Return « d'Odile », « d'Hélène », « de Yann »: « de » before a name, elided where French does."""
    name = str(who)
    plain = unicodedata.normalize("NFD", name.casefold()).encode("ascii", "ignore").decode("ascii").strip()
    first = re.split(r"[^a-z]", plain, maxsplit=1)[0]
    elided = (
        first[:1] in VOWELS
        or first in MUTE_H
        or (first[:1] == "y" and len(first) > 1 and first[1] not in VOWELS)
        or name[:1].casefold() in {"œ", "æ"}
    )
    return f"d'{name}" if elided else f"de {name}"


def hours_of(duration: timedelta) -> int:
    """Return a delay of whole hours as the number that a sentence says."""
    return duration // timedelta(hours=1)
