"""Parse texts, numbers, days and instants that come from outside. Each function returns the value, or None.

The bounds are those of the database, so that nothing overflows later.
"""

import re
import unicodedata
from datetime import UTC, date, datetime

LARGEST_NUMBER = 2**63 - 1
"""The largest key of a row."""

EARLIEST_DAY = date(1900, 1, 1)
LATEST_DAY = date(2199, 12, 31)

_NUMBER = re.compile("[0-9]{1,19}")
_NOT_PLAIN = re.compile("[\0\ud800-\udfff]")


_LINE_END = re.compile("\r\n?")
_NEVER_MEANT = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")
"""Control characters but tab and line end, halves of surrogate pairs, what turns the direction of all that follows,
and the mark that some programs put before a text."""
_TAKES_NO_INK = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


def lines_in(text: str) -> str:
    """Return a text of several lines in the form in which it is stored, whether a form, a socket or a draft sent it.

    Lines end with one line feed, accents are composed, and invisible characters that nobody types on purpose are
    removed. Spaces at both ends stay, because a draft may stop in the middle of a sentence. A text without a visible
    character becomes empty.
    """
    kept = unicodedata.normalize("NFC", _NEVER_MEANT.sub("", _LINE_END.sub("\n", text)))
    return kept if any(unicodedata.category(character) not in _TAKES_NO_INK for character in kept) else ""


def is_plain(text: str) -> bool:
    """Return whether a text can be stored and sent: no NUL, no half of a surrogate pair."""
    return _NOT_PLAIN.search(text) is None


def number_in(text: str, *, largest: int = LARGEST_NUMBER) -> int | None:
    """Return the whole number in a text, from 0 to `largest`."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= largest else None


def numbers_in(texts: list[str]) -> list[int]:
    """Return the numbers among the texts, in their order."""
    return [number for text in texts if (number := number_in(text)) is not None]


def day_in(text: str) -> date | None:
    """Return the day (YYYY-MM-DD) in a text, within this century or the ones next to it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if is_near(day) else None


def instant_in(text: str) -> datetime | None:
    """Return the instant in a text as UTC. The text must contain an offset, and its day must pass `day_in`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.utcoffset() is None or not is_near(instant.date()):
        return None
    return instant.astimezone(UTC)


def is_near(day: date) -> bool:
    """Return whether a day is within the range that the application handles."""
    return EARLIEST_DAY <= day <= LATEST_DAY
