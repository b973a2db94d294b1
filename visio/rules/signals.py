"""The signals that a socket of a room may send: their sizes, shapes and rate."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from accompaniment.rules.parsing import is_plain
from visio.enums import RoomRole

LARGEST_MESSAGE = 32 * 1024
"""Characters. A description with audio and video is about 10,000."""

BURST = 120
PER_SECOND = 20.0
"""A new connection sends about thirty candidates at once; afterwards a socket is quiet."""

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

MOST_LINES = 2**16
"""Browsers number media lines with 16 bits."""

DESCRIPTION_TYPES = frozenset({"offer", "answer", "pranswer", "rollback"})

WARM_TYPES = {RoomRole.ADVISER: "offer", RoomRole.JOBSEEKER: "answer"}
"""The descriptions that each side may send while the person still waits."""

NOWHERE = "IN IP4 0.0.0.0"
"""What a description says where it names no address. Browsers use the candidates instead."""

CANDIDATE_PARTS = 8
"""The parts of a candidate up to its type: foundation, component, protocol, priority, address, port, `typ`, type."""

KEPT_OF_A_CANDIDATE = ("generation", "ufrag", "network-id", "network-cost")


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


def warm_signal(data: dict[str, Any], *, role: RoomRole, relayed: bool) -> dict[str, Any] | None:
    """Return the part of a clean signal that may pass while the person still waits, or None.

    The connection is set up then, so that nothing but sound and pictures is missing at the admission. The adviser's
    side offers, the other side answers. Neither learns an address of the other (`without_addresses`).
    """
    kind = data.get("description", {}).get("type")
    if kind is not None and kind != WARM_TYPES[role]:
        return None
    return without_addresses(data, relayed=relayed)


def without_addresses(data: dict[str, Any], *, relayed: bool) -> dict[str, Any] | None:
    """Return a clean signal without any address of its sender, or None if nothing is left.

    What is left is the way through the relay, or no way at all where no relay is configured (`relayed`). A way must be
    a literal address: a browser would look a name up, and so tell its own address to whoever owns the name.
    """
    if "candidate" in data:
        candidate = data["candidate"]
        way = _way_through_the_relay(candidate["candidate"]) if relayed else None
        return None if way is None else {"candidate": {**candidate, "candidate": way}}
    description = data["description"]
    lines = (_line_without_addresses(line, relayed=relayed) for line in description["sdp"].splitlines())
    sdp = "".join(f"{line}\r\n" for line in lines if line is not None)
    return {"description": {**description, "sdp": sdp}}


def _line_without_addresses(line: str, *, relayed: bool) -> str | None:
    """Return a line of a description without addresses, or None for a line that is left out."""
    if line.startswith("c="):
        return f"c={NOWHERE}"
    if line.startswith("a=rtcp:"):
        return f"a=rtcp:9 {NOWHERE}"
    if line.startswith("o="):
        return " ".join([*line.split(" ")[:3], NOWHERE])
    if line.startswith("a=candidate:"):
        way = _way_through_the_relay(line.removeprefix("a=")) if relayed else None
        return f"a={way}" if way else None
    return None if line.startswith("a=remote-candidates:") else line


def _way_through_the_relay(candidate: str) -> str | None:
    """Return a candidate of the relay (RFC 8839) without the address behind it; the empty candidate says "no more"."""
    if candidate == "":
        return candidate
    parts = candidate.split()
    if len(parts) < CANDIDATE_PARTS or parts[6:CANDIDATE_PARTS] != ["typ", "relay"]:
        return None
    try:
        ip_address(parts[4])
    except ValueError:
        return None
    more = dict(zip(parts[CANDIDATE_PARTS::2], parts[CANDIDATE_PARTS + 1 :: 2], strict=False))
    kept = [word for name in KEPT_OF_A_CANDIDATE if name in more for word in (name, more[name])]
    return " ".join([*parts[:CANDIDATE_PARTS], "raddr", "0.0.0.0", "rport", "0", *kept])  # noqa: S104  (no address)


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
