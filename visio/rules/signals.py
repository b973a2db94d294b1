"""What a socket of a room may send: sizes, shapes and how fast."""

import re
from dataclasses import dataclass
from typing import Any

LARGEST_MESSAGE = 32 * 1024
"""Characters. A description with audio and video is about 10,000."""

BURST = 120
PER_SECOND = 20.0
"""A new connection sends some thirty candidates at once; afterwards a socket is quiet."""

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

DESCRIPTION_TYPES = frozenset({"offer", "answer", "pranswer", "rollback"})


@dataclass
class Bucket:
    """How many messages a socket may still send; it fills again with time."""

    tokens: float
    at: float

    def take(self, now: float) -> bool:
        """Take one of the tokens there are at `now` (seconds of a monotonic clock); False when there is none."""
        self.tokens = min(BURST, self.tokens + (now - self.at) * PER_SECOND)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def is_id(value: Any) -> bool:
    """Tell whether this is an id as a page makes them, for its tab and for each connection."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


def clean_signal(data: Any) -> dict[str, Any] | None:
    """Return what may be relayed of a signal: one description or one candidate; None for anything else."""
    if not isinstance(data, dict):
        return None
    description, candidate = data.get("description"), data.get("candidate")
    if isinstance(description, dict) and candidate is None:
        kind, sdp = description.get("type"), description.get("sdp")
        if kind in DESCRIPTION_TYPES and isinstance(sdp, str):
            return {"description": {"type": kind, "sdp": sdp}}
    if isinstance(candidate, dict) and description is None and isinstance(candidate.get("candidate"), str):
        known = ("candidate", "sdpMid", "sdpMLineIndex", "usernameFragment")
        return {"candidate": {key: candidate[key] for key in known if key in candidate}}
    return None
