"""The criteria of accessibility, as `docs/accessibility.md` states them; the page « Accessibilité » is made from it."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

SOURCE = Path(settings.BASE_DIR, "docs", "accessibility.md")
TESTED = "tested"
NOT_APPLICABLE = "not applicable"
BY_A_PERSON = "by a person"
NOT_CONFORM = "not conform"
ROW = re.compile(r"^\| (\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
SENTENCE = re.compile(r"« ([^»]+) »")


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One criterion of the RGAA with its result and what shows it."""

    number: str
    asks: str
    result: str
    shown_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What the page states: how many criteria have which result, and each known fault in a French sentence."""

    total: int
    tested: int
    not_applicable: int
    by_a_person: int
    faults: tuple[tuple[str, str], ...]


@cache
def criteria() -> tuple[Criterion, ...]:
    """Return the criteria in the order of the table."""
    return tuple(
        Criterion(number=number, asks=asks, result=result, shown_by=shown_by)
        for number, asks, result, shown_by in ROW.findall(SOURCE.read_text(encoding="utf-8"))
    )


def statement_of(found: tuple[Criterion, ...]) -> Statement:
    """Return what the page states of these criteria."""
    counts = Counter(criterion.result for criterion in found)
    return Statement(
        total=len(found),
        tested=counts[TESTED],
        not_applicable=counts[NOT_APPLICABLE],
        by_a_person=counts[BY_A_PERSON],
        faults=tuple((one.number, _sentence(one)) for one in found if one.result == NOT_CONFORM),
    )


def _sentence(criterion: Criterion) -> str:
    said = SENTENCE.match(criterion.shown_by)
    if said is None:
        raise ValueError(f"Criterion {criterion.number} is not conform, and no French sentence says what is wrong")
    return said[1]
