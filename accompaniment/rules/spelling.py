"""One spelling for e-mail addresses, identifiers and names, so that one thing is one text."""

import re
import unicodedata

NOWHERE = "sans-adresse-{pk}@compte.invalid"
"""What an account without a password is called while its file has no address: no mail ever goes there (RFC 2606)."""


def written(address: str) -> str:
    """Return the address as it is stored and compared: trimmed, in small letters, in one Unicode spelling."""
    return unicodedata.normalize("NFC", address.strip()).lower()


BETWEEN = re.compile(r"[\s.\-_\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff]+")
"""Spaces of every kind (a no-break one too), dots, hyphens, and what nobody sees."""


SPLIT_IDENTIFIER = re.compile(rf"(?:[0-9](?:{BETWEEN.pattern})?){{7}}[A-Za-z]\b")


def compact(typed: str) -> str:
    """Return an identifier as it is stored: « 1234 567 a » is 1234567A. What else was typed stays in it."""
    return BETWEEN.sub("", typed).upper()


def joined_within(text: str) -> str:
    """Return a text in which each identifier that was typed in parts is one word."""
    return SPLIT_IDENTIFIER.sub(lambda found: compact(found[0]), text)


LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l"})


def plain(text: str) -> str:
    """Return the text without accents and case, as a French directory compares names."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(LIGATURES))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
