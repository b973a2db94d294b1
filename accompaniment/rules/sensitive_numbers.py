"""Finds numbers in a text that a person should not write without need: social security, bank card, IBAN.

Each has check digits and its own groups, so that a telephone number or a SIRET is hardly ever taken for one.
`static/messaging/guard.js` has the same rules, so that a browser can warn before it sends the text anywhere. Nothing of
what is found is stored.
"""

import re
from collections.abc import Iterator

from stdnum import iban, luhn
from stdnum.fr import nir

from accompaniment.rules.french import listed

SOCIAL_SECURITY = "un numéro de sécurité sociale"
CARD = "un numéro de carte bancaire"
IBAN = "un IBAN"

RUN = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]+(?:[ .\-\u00a0\u202f][0-9A-Za-z]+)*")
"""Groups of letters and digits with one separator between them."""
SEPARATOR = re.compile(r"[ .\-\u00a0\u202f]")

NIR = re.compile(r"[1-478][0-9]{2}(?:0[1-9]|1[0-2]|[2-9][0-9])(?:[0-9]{2}|2[AB])[0-9]{8}")
"""Sex, year, month, département, then commune, order and key. Months above 12 stand for unknown ones."""
NIR_GROUPS = (
    (15,),
    (13, 2),
    (1, 2, 2, 2, 3, 3, 2),
    (1, 2, 2, 2, 6, 2),
    (1, 2, 2, 5, 3, 2),
    (1, 4, 2, 3, 3, 2),
    (1, 4, 5, 3, 2),
)
NIR_WITHOUT_KEY = re.compile(r"[1-478][0-9]{2}(?:0[1-9]|1[0-2])(?:[0-9]{2}|2[AB])[0-9]{6}")
"""As people write it from memory. Only the months of the year, because there is no key to check."""
NIR_GROUPS_WITHOUT_KEY = ((13,), (1, 2, 2, 2, 3, 3), (1, 2, 2, 2, 6), (1, 2, 2, 5, 3), (1, 4, 2, 3, 3), (1, 4, 5, 3))
CARD_NUMBER = re.compile(r"3[47][0-9]{13}|(?:4|5|6|2[2-7])[0-9]{14,17}")
"""From 15 digits on, because a SIRET has 14 and the same check digit."""
CARD_GROUPS = ((15,), (16,), (17,), (18,), (19,), (4, 6, 5), (4, 4, 4, 4), (4, 4, 4, 4, 3))
BEGINNING = re.compile(r"[0-9]|[A-Z]{2}[0-9]{2}")
SHORTEST, LONGEST = 13, 34


def kinds_in(text: str) -> list[str]:
    """Return which kinds of these numbers a text seems to contain, each once, in the order of this module."""
    found = {kind for window in _windows(text) if (kind := _kind(window))}
    return [kind for kind in (SOCIAL_SECURITY, CARD, IBAN) if kind in found]


def warning_about(kinds: list[str]) -> str:
    """Return the sentences that warn of such numbers before they are sent."""
    return (
        f"Votre message semble contenir {listed(kinds)}. Il restera dans la conversation. "
        "Envoyez-le seulement si c'est nécessaire."
    )


def _windows(text: str) -> Iterator[list[str]]:
    """Yield each sequence of whole groups that is as long as such a number."""
    for run in RUN.finditer(text):
        groups = SEPARATOR.split(run.group().upper())
        for start in range(len(groups)):
            if not BEGINNING.match(groups[start]):
                continue
            length = 0
            for end in range(start, len(groups)):
                length += len(groups[end])
                if length > LONGEST:
                    break
                if length >= SHORTEST:
                    yield groups[start : end + 1]


def _kind(groups: list[str]) -> str:
    number = "".join(groups)
    shape = tuple(map(len, groups))
    if shape in NIR_GROUPS and NIR.fullmatch(number) and nir.is_valid(number):
        return SOCIAL_SECURITY
    if shape in NIR_GROUPS_WITHOUT_KEY and NIR_WITHOUT_KEY.fullmatch(number):
        return SOCIAL_SECURITY
    if shape in CARD_GROUPS and CARD_NUMBER.fullmatch(number) and luhn.is_valid(number):
        return CARD
    if number[:2].isalpha() and number[2:4].isdigit() and iban.is_valid(number, check_country=False):
        return IBAN
    return ""
