"""The table of examples of written French.

It tests `accompaniment/rules/french.py` and the scripts of the browser. A plain space stands for a no-break space as
well.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accompaniment.rules.french import MONTHS, NO_BREAK

PARIS = ZoneInfo("Europe/Paris")
REUNION = ZoneInfo("Indian/Reunion")
MARTINIQUE = ZoneInfo("America/Martinique")


def spaces(words: str) -> str:
    """Return the words with plain spaces only."""
    return words.replace(NO_BREAK, " ")


DAYS = [
    (date(2026, 10, 1), "j F Y", "1er octobre 2026"),
    (date(2026, 12, 1), "l j F", "mardi 1er décembre"),
    (date(2027, 2, 28), "l j F", "dimanche 28 février"),
    (date(2026, 10, 11), "j F Y", "11 octobre 2026"),
    (date(2026, 7, 1), "j N Y", "1er juil. 2026"),
    (date(2026, 7, 1), "j\u00a0N Y", "1er juil. 2026"),
    (date(2026, 10, 2), "j N", "2 oct."),
    (date(2026, 12, 1), "D j", "mar. 1er"),
    (date(2026, 12, 1), "l j F Y", "mardi 1er décembre 2026"),
    (date(2027, 2, 28), "l j F Y", "dimanche 28 février 2027"),
    (date(2026, 10, 11), "l j F Y", "dimanche 11 octobre 2026"),
    (date(2026, 12, 1), "F Y", "décembre 2026"),
]

STRETCHES_OF_DAYS = [
    (date(2026, 12, 1), date(2026, 12, 3), "j F Y", "du 1er au 3 décembre 2026"),
    (date(2026, 11, 28), date(2026, 12, 1), "j F Y", "du 28 novembre au 1er décembre 2026"),
    (date(2026, 12, 28), date(2027, 1, 3), "j F Y", "du 28 décembre 2026 au 3 janvier 2027"),
    (date(2025, 12, 1), date(2026, 12, 3), "j F Y", "du 1er décembre 2025 au 3 décembre 2026"),
    (date(2026, 12, 3), date(2026, 12, 3), "j F Y", "le 3 décembre 2026"),
    (date(2026, 12, 1), date(2026, 12, 3), "j F", "du 1er au 3 décembre"),
    (date(2026, 11, 30), date(2026, 12, 6), "l j F", "du lundi 30 novembre au dimanche 6 décembre"),
    (date(2026, 12, 7), date(2026, 12, 13), "l j F Y", "du lundi 7 au dimanche 13 décembre 2026"),
]

HOURS = [
    (time(16), "16 h"),
    (time(9, 5), "9 h 05"),
    (time(0), "0 h"),
    (time(1, 4), "1 h 04"),
    (time(9, 30), "9 h 30"),
    (time(18, 7), "18 h 07"),
]

ZONES = [
    (PARIS, "heure de Paris"),
    (REUNION, "heure de La Réunion"),
    (MARTINIQUE, "heure de la Martinique"),
    (ZoneInfo("Asia/Ho_Chi_Minh"), "heure de Ho Chi Minh"),
]

AT = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
MOMENTS = [
    (PARIS, PARIS, "mardi 1er décembre 2026 à 23 h 30"),
    (PARIS, ZoneInfo("Europe/Brussels"), "mardi 1er décembre 2026 à 23 h 30"),
    (PARIS, REUNION, "mardi 1er décembre 2026 à 23 h 30 (heure de Paris)"),
    (REUNION, PARIS, "mercredi 2 décembre 2026 à 2 h 30 (heure de La Réunion)"),
    (REUNION, REUNION, "mercredi 2 décembre 2026 à 2 h 30"),
    (MARTINIQUE, PARIS, "mardi 1er décembre 2026 à 18 h 30 (heure de la Martinique)"),
]
"""The instant `AT` for a reader in the first zone, shared with somebody in the second zone."""

CLOCK_CHANGES = [
    (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "1 h 59"),
    (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "3 h"),
    (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2 h 30"),
    (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2 h 30"),
]

DURATIONS = [
    (timedelta(0), "moins d'une minute"),
    (timedelta(minutes=59), "59 min"),
    (timedelta(hours=1), "1 h"),
    (timedelta(hours=31), "31 h"),
    (timedelta(hours=72), "72 h"),
    (timedelta(hours=80), "3 jours"),
    (timedelta(hours=100), "4 jours"),
    (timedelta(days=5), "5 jours"),
]

DELAYS = [
    (timedelta(seconds=20), "une minute"),
    (timedelta(minutes=5), "5 minutes"),
    (timedelta(hours=1), "une heure"),
    (timedelta(minutes=90), "90 minutes"),
    (timedelta(hours=12), "12 heures"),
    (timedelta(hours=72), "72 heures"),
    (timedelta(days=30), "30 jours"),
    (timedelta(weeks=52), "364 jours"),
]

FREQUENCIES = [
    (7, "chaque semaine"),
    (14, "toutes les 2 semaines"),
    (28, "toutes les 4 semaines"),
    (30, "chaque mois"),
    (90, "tous les 3 mois"),
    (45, "tous les 45 jours"),
]

NUMBERS = [(0, "0"), (999, "999"), (1200, "1 200"), (1234567, "1 234 567")]

COUNTS = [
    (0, "une personne", "aucune personne"),
    (1, "une personne", "1 personne"),
    (2, "une personne", "2 personnes"),
    (0, "un entretien prévu", "aucun entretien prévu"),
    (3, "un entretien prévu", "3 entretiens prévus"),
    (0, "un nouveau message,nouveaux messages", "aucun nouveau message"),
    (2, "un nouveau message,nouveaux messages", "2 nouveaux messages"),
    (1200, "une personne", "1 200 personnes"),
]

ENDINGS = [
    (0, "s", ""),
    (1, "s", ""),
    (2, "s", "s"),
    (0, "a,ont", "a"),
    (2, "a,ont", "ont"),
    (0, ",ent", ""),
    (2, "x", "x"),
]

EXCESSES = [
    (11, 10, "1 caractère de trop : 10 au plus. Raccourcissez ce texte."),
    (5212, 5000, "212 caractères de trop : 5 000 au plus. Raccourcissez ce texte."),
]

SIZES = [
    (1, "1 Ko"),
    (1024, "1 Ko"),
    (1025, "2 Ko"),
    (820 * 1024, "820 Ko"),
    (1024 * 1024, "1 Mo"),
    (1_500_000, "1,4 Mo"),
    (10 * 1024 * 1024, "10 Mo"),
]

LISTS = [
    ([], ""),
    (["Odile"], "Odile"),
    (["Odile", "Yann"], "Odile et Yann"),
    (["Odile", "Yann", "Awa"], "Odile, Yann et Awa"),
]

NAMES = [
    ("Odile Grandjean", "d'Odile Grandjean", "qu'Odile Grandjean"),
    ("Élodie", "d'Élodie", "qu'Élodie"),
    ("Hélène Marchetti", "d'Hélène Marchetti", "qu'Hélène Marchetti"),
    ("Hassan Bey", "de Hassan Bey", "que Hassan Bey"),
    ("Harry", "de Harry", "que Harry"),
    ("Yves", "d'Yves", "qu'Yves"),
    ("Yann", "de Yann", "que Yann"),
    ("Œdipe", "d'Œdipe", "qu'Œdipe"),
    ("Marie-Odile", "de Marie-Odile", "que Marie-Odile"),
    ("Henri-Paul", "d'Henri-Paul", "qu'Henri-Paul"),
    ("", "de ", "que "),
]

COUNTED = (
    "personne|entretien|message|place|jour|heure|minute|rappel|demande|échéance|ligne|transfert|portefeuille|"
    "conversation|agence|volontaire|conseiller|document|avertissement|adhésion|région"
)
WRONG_SHAPES = {
    "an hour with a colon": re.compile(r"(?<![\d:.])\d{1,2}:\d\d(?![\d:])"),
    "a whole hour with its minutes": re.compile(r"\d[ \u00a0]h[ \u00a0]00\b"),
    "an hour that a line may cut": re.compile(r"\d (?:h|min|Ko|Mo)\b"),
    "the first of a month without its ending": re.compile(rf"(?<!\d)1[ \u00a0](?:{'|'.join(MONTHS)})\b"),
    "a day in figures": re.compile(r"(?<![\w/])\d\d/\d\d/(?:19|20)\d\d\b"),
    "« de » or « que » before a vowel": re.compile(r"\b(?:[Dd]e|[Qq]ue) [AEIOUÀÂÉÈÊËÎÏÔŒ][a-zà-ÿ]"),
    "none or one in the plural": re.compile(rf"(?<![\w,.\u00a0-])[01][ \u00a0](?:{COUNTED})s\b"),
    "another system's unit": re.compile(r"\b[KM]io\b|\boctets?\b"),
}
"""Spellings that no page, letter or frame may contain. Different kinds of spaces are matched as the page has them."""


def wrong_words(text: str) -> Iterator[str]:
    """Yield each spelling in a text that differs from the French module's, with its surroundings."""
    for what, shape in WRONG_SHAPES.items():
        for found in shape.finditer(text):
            yield f"{what}: …{text[max(0, found.start() - 30) : found.end() + 15]!r}"
