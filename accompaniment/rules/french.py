"""The one module that writes French: days, hours, zones, durations, opening hours, counts, sizes, lists, elisions.

No database, no clock. Pages and e-mails use it through `accompaniment/templatetags/french.py`. `static/frame/words.js`
writes the same in scripts, and one table of examples tests both.

Django's and Babel's formats are not used: they write « 1 décembre », « 09:30 » and « 10,0 Mio ». Django's day also
takes thirty times as long, and a page of 250 people writes a thousand days.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NO_BREAK = "\u00a0"
NEXT_ONE = f"{NO_BREAK}; "
"""Between things that are named one after the other, each with commas of its own."""

_STAYS_TOGETHER = re.compile(" (?=[:;?!»%])|(?<=«) ")

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
"""First names with a mute h. The h of any other name, such as Hassan or Harry, is taken as aspirated."""

VOWELS = frozenset("aeiou")
VERB_VOWELS = VOWELS | frozenset("éêè")


# --- Days ---------------------------------------------------------------------------------------------------------


def _number(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)


STYLES: dict[str, Callable[[date], str]] = {
    "j": _number,
    "l j": lambda day: f"{WEEKDAYS[day.weekday()]} {_number(day)}",
    "j F": lambda day: f"{_number(day)} {MONTHS[day.month - 1]}",
    "j F Y": lambda day: f"{_number(day)} {MONTHS[day.month - 1]} {day.year}",
    "l j F": lambda day: f"{WEEKDAYS[day.weekday()]} {_number(day)} {MONTHS[day.month - 1]}",
    "l j F Y": lambda day: f"{WEEKDAYS[day.weekday()]} {_number(day)} {MONTHS[day.month - 1]} {day.year}",
    "j N": lambda day: f"{_number(day)} {SHORT_MONTHS[day.month - 1]}",
    "j N Y": lambda day: f"{_number(day)} {SHORT_MONTHS[day.month - 1]} {day.year}",
    "D j": lambda day: f"{WEEKDAYS[day.weekday()][:3]}. {_number(day)}",
    "F Y": lambda day: f"{MONTHS[day.month - 1]} {day.year}",
}
"""The styles of a day, named by the letters of Django's `date` filter."""


def day_in_style(day: date, style: str) -> str:
    """Return « mardi 1er décembre » for `l j F`, and so on for each style of `STYLES`."""
    return STYLES[style](day)


def day_in_words(day: date, *, today: date) -> str:
    """Return « 3 mars », or « 1er mars 2027 » if the year is not today's."""
    return day_in_style(day, "j F" if day.year == today.year else "j F Y")


def days_from_to(first: date, last: date, style: str = "j F Y") -> str:
    """Return « du 1er au 3 décembre 2026 » or « du 28 novembre au 3 décembre 2026 »; « le 3 décembre 2026 » for one
    day.

    A month or year that both days share is written once, at the end.
    """
    if first == last:
        return f"le {day_in_style(last, style)}"
    begins = style
    if first.year == last.year:
        begins = begins.removesuffix(" Y")
        if first.month == last.month:
            begins = begins.removesuffix(" F").removesuffix(" N")
    return f"du {day_in_style(first, begins)} au {day_in_style(last, style)}"


def stretch_in_words(first: date, last: date, *, today: date) -> str:
    """Return « du 1er au 3 décembre », with the year if one of the days is not in today's year."""
    return days_from_to(first, last, "j F" if first.year == last.year == today.year else "j F Y")


def since_in_words(at: datetime, *, zone: ZoneInfo, now: datetime) -> str:
    """Return « depuis le 3 mars », by the days of a zone."""
    return f"depuis le {day_in_words(at.astimezone(zone).date(), today=now.astimezone(zone).date())}"


def weekday_in_words(day: date) -> str:
    """Return « mardi 1er décembre »."""
    return day_in_style(day, "l j F")


# --- Hours and zones ----------------------------------------------------------------------------------------------


def hour_in_words(local: time | datetime) -> str:
    """Return « 9 h » or « 9 h 05 » for a wall-clock time, without a possible line break."""
    return f"{local.hour}{NO_BREAK}h" + (f"{NO_BREAK}{local.minute:02d}" if local.minute else "")


def zone_in_words(zone: ZoneInfo) -> str:
    """Return « heure de La Réunion »."""
    return ZONES.get(zone.key, f"heure de {zone.key.rpartition('/')[2].replace('_', ' ')}")


def zone_beside(at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo]) -> str:
    """Return « (heure de La Réunion) », after a space, if another side's clock differs at that instant; otherwise
    nothing.

    `zone` is the reader's, `others` are those of both sides.
    """
    own = at.astimezone(zone).utcoffset()
    differs = any(at.astimezone(other).utcoffset() != own for other in others)
    return f" ({zone_in_words(zone)})" if differs else ""


