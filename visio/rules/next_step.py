"""What a person does next, of all that the four floors know: the one place that decides which comes first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StepKind(StrEnum):
    """What can be next for a person. Of two that nothing else parts, the one that is named first comes first."""

    JOIN = "join"
    """The room of a video interview is open, and the interview is still to be held."""
    RETURN = "return"
    """The room is still open, but the hour of the interview has passed."""
    EXPLAIN = "explain"
    """An absence was noted, and the time to explain it runs."""
    ACCEPT = "accept"
    """Only the person's acceptance is missing before the 100 % web begins."""
    CHOOSE = "choose"
    """A mandatory interview has no hour yet."""
    CALL = "call"
    """A call-back was asked for."""
    MEET = "meet"
    """An interview is to come."""
    ACCEPT_AGAIN = "accept_again"
    """The text was changed while the track runs."""
    AWAIT = "await"
    """The 100 % web was asked for, and the registration interview is to come."""
    CONCLUDE = "conclude"
    """An interview has passed, and its adviser has not said how it ended."""


PRESSING = frozenset({StepKind.JOIN, StepKind.RETURN, StepKind.EXPLAIN, StepKind.ACCEPT})
"""These come before whatever has a later day: somebody waits, or a right ends."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do or to know. `at` is its hour, or the beginning of its last day; None for one without a day."""

    kind: StepKind
    at: datetime | None = None
    about: object = None
    """The row that the page shows."""


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return the steps, the next one first: what presses, by kind; then by day and hour; then what has no day."""
    order = list(StepKind)

    def rank(step: Step) -> tuple[int, float, float]:
        kind, at = order.index(step.kind), step.at.timestamp() if step.at else 0
        if step.kind in PRESSING:
            return 0, kind, at
        return (1, at, kind) if step.at else (2, kind, 0)

    return sorted(steps, key=rank)
