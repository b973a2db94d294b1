"""Telephone numbers as people and spreadsheets write them."""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers

FRANCE = "FR"
LONGEST = 80
"""Characters. A longer text is not searched for a number."""
# Somebody who dials 0262… anywhere in France reaches La Réunion, which has its own country code.
OVERSEAS_REGIONS = {
    **dict.fromkeys(("0262", "0263", "0692", "0693"), "RE"),
    **dict.fromkeys(("0269", "0639"), "YT"),
    **dict.fromkeys(("0590", "0690", "0691"), "GP"),
    **dict.fromkeys(("0594", "0694"), "GF"),
    **dict.fromkeys(("0596", "0696", "0697"), "MQ"),
    "0508": "PM",
}
OF_SIX_DIGITS = {"PM"}
"""Regions where the digits after the zero are the country code itself, and the local number has six digits."""
OF_DEPARTEMENTS = {"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "975": "PM", "976": "YT"}
"""Départements with their own way of dialling. All others dial as in France."""
USUAL = re.compile(r"0([1-9])[ .-]?([0-9]{2})[ .-]?([0-9]{2})[ .-]?([0-9]{2})[ .-]?([0-9]{2})", re.ASCII)
SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]{1,14}))?E\+?([0-9]{1,2})", re.ASCII | re.IGNORECASE)
TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
BETWEEN_DIGITS = re.compile(r"[\s._/\\,;:|'\u2018\u2019`()\[\]\-\u2010-\u2015\u2212]+")
RUN = re.compile(r"(?:\+ ?)?[0-9][0-9 ]*")
# Words that only say that a number follows.
LABEL = re.compile(r"\b(?:t[ée]l(?:[ée]phone)?|portable|mobile|fixe|num[ée]ro|n°|no|ou|et)\b|n°", re.IGNORECASE)
COUNTRY_CODES = ("33", "262", "508", "590", "594", "596")
"""Country codes of French territories, which people also write without the plus sign."""
DIGITS = 9
"""The digits of a French number after its zero or its country code."""

SHORTEST_BEGINNING = 4
"""Digits. Fewer begin the numbers of too many people."""
BEGINNING = re.compile(rf"\+?[0-9]{{{SHORTEST_BEGINNING},15}}", re.ASCII)


class Found(NamedTuple):
    """A number in the format E.164, and whether other numbers or words surround it."""

    number: str
    others: bool
    words: bool


def _assigned_in_france() -> re.Pattern[str]:
    """Return a pattern of the nine-digit numbers that the library's plan of France finds valid."""
    plan = phonenumbers.PhoneMetadata.metadata_for_region(FRANCE)
    if plan is None:
        raise LookupError("the library of telephone numbers has no plan of France")
    kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.shared_cost, plan.voip)
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_is_assigned_in_france = _assigned_in_france().fullmatch


def usual(value: str) -> str | None:
    """Return a French number in its usual spelling, or None for any other text."""
    written = USUAL.fullmatch(value)
    if written is None:
        return None
    national = "".join(written.groups())
    # The library's plan of France includes a prefix that really leads to Martinique.
    if f"0{national[:3]}" in OVERSEAS_REGIONS or not _is_assigned_in_france(national):
        return None
    return f"+33{national}"


def begun(typed: str) -> str:
    """Return the beginning, in E.164, of a number that was typed as far as one remembers it; empty for other text."""
    digits = BETWEEN_DIGITS.sub("", TRUNK_ZERO.sub("", unicodedata.normalize("NFKC", typed)).strip())
    if not BEGINNING.fullmatch(digits):
        return ""
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if digits.startswith("+"):
        return digits
    if not digits.startswith("0"):
        return ""
    overseas = OVERSEAS_REGIONS.get(digits[:4])
    code = str(phonenumbers.country_code_for_region(overseas or FRANCE))
    return f"+{code}{digits[1 + len(code) :] if overseas in OF_SIX_DIGITS else digits[1:]}"


def find(value: str, region: str) -> Found | None:
    """Return the first number in a text, or None if there is none or digits are left over."""
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
    """Return the numbers that the parts form in order without a digit left over, or none."""
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
    # A spreadsheet that treats the number as a quantity drops its zero.
    national = digits if digits.startswith("0") or len(digits) != DIGITS else f"0{digits}"
    return _national(national, region)


def _national(digits: str, region: str) -> str | None:
    """Return the number that this reaches when dialled in the region, otherwise from anywhere in France."""
    if region != FRANCE and (local := _valid(digits, region)):
        return local
    overseas = OVERSEAS_REGIONS.get(digits[:4])
    if overseas and len(digits) == DIGITS + 1:
        # Numbers are assigned there before the library knows them, so only the prefix is checked.
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


FRENCH_REGIONS = frozenset({"FR", "GP", "GF", "MQ", "RE", "YT", "PM", "BL", "MF", "NC", "PF", "WF"})
"""Regions of the library that are French, each with its own country code or sharing one."""
MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
NEW_MOBILES = (
    "+336",
    "+337",
    *(
        f"+{phonenumbers.country_code_for_region(region)}{begins[1:]}"
        for begins, region in OVERSEAS_REGIONS.items()
        if begins.startswith("06")
    ),
)
"""Beginnings of mobile numbers, which are assigned before the library knows them."""


def takes_sms(number: str, *, others: frozenset[str] = frozenset()) -> bool:
    """Return whether a number in E.164 is a mobile of a French territory, or of one of the `others` (« BE »)."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return False
    if number.startswith(NEW_MOBILES):
        return len(number) == len("+33612345678") + (not number.startswith("+33"))
    region = phonenumbers.region_code_for_number(parsed)
    return region in FRENCH_REGIONS | others and phonenumbers.number_type(parsed) in MOBILE
