"""What a benchmark measures and prints: two sides, their ratio, and its target."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

RUNS = 5
"""How often each side is measured, at least."""


class Size(StrEnum):
    """FULL is the size that a target speaks of; SMALL shows in seconds that the benchmark works."""

    FULL = "full"
    SMALL = "small"


class Target(StrEnum):
    """Which way a ratio has to lie: a time is at most, a throughput at least so many times the other side's."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True)
class Row:
    """One comparison. `also` holds what else must be true, as a sentence and whether it was.

    `remarks` are figures beside it that no target speaks of.
    """

    what: str
    ours: float
    theirs: float
    unit: str
    direction: Target
    target: float
    also: list[tuple[str, bool]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def reached(self) -> bool:
        within = self.ratio <= self.target if self.direction is Target.AT_MOST else self.ratio >= self.target
        return within and all(held for _, held in self.also)

    def __str__(self) -> str:
        lines = [
            f"{self.what}: {'reached' if self.reached else 'MISSED'}",
            f"  here {self.ours:.4g} {self.unit}, other side {self.theirs:.4g} {self.unit}",
            f"  ratio {self.ratio:.2f} (target {self.direction} {self.target:g})",
            *(f"  {remark}" for remark in self.remarks),
            *(f"  {sentence}: {'yes' if held else 'NO'}" for sentence, held in self.also),
        ]
        return "\n".join(lines)


def in_turn(
    ours: Callable[[], float], theirs: Callable[[], float], *, runs: int = RUNS
) -> tuple[list[float], list[float]]:
    """Measure both sides `runs` times, one after the other, so that a noisy minute falls on both."""
    mine, others = [], []
    for _ in range(runs):
        mine.append(ours())
        others.append(theirs())
    return mine, others


def medians(ours: Callable[[], float], theirs: Callable[[], float], *, runs: int = RUNS) -> tuple[float, float]:
    """Return the medians of both sides, measured in turn."""
    mine, others = in_turn(ours, theirs, runs=runs)
    return median(mine), median(others)
