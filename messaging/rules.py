"""Pure decisions of the messaging floor: no database, no clock."""

import unicodedata
from datetime import timedelta

BODY_LIMIT = 5000
"""Characters of one message."""

ANSWER_WITHIN = timedelta(hours=72)
"""A person who writes is answered within this time, whoever is absent."""

_KEPT_CONTROLS = "\n\t"
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_text(text: str) -> str:
    """Return the text as it is kept: stripped, with `\\n` as line end, without control characters.

    Halves of surrogate pairs, which no database takes, and characters that turn the direction of what follows
    are removed too. What has nothing visible left comes back empty.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        character
        for character in text
        if character in _KEPT_CONTROLS
        or (unicodedata.category(character) not in {"Cc", "Cs"} and character not in _BIDI_OVERRIDES)
    )
    kept = unicodedata.normalize("NFC", kept).strip()
    visible = any(unicodedata.category(character) not in _INVISIBLE for character in kept)
    return kept if visible else ""
