"""What single values of a file must be. Each function returns what is stored, or raises InvalidValueError."""

import re
from datetime import date
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

from accompaniment.errors import DomainError
from accompaniment.identifiers import compact
from accompaniment.rules import MINIMUM_AGE_YEARS, age_on

IDENTIFIER = re.compile(r"[0-9]{7}[A-Z]")
DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
EARLIEST_BIRTH = date(1900, 1, 1)
EMAIL_MAXIMUM = 254
FRANCE = "FR"
# Who dials 0262… from anywhere in France reaches La Réunion, which has a country code of its own.
OVERSEAS_REGIONS = {
    **dict.fromkeys(("0262", "0263", "0692", "0693"), "RE"),
    **dict.fromkeys(("0269", "0639"), "YT"),
    **dict.fromkeys(("0590", "0690", "0691"), "GP"),
    **dict.fromkeys(("0594", "0694"), "GF"),
    **dict.fromkeys(("0596", "0696", "0697"), "MQ"),
}
FRENCH_NUMBER = re.compile(r"0([1-9])[ .-]?([0-9]{2})[ .-]?([0-9]{2})[ .-]?([0-9]{2})[ .-]?([0-9]{2})", re.ASCII)
YES_OR_NO = {"O": True, "N": False}

_check_email = EmailValidator()


def _assigned_in_france() -> re.Pattern[str]:
    """Return what the library's own plan of France says of numbers of nine digits: what it would find valid."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(FRANCE)
    if plan is None:
        raise LookupError("the library of telephone numbers has no plan of France")
    kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost, plan.voip)
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_is_assigned_in_france = _assigned_in_france().fullmatch
_of_few_values = lru_cache(maxsize=10_000)
"""For columns whose values come again and again: days, names, communes, codes."""


class InvalidValueError(DomainError):
    """A value is not what its column asks for; the sentence says what it should be."""


@_of_few_values
def text(value: str, maximum: int) -> str:
    """Return the value with single spaces, or empty. Raises InvalidValueError past `maximum` characters."""
    value = " ".join(value.split())
    if len(value) > maximum:
        raise InvalidValueError(f"{maximum} caractères au plus.")
    return value


@_of_few_values
def mandatory_text(value: str, maximum: int) -> str:
    """Return the value with single spaces. Raises InvalidValueError when there is no letter or digit in it."""
    value = text(value, maximum)
    if not any(character.isalnum() for character in value):
        raise InvalidValueError("Valeur obligatoire." if not value else "Doit contenir au moins une lettre.")
    return value


@_of_few_values
def code(value: str, pattern: re.Pattern[str], sentence: str) -> str:
    """Return a code that has the pattern, or empty. Raises InvalidValueError for another one."""
    value = value.strip()
    if value and pattern.fullmatch(value) is None:
        raise InvalidValueError(sentence)
    return value


def identifier(value: str) -> str:
    """Return a jobseeker's identifier: seven digits and a capital letter, however they were spaced."""
    value = compact(value)
    if not value:
        raise InvalidValueError("Valeur obligatoire.")
    if IDENTIFIER.fullmatch(value) is None:
        raise InvalidValueError("Doit avoir 7 chiffres puis une lettre.")
    return value


@_of_few_values
def day(value: str) -> date:
    """Return a day written JJ/MM/AAAA."""
    value = value.strip()
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
        raise InvalidValueError(f"La personne doit avoir au moins {MINIMUM_AGE_YEARS} ans.")
    return born


def email(value: str) -> str:
    """Return an e-mail address in lower case, or empty. One with letters outside ASCII cannot be written to."""
    value = value.strip().lower()
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


def phone(value: str) -> str:
    """Return a telephone number in the format E.164, or empty. Without a country code it is one of France."""
    value = value.strip()
    if not value:
        return ""
    # Nearly all numbers are written so; the library takes fifteen times as long to say the same.
    if (usual := FRENCH_NUMBER.fullmatch(value)) and _is_assigned_in_france(national := "".join(usual.groups())):
        return f"+33{national}"
    number = _dialled(value, FRANCE)
    if number is None:
        digits = "".join(character for character in value if character in "0123456789")
        overseas = OVERSEAS_REGIONS.get(digits[:4])
        number = _dialled(value, overseas) if overseas else None
    if number is None:
        raise InvalidValueError("Numéro de téléphone non valide.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _dialled(value: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def yes_or_no(value: str) -> bool | None:
    """Return what O or N says, None for nothing."""
    value = value.strip().upper()
    if not value:
        return None
    if value not in YES_OR_NO:
        raise InvalidValueError("Doit être O ou N.")
    return YES_OR_NO[value]


def choice(value: str, choices: tuple[str, ...]) -> str:
    """Return one of the codes, or empty."""
    value = value.strip()
    if value and value not in choices:
        raise InvalidValueError(f"Doit être {', '.join(choices[:-1])} ou {choices[-1]}.")
    return value


def mandatory_choice(value: str, choices: tuple[str, ...]) -> str:
    """Return one of the codes."""
    if not (known := choice(value, choices)):
        raise InvalidValueError("Valeur obligatoire.")
    return known
