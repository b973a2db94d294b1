"""Normalise e-mail addresses, identifiers and names, so that one thing has one spelling."""

import re
import unicodedata

NOWHERE = "sans-adresse-{pk}@compte.invalid"
"""The address of an account without a password whose file has none. No e-mail ever goes there (RFC 2606)."""


def written(address: str) -> str:
    """Return the address as it is stored and compared: trimmed, in lower case, in one Unicode form."""
    return unicodedata.normalize("NFC", address.strip()).lower()


BETWEEN = re.compile(r"[\s.\-_\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff]+")
"""Spaces of every kind, dots, hyphens and invisible characters."""


SPLIT_IDENTIFIER = re.compile(rf"(?:[0-9](?:{BETWEEN.pattern})?){{7}}[A-Za-z]\b")


def compact(typed: str) -> str:
    """Return an identifier as it is stored: « 1234 567 a » becomes 1234567A. Other characters stay."""
    return BETWEEN.sub("", typed).upper()


def joined_within(text: str) -> str:
    """Return a text in which each identifier that was typed in parts is one word."""
    return SPLIT_IDENTIFIER.sub(lambda found: compact(found[0]), text)


LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l"})


def unaccented(text: str) -> str:
    """Return the text in ASCII, for where nothing else is allowed: « Déjà » becomes « Deja »."""
    decomposed = unicodedata.normalize("NFKD", text.translate(LIGATURES).replace("’", "'"))
    return decomposed.encode("ascii", "ignore").decode()


def plain(text: str) -> str:
    """Return the text without accents and case, as a French directory compares names."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(LIGATURES))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
