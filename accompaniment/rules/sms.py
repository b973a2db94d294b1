"""How an SMS is written and counted (3GPP TS 23.038): one with a letter outside the alphabet GSM-7 costs more parts."""

import unicodedata
from dataclasses import dataclass

BASIC = frozenset(
    (*"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ\"#¤%&'()*+,-./0123456789<=>¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿äöñüà", *": ; ! ?")
) | frozenset("abcdefghijklmnopqrstuvwxyz")
EXTENDED = frozenset("\f^{}\\[~]|€")
"""Characters that take two places."""
PLAIN = {"\u00a0": " ", "\u202f": " ", "’": "'", "«": '"', "»": '"', "–": "-", "…": "...", "œ": "oe", "Œ": "OE"}
ALONE_GSM, PART_GSM = 160, 153
ALONE_UCS, PART_UCS = 70, 67
"""Places of a single SMS, and of each part of a longer one, whose parts carry a header."""


@dataclass(frozen=True)
class ShortMessage:
    """A text as it is sent, and the number of parts that the operator counts."""

    text: str
    is_gsm: bool
    parts: int


def short_message(text: str) -> ShortMessage:
    """Return a text as an SMS. A letter outside GSM-7 loses its accent if that suffices; if not, the text is UCS-2."""
    plain = "".join(_plain(letter) for letter in unicodedata.normalize("NFC", text))
    if all(letter in BASIC or letter in EXTENDED for letter in plain):
        places = len(plain) + sum(letter in EXTENDED for letter in plain)
        return ShortMessage(plain, is_gsm=True, parts=_parts(places, ALONE_GSM, PART_GSM))
    places = len(plain.encode("utf-16-be")) // 2
    return ShortMessage(plain, is_gsm=False, parts=_parts(places, ALONE_UCS, PART_UCS))


def _plain(letter: str) -> str:
    if letter in BASIC or letter in EXTENDED:
        return letter
    if letter in PLAIN:
        return PLAIN[letter]
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base in BASIC else letter


def _parts(places: int, alone: int, part: int) -> int:
    return 1 if places <= alone else -(-places // part)
