"""Telephone numbers as people and spreadsheets write them."""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers

FRANCE = "FR"
LONGEST = 80
"""Characters; in what is longer nobody would look for a number."""
# Who dials 0262… from anywhere in France reaches La Réunion, which has a country code of its own.
OVERSEAS_REGIONS = {
    **dict.fromkeys(("0262", "0263", "0692", "0693"), "RE"),
    **dict.fromkeys(("0269", "0639"), "YT"),
    **dict.fromkeys(("0590", "0690", "0691"), "GP"),
    **dict.fromkeys(("0594", "0694"), "GF"),
    **dict.fromkeys(("0596", "0696", "0697"), "MQ"),
    "0508": "PM",
}
OF_SIX_DIGITS = {"PM"}
"""Where what follows the zero is the country code itself, and the number there has six digits."""
OF_DEPARTEMENTS = {"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT"}
"""Where people of a département dial like nobody else; everywhere else as in France."""
USUAL = re.compile(r"0([1-9])[ .-]?([0-9]{2})[ .-]?([0-9]{2})[ .-]?([0-9]{2})[ .-]?([0-9]{2})", re.ASCII)
SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]{1,14}))?E\+?([0-9]{1,2})", re.ASCII | re.IGNORECASE)
TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
BETWEEN_DIGITS = re.compile(r"[\s._/\\,;:|'\u2018\u2019`()\[\]\-\u2010-\u2015\u2212]+")
RUN = re.compile(r"(?:\+ ?)?[0-9][0-9 ]*")
# What says that a number follows, and nothing more.
LABEL = re.compile(r"\b(?:t[ée]l(?:[ée]phone)?|portable|mobile|fixe|num[ée]ro|n°|no|ou|et)\b|n°", re.IGNORECASE)
COUNTRY_CODES = ("33", "262", "508", "590", "594", "596")
"""Those of France, which are also written without their plus sign."""
DIGITS = 9
"""How many a number of France has after its zero or its country code."""


class Found(NamedTuple):
    """A number in the format E.164, and whether other numbers or words stand beside it."""

    number: str
    others: bool
    words: bool


def _assigned_in_france() -> re.Pattern[str]:
    """Return what the library's own plan of France says of numbers of nine digits: what it would find valid."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(FRANCE)
    if plan is None:
        raise LookupError("the library of telephone numbers has no plan of France")
    kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost, plan.voip)
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_is_assigned_in_france = _assigned_in_france().fullmatch


def usual(value: str) -> str | None:
    """Return a number of France that is written as nearly all are, None for any other."""
    written = USUAL.fullmatch(value)
    if written is None:
        return None
    national = "".join(written.groups())
    # The library's plan of France holds a beginning that is dialled to Martinique.
    if f"0{national[:3]}" in OVERSEAS_REGIONS or not _is_assigned_in_france(national):
        return None
    return f"+33{national}"


def find(value: str, region: str) -> Found | None:
    """Return the first number in what somebody wrote; None when there is none, or when digits are left over."""
    if len(value) > LONGEST:
        return None
    text = TRUNK_ZERO.sub(" ", unicodedata.normalize("NFKC", value))
    text = BETWEEN_DIGITS.sub(" ", text)
    numbers: list[str] = []
    for run in RUN.findall(text):
        numbers += _split(run.replace("+ ", "+").split(), region)
    if not numbers:
        return None
    words = LABEL.sub(" ", RUN.sub(" ", text))
    return Found(numbers[0], others=len(numbers) > 1, words=any(map(str.isalpha, words)))


def _split(parts: list[str], region: str) -> list[str]:
    """Return the numbers that the parts make up one after the other, without a digit left over; else none."""
    for end in range(len(parts), 0, -1):
        if (number := _number("".join(parts[:end]), region)) is None:
            continue
        if end == len(parts):
            return [number]
        if rest := _split(parts[end:], region):
            return [number, *rest]
    return []


def _number(digits: str, region: str) -> str | None:
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    for code in COUNTRY_CODES:
        if digits.startswith(code) and len(digits) == len(code) + DIGITS:
            digits = f"+{digits}"
    if digits.startswith("+330") and len(digits) == len("+330") + DIGITS:
        digits = f"+33{digits[4:]}"
    if digits.startswith("+33"):
        return _national(f"0{digits[3:]}", FRANCE)
    if digits.startswith("+"):
        return _valid(digits, FRANCE)
    # A spreadsheet that takes a number for one to calculate with drops its zero.
    national = digits if digits.startswith("0") or len(digits) != DIGITS else f"0{digits}"
    return _national(national, region)


def _national(digits: str, region: str) -> str | None:
    """Return the number that is dialled so in the region, else from anywhere in France."""
    if region != FRANCE and (local := _valid(digits, region)):
        return local
    overseas = OVERSEAS_REGIONS.get(digits[:4])
    if overseas and len(digits) == DIGITS + 1:
        # Numbers are given out there faster than the library learns of them; the beginning alone is certain.
        code = str(phonenumbers.country_code_for_region(overseas))
        return f"+{code}{digits[1 + len(code) :] if overseas in OF_SIX_DIGITS else digits[1:]}"
    return _valid(digits, FRANCE)


def _valid(digits: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
