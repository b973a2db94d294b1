"""Merge the changes of two people to one draft, field by field. No database, no clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Merged:
    """What to keep, and who has changed which fields. A field that is left out is empty."""

    kept: dict[str, str]
    changed: frozenset[str]
    """Changed by me, and kept. My text may hold theirs."""
    news: frozenset[str]
    """Changed by somebody else and not by me, or their text contains mine."""
    conflicts: frozenset[str]
    """Changed by both, differently. The other version is kept; of a text both are kept."""


def merge(*, base: Fields, mine: Fields, theirs: Fields, texts: Collection[str] = ()) -> Merged:
    """Merge what I typed with the stored values.

    `base` is what my page showed before I typed, `theirs` the stored values. Of the fields in `texts` that both have
    changed, both versions are kept (`both_texts`).
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
            both = both_texts(base=before, mine=typed, theirs=now) if name in texts else None
            if both is not None:
                kept[name] = both
            if both == typed and now:
                changed.add(name)
            elif both == now and typed:
                news.add(name)
            else:
                conflicts.add(name)
    return Merged(
        kept={name: value for name, value in kept.items() if value},
        changed=frozenset(changed),
        news=frozenset(news),
        conflicts=frozenset(conflicts),
    )


def both_texts(*, base: str, mine: str, theirs: str) -> str:
    """Return a text with both versions that two people made of `base`, one after the other.

    If one version contains the other, only the longer one is returned. Lines added before or after `base` keep their
    place.
    """
    for whole, part in ((theirs, mine), (mine, theirs)):
        if part in whole:
            return whole
    for longer, other in ((theirs, mine), (mine, theirs)):
        if base and longer.startswith(f"{base}\n"):
            return other + longer.removeprefix(base)
        if base and longer.endswith(f"\n{base}"):
            return longer.removesuffix(base) + other
    return f"{theirs}\n\n{mine}"
