"""The result of a benchmark: two sides, their ratio, and the target."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import TypeVar

RUNS = 5
"""The minimum number of runs of each side."""


class Size(StrEnum):
    """FULL is the size that a target refers to; SMALL shows in seconds that the benchmark works."""

    FULL = "full"
    SMALL = "small"


class Target(StrEnum):
    """The direction of a target: at most this ratio for a time, at least this ratio for a throughput."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True)
class Row:
    """One comparison.

    `also` holds further conditions, each a sentence and whether it was met. `remarks` are figures without a target.
    `target` is None where the target is no ratio; then `also` says what it is.
    """

    what: str
    ours: float
    theirs: float
    unit: str
    direction: Target
    target: float | None
    also: list[tuple[str, bool]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def reached(self) -> bool:
        if self.target is None:
            return all(held for _, held in self.also)
        within = self.ratio <= self.target if self.direction is Target.AT_MOST else self.ratio >= self.target
        return within and all(held for _, held in self.also)

    def __str__(self) -> str:
        lines = [
            f"{self.what}: {'reached' if self.reached else 'MISSED'}",
            f"  here {self.ours:.4g} {self.unit}, other side {self.theirs:.4g} {self.unit}",
            f"  ratio {self.ratio:.2f}" + (f" (target {self.direction} {self.target:g})" if self.target else ""),
            *(f"  {remark}" for remark in self.remarks),
            *(f"  {sentence}: {'yes' if held else 'NO'}" for sentence, held in self.also),
        ]
        return "\n".join(lines)


Measured = TypeVar("Measured")


def in_turn(
    ours: Callable[[], Measured], theirs: Callable[[], Measured], *, runs: int = RUNS
) -> tuple[list[Measured], list[Measured]]:
    """Measure both sides `runs` times in turn, so that a noisy minute affects both."""
    mine, others = [], []
    for _ in range(runs):
        mine.append(ours())
        others.append(theirs())
    return mine, others


def medians(ours: Callable[[], float], theirs: Callable[[], float], *, runs: int = RUNS) -> tuple[float, float]:
    """Return the medians of both sides, measured in turn."""
    mine, others = in_turn(ours, theirs, runs=runs)
    return median(mine), median(others)
