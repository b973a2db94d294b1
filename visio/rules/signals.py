"""The signals that a socket of a room may send: their sizes, shapes and rate."""

import re
from collections.abc import Callable
from typing import Any

from accompaniment.rules.parsing import is_plain

LARGEST_MESSAGE = 32 * 1024
"""Characters. A description with audio and video is about 10,000."""

BURST = 120
PER_SECOND = 20.0
"""A new connection sends about thirty candidates at once; afterwards a socket is quiet."""

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

MOST_LINES = 2**16
"""Browsers number media lines with 16 bits."""

DESCRIPTION_TYPES = frozenset({"offer", "answer", "pranswer", "rollback"})


def is_id(value: Any) -> bool:
    """Return whether this is an id in the form that our pages make for a tab and for each connection."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


def clean_signal(data: Any) -> dict[str, Any] | None:
    """Return the part of a signal that may be relayed (one description or one candidate), or None."""
    if not isinstance(data, dict):
        return None
    match data:
        case {"description": {"type": str(kind), "sdp": str(sdp)}} if data.get("candidate") is None:
            return {"description": {"type": kind, "sdp": sdp}} if kind in DESCRIPTION_TYPES and is_plain(sdp) else None
        case {"candidate": {"candidate": str()} as candidate} if data.get("description") is None:
            known = {key: candidate[key] for key in CANDIDATE if key in candidate}
            return {"candidate": known} if all(CANDIDATE[key](value) for key, value in known.items()) else None
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_plain(value)


def _is_text_or_none(value: Any) -> bool:
    return value is None or _is_text(value)


def _is_line(value: Any) -> bool:
    """Return whether this is the number of a media line, or None for no line."""
    return value is None or (type(value) is int and 0 <= value < MOST_LINES)


CANDIDATE: dict[str, Callable[[Any], bool]] = {
    "candidate": _is_text,
    "sdpMid": _is_text_or_none,
    "sdpMLineIndex": _is_line,
    "usernameFragment": _is_text_or_none,
}
"""The parts of a candidate, as browsers define them."""
