"""How a person's identifier is read: people copy it with spaces, dots and small letters."""

import re

BETWEEN = re.compile(r"[\s.\-_\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff]+")
"""Spaces of every kind (a no-break one too), dots, hyphens, and what nobody sees."""
SPLIT_IDENTIFIER = re.compile(rf"(?:[0-9](?:{BETWEEN.pattern})?){{7}}[A-Za-z]\b")


def compact(typed: str) -> str:
    """Return an identifier as it is stored: « 1234 567 a » is 1234567A. What else was typed stays in it."""
    return BETWEEN.sub("", typed).upper()


def joined_within(text: str) -> str:
    """Return a text in which each identifier that was typed in parts is one word."""
    return SPLIT_IDENTIFIER.sub(lambda found: compact(found[0]), text)
