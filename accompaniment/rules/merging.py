"""Two people type into one draft: field by field, who changed what since the page was made. No database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Merged:
    """What is to be kept, and which fields were changed by whom; a field that is left out is empty."""

    kept: dict[str, str]
    changed: frozenset[str]
    """By me, and kept."""
    news: frozenset[str]
    """By somebody else meanwhile, and not by me."""
    conflicts: frozenset[str]
    """By both, differently: the other one's stays until somebody chooses."""


def merge(*, base: Fields, mine: Fields, theirs: Fields) -> Merged:
    """Merge what I typed into what is kept by now.

    `base` is what my page showed before I typed, `theirs` what is kept by now.
    """
    kept = {name: value for name, value in theirs.items() if value}
    changed, news, conflicts = set(), set(), set()
    for name in sorted({*base, *mine, *theirs}):
        before, typed, now = base.get(name, ""), mine.get(name, ""), theirs.get(name, "")
        if typed == before:
            if now != before:
                news.add(name)
        elif now in {before, typed}:
            if now != typed:
                changed.add(name)
            kept[name] = typed
        else:
            conflicts.add(name)
    return Merged(
        kept={name: value for name, value in kept.items() if value},
        changed=frozenset(changed),
        news=frozenset(news),
        conflicts=frozenset(conflicts),
    )
