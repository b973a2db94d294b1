"""The valid form of single values, from a file or typed.

Each function returns the stored value, or raises InvalidValueError. Every value is cleaned first: invisible characters
are removed, and accents are composed with their letters.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from accompaniment.rules.errors import DomainError
from accompaniment.rules.imports import telephones
from accompaniment.rules.spelling import compact, written
from accompaniment.rules.tracks import MINIMUM_AGE_YEARS, age_on

IDENTIFIER = re.compile(r"[0-9]{7}[A-Z]")
DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
EARLIEST_BIRTH = date(1900, 1, 1)
EMAIL_MAXIMUM = 254
INVISIBLE = re.compile(
    # Joiners shape letters of Arabic and Indian scripts. Between such letters they stay; anywhere else they are
    # removed.
    "(?<![\u0600-\u109f])[\u200c\u200d]"
    "|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters without width: zero-width spaces, soft hyphens, marks of direction, order and variation."""
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
YES_OR_NO = {"O": True, "N": False}

_check_email = EmailValidator()


_of_few_values = lru_cache(maxsize=10_000)
"""For columns with few different values: days, names, communes, codes."""


class InvalidValueError(DomainError):
    """A value does not fit its column; the sentence says what is expected."""


class DoubtfulValueError(InvalidValueError):
    """A value that a person would read as `read`; the sentence says how it was read."""

    def __init__(self, sentence: str, read: str) -> None:
        super().__init__(sentence)
        self.read = read


def clean(value: str) -> str:
    """Return the value without invisible characters and surrounding spaces, and with composed accents."""
    if value.isascii() and value.isprintable():
        return value.strip()
    return unicodedata.normalize("NFC", CONTROL.sub(" ", INVISIBLE.sub("", value))).strip()


@_of_few_values
def text(value: str, maximum: int) -> str:
    """Return the value with single spaces, or empty. Raises InvalidValueError above `maximum` characters."""
    value = " ".join(clean(value).split())
    if len(value) > maximum:
        raise InvalidValueError(f"{maximum} caractères au plus.")
    return value


@_of_few_values
def mandatory_text(value: str, maximum: int) -> str:
    """Return the value with single spaces. Raises InvalidValueError if it has no letter or digit."""
    value = text(value, maximum)
    if not any(character.isalnum() for character in value):
        raise InvalidValueError("Valeur obligatoire." if not value else "Doit contenir au moins une lettre.")
    return value


@_of_few_values
def code(value: str, pattern: re.Pattern[str], sentence: str) -> str:
    """Return a code that matches the pattern, or empty. Raises InvalidValueError if it does not match."""
    value = clean(value)
    if value and pattern.fullmatch(value) is None:
        raise InvalidValueError(sentence)
    return value


def identifier(value: str) -> str:
    """Return a jobseeker's identifier: seven digits and a capital letter, typed with any spaces."""
    value = compact(clean(value))
    if not value:
        raise InvalidValueError("Valeur obligatoire.")
    if IDENTIFIER.fullmatch(value) is None:
        raise InvalidValueError("Doit avoir 7 chiffres puis une lettre.")
    return value


@_of_few_values
def day(value: str) -> date:
    """Return a day written JJ/MM/AAAA."""
    value = clean(value)
    if not value:
        raise InvalidValueError("Valeur obligatoire.")
    parts = DAY.fullmatch(value)
    if parts is None:
        raise InvalidValueError("Doit être une date au format JJ/MM/AAAA.")
    try:
        return date(int(parts[3]), int(parts[2]), int(parts[1]))
    except ValueError:
        raise InvalidValueError("Cette date n'existe pas.") from None


def birth_date(value: str, on: date) -> date:
    """Return the birth date of a person who is at least 16 `on` that day."""
    born = day(value)
    if born > on:
        raise InvalidValueError("La personne n'est pas encore née à la date d'inscription.")
    if born < EARLIEST_BIRTH:
        raise InvalidValueError("Doit être après 1900.")
    if age_on(on, born) < MINIMUM_AGE_YEARS:
        raise InvalidValueError(f"La personne doit avoir au moins {MINIMUM_AGE_YEARS}\u00a0ans.")
    return born


def email(value: str) -> str:
    """Return an e-mail address in lower case, or empty. An address with letters outside ASCII is invalid."""
    value = written(clean(value))
    if not value:
        return ""
    try:
        if not value.isascii():
            raise ValidationError("not ASCII")
        _check_email(value)
    except ValidationError:
        raise InvalidValueError("Adresse e-mail non valide.") from None
    if len(value) > EMAIL_MAXIMUM:
        raise InvalidValueError(f"{EMAIL_MAXIMUM} caractères au plus.")
    return value


def phone(value: str, region: str = telephones.FRANCE) -> str:
    """Return a telephone number in the format E.164, or empty. Without a country code it is a French one.

    `region` is where the number was given: what can only be dialled there is also accepted. Raises DoubtfulValueError
    if another number or words surround it, or if a spreadsheet has rewritten it.
    """
    value = clean(value)
    if not value:
        return ""
    # Nearly all numbers are written so; the library takes fifteen times as long to say the same.
    if region == telephones.FRANCE and (usual := telephones.usual(value)):
        return usual
    if (scientific := telephones.SCIENTIFIC.fullmatch(value)) is not None:
        return _rewritten(scientific, region)
    found = telephones.find(value, region)
    if found is None:
        raise InvalidValueError("Numéro de téléphone non valide.")
    if found.others:
        raise DoubtfulValueError("Deux numéros dans la cellule\u00a0: seul le premier est gardé.", found.number)
    if found.words:
        raise DoubtfulValueError("Seul le numéro est gardé, pas ce qui est écrit à côté.", found.number)
    return found.number


def _rewritten(scientific: re.Match[str], region: str) -> str:
    """Refuse a number in scientific notation: DoubtfulValueError if it can be read, otherwise InvalidValueError."""
    leading, decimals, exponent = scientific.groups()
    lost = "Le tableur a remplacé le numéro par une notation scientifique"
    found = telephones.find(leading + decimals, region) if len(decimals) == int(exponent) else None
    if found is None:
        raise InvalidValueError(f"{lost} et en a perdu des chiffres. Retapez-le dans une colonne au format Texte.")
    raise DoubtfulValueError(f"{lost}\u00a0: lu «\u00a0{found.number}\u00a0». Vérifiez-le.", found.number)


def yes_or_no(value: str) -> bool | None:
    """Return whether the value is O or N; None if it is empty."""
    value = clean(value).upper()
    if not value:
        return None
    if value not in YES_OR_NO:
        raise InvalidValueError("Doit être O ou N.")
    return YES_OR_NO[value]


def choice(value: str, choices: tuple[str, ...]) -> str:
    """Return one of the codes, or empty."""
    value = clean(value)
    if value and value not in choices:
        raise InvalidValueError(f"Doit être {', '.join(choices[:-1])} ou {choices[-1]}.")
    return value


def mandatory_choice(value: str, choices: tuple[str, ...]) -> str:
    """Return one of the codes."""
    if not (known := choice(value, choices)):
        raise InvalidValueError("Valeur obligatoire.")
    return known