def hour_there(at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo] = ()) -> str:
    """Return « 9 h 30 », or « 9 h 30 (heure de Paris) » if another side's clock differs."""
    return hour_in_words(at.astimezone(zone)) + zone_beside(at, zone=zone, others=others)


def hours_there(
    starts_at: datetime, ends_at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo] = (), joined: str = "–"
) -> str:
    """Return « 9 h – 10 h », with the zone once at the end if another side's clock differs."""
    begins = hour_in_words(starts_at.astimezone(zone))
    return f"{begins} {joined} {hour_there(ends_at, zone=zone, others=others)}"


def moment_there(at: datetime, *, zone: ZoneInfo, others: Iterable[ZoneInfo] = (), style: str = "l j F") -> str:
    """Return « mardi 1er décembre à 9 h 30 », with the zone if another side's clock differs."""
    return f"{day_in_style(at.astimezone(zone).date(), style)} à {hour_there(at, zone=zone, others=others)}"


def soon_there(
    at: datetime, *, zone: ZoneInfo, today: date, others: Iterable[ZoneInfo] = (), style: str = "l j F"
) -> str:
    """Return « aujourd'hui à 16 h », « demain à 9 h 30 » or « lundi 1er décembre à 9 h », with the zone as above."""
    day = at.astimezone(zone).date()
    words = {0: "aujourd'hui", 1: "demain"}.get((day - today).days) or day_in_style(day, style)
    return f"{words} à {hour_there(at, zone=zone, others=others)}"


# --- Opening hours ------------------------------------------------------------------------------------------------


class OpeningStretch(Protocol):
    """Hours of a weekday (0 = Monday) in which an agency answers, in wall-clock time."""

    @property
    def weekday(self) -> int: ...
    @property
    def opens_at(self) -> time: ...
    @property
    def closes_at(self) -> time: ...


def opening_hours(stretches: Iterable[OpeningStretch]) -> list[tuple[str, str]]:
    """Return « du lundi au vendredi » with « 9 h – 12 h et 13 h – 17 h », for each run of days with the same hours."""
    by_day: dict[int, list[str]] = {}
    for one in sorted(stretches, key=lambda stretch: (stretch.weekday, stretch.opens_at)):
        by_day.setdefault(one.weekday, []).append(f"{hour_in_words(one.opens_at)} – {hour_in_words(one.closes_at)}")
    runs: list[tuple[list[int], str]] = []
    for weekday, parts in by_day.items():
        hours = listed(parts)
        if runs and runs[-1][1] == hours and runs[-1][0][-1] == weekday - 1:
            runs[-1][0].append(weekday)
        else:
            runs.append(([weekday], hours))
    return [(_weekdays(days), hours) for days, hours in runs]


def opening_hours_in_words(stretches: Iterable[OpeningStretch]) -> str:
    """Return « du lundi au jeudi, 9 h – 12 h ; le samedi, 10 h – 12 h »; empty if the agency never opens."""
    return f"{NO_BREAK}; ".join(f"{days}, {hours}" for days, hours in opening_hours(stretches))


def opening_hours_in_lines(stretches: Iterable[OpeningStretch]) -> list[str]:
    """Return the same as lines: « Du lundi au jeudi : 9 h – 12 h »."""
    return [f"{days.capitalize()}{NO_BREAK}: {hours}" for days, hours in opening_hours(stretches)]


def _weekdays(days: list[int]) -> str:
    if len(days) < 3:
        return listed(f"le {WEEKDAYS[day]}" for day in days)
    return f"du {WEEKDAYS[days[0]]} au {WEEKDAYS[days[-1]]}"


# --- Durations ----------------------------------------------------------------------------------------------------


HOURS_AT_MOST = 72
"""Longer durations are written in days. An answer is due within this time, so it must still be written in hours."""

MONTHS_AT_MOST = 24
"""A longer age is said in years."""

FREQUENCIES = ((7, "chaque semaine", "toutes les {} semaines"), (30, "chaque mois", "tous les {} mois"))
"""A number of days, and its words for once and for several times."""


