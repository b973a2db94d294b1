"""Reading texts, numbers, days and instants that came from outside: each function returns what was meant, or None.

Bounds are those of what is stored, so that nothing behind them can overflow.
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
    """Return a text of several lines as it is kept, whichever way it came: by a form, a socket or a draft.

    Each line ends with one line feed, accents are part of their letter, and what nobody means to write is removed. The
    rest stays as it is. Spaces at both ends stay too, because a draft may stop in the middle of a sentence. A text in
    which nothing can be seen is empty.
    """
    kept = unicodedata.normalize("NFC", _NEVER_MEANT.sub("", _LINE_END.sub("\n", text)))
    return kept if any(unicodedata.category(character) not in _TAKES_NO_INK for character in kept) else ""


def is_plain(text: str) -> bool:
    """Tell whether a text can be stored and sent on: no NUL, no half of a surrogate pair."""
    return _NOT_PLAIN.search(text) is None


def number_in(text: str, *, largest: int = LARGEST_NUMBER) -> int | None:
    """Return the whole number that a text is, from 0 to `largest`."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= largest else None


def numbers_in(texts: list[str]) -> list[int]:
    """Return the numbers among the texts, in their order."""
    return [number for text in texts if (number := number_in(text)) is not None]


def day_in(text: str) -> date | None:
    """Return the day (YYYY-MM-DD) that a text is, of this century or the ones beside it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if is_near(day) else None


def instant_in(text: str) -> datetime | None:
    """Return the instant in UTC that a text is; it says its offset, and its day is one of `day_in`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.utcoffset() is None or not is_near(instant.date()):
        return None
    return instant.astimezone(UTC)


def is_near(day: date) -> bool:
    """Tell whether a day is one that anything here can be about."""
    return EARLIEST_DAY <= day <= LATEST_DAY