def duration_in_words(span: timedelta) -> str:
    """Return « moins d'une minute », « 59 min », « 72 h » or « 4 jours »: how long something has lasted, in one unit.

    This is short, for lists. `delay_in_words` writes out the delay that a sentence promises or asks for.
    """
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "moins d'une minute"
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min"
    if minutes <= HOURS_AT_MOST * 60:
        return f"{minutes // 60}{NO_BREAK}h"
    return days_in_words(minutes // (24 * 60))


def delay_in_words(span: timedelta) -> str:
    """Return « une minute », « 90 minutes », « une heure », « 72 heures » or « 30 jours »: a delay in a sentence."""
    minutes = max(1, round(span.total_seconds() / 60))
    if minutes == 1:
        return "une minute"
    if minutes % 60:
        return f"{grouped(minutes)}{NO_BREAK}minutes"
    hours = minutes // 60
    if hours == 1:
        return "une heure"
    if hours <= HOURS_AT_MOST or hours % 24:
        return f"{grouped(hours)}{NO_BREAK}heures"
    return days_in_words(hours // 24)


def days_in_words(days: int) -> str:
    """Return « 1 jour » or « 12 jours », without a possible line break."""
    return f"{grouped(days)}{NO_BREAK}jour{plural(days)}"


def age_in_words(first: date, *, today: date) -> str:
    """Return « 12 jours », « 3 mois » or « 2 ans »: how long something has gone on, in whole units and in one."""
    months = (today.year - first.year) * 12 + today.month - first.month - (today.day < first.day)
    if months >= MONTHS_AT_MOST:
        return f"{months // 12}{NO_BREAK}ans"
    return f"{months}{NO_BREAK}mois" if months > 0 else days_in_words((today - first).days)


def frequency_in_words(interval_days: int) -> str:
    """Return « toutes les 4 semaines », « tous les 2 mois » or « tous les 45 jours »."""
    for length, once, often in FREQUENCIES:
        if interval_days % length == 0:
            count = interval_days // length
            return once if count == 1 else often.format(count)
    return f"tous les {interval_days} jours"


# --- Counts and sizes ---------------------------------------------------------------------------------------------


MEGABYTE = 1024 * 1024  # bytes


def kept_together(typed: str) -> str:
    """Return a typed text with no-break spaces before « : ; ? ! % » and inside its quotation marks."""
    return _STAYS_TOGETHER.sub(NO_BREAK, typed)


def grouped(count: int) -> str:
    """Return « 1 200 », without a possible line break."""
    return f"{count:,}".replace(",", NO_BREAK)


def plural(count: float, forms: str = "s") -> str:
    """Return the ending for a count; 0 and 1 are singular. Forms: "s", "x", or singular and plural as "a,ont"."""
    one, comma, several = forms.partition(",")
    if not comma:
        one, several = "", forms
    return several if abs(count) >= 2 else one


def counted(count: int, forms: str) -> str:
    """Return « aucune personne », « 1 personne » or « 1 200 personnes » for `une personne`, as in a sentence.

    The article shows the gender. Each word takes an s, unless the plural is given: `un nouveau choix,nouveaux choix`.
    """
    one, comma, several = forms.partition(",")
    article, _, noun = one.partition(" ")
    if count == 0:
        return f"auc{article} {noun}"
    if count < 2:
        return f"{count} {noun}"
    return f"{grouped(count)} {several if comma else ' '.join(f'{word}s' for word in noun.split())}"


def verb_of(count: int, forms: str) -> str:
    """Return « n'est », « est » or « sont » for `est,sont`: the verb that agrees with `counted`."""
    verb = plural(count, forms)
    if count:
        return verb
    return f"n'{verb}" if verb[0] in VERB_VOWELS else f"ne {verb}"


def excess_in_words(length: int, *, most: int) -> str:
    """Return by how much a text is too long: « 212 caractères de trop : 5 000 au plus. »"""
    excess = length - most
    too_long = f"{grouped(excess)} caractère{plural(excess)} de trop"
    return f"{too_long}{NO_BREAK}: {grouped(most)} au plus. Raccourcissez ce texte."


def size_in_words(size: int) -> str:
    """Return « 1 Ko », « 820 Ko » or « 1,4 Mo »: the size of a file, in the units of its limit."""
    if size < MEGABYTE:
        return f"{grouped(max(1, -(-size // 1024)))}{NO_BREAK}Ko"
    tenths = size * 10 // MEGABYTE
    figures = grouped(tenths // 10) + (f",{tenths % 10}" if tenths % 10 else "")
    return f"{figures}{NO_BREAK}Mo"


# --- Lists and names ----------------------------------------------------------------------------------------------


def listed(words: Iterable[object]) -> str:
    """Return « Odile », « Odile et Yann » or « Odile, Yann et Awa »."""
    *first, last = [str(word) for word in words] or [""]
    return f"{', '.join(first)} et {last}" if first else last


def of_name(who: object) -> str:
    """Return « d'Odile », « d'Hélène », « de Yann »: « de » before a name, elided where French does."""
    return f"d'{who}" if _elides(str(who)) else f"de {who}"


def than_name(who: object) -> str:
    """Return « qu'Odile » or « que Yann »: « que » before a name."""
    return f"qu'{who}" if _elides(str(who)) else f"que {who}"


def _elides(name: str) -> bool:
    plain = unicodedata.normalize("NFD", name.casefold()).encode("ascii", "ignore").decode("ascii").strip()
    first = re.split(r"[^a-z]", plain, maxsplit=1)[0]
    return (
        first[:1] in VOWELS
        or first in MUTE_H
        or (first[:1] == "y" and len(first) > 1 and first[1] not in VOWELS)
        or name[:1].casefold() in {"œ", "æ"}
    )
