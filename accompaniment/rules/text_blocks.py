"""The few marks of a published text, read into headings, lists and paragraphs. Nothing of it is ever HTML.

    ## Ce qui change          a heading
    - Vos entretiens …       an entry of a list
    anything else            a line of a paragraph; an empty line ends it

Texts of before these marks had a line in capitals above each list. Published texts never change, so such a line is read
as a heading too, letter for letter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HEADING = "## "
ENTRY = "- "
FEWEST_CAPITALS = 4
"""Letters of the shortest line that is a heading because of its capitals."""


class BlockKind(StrEnum):
    HEADING = "heading"
    LIST = "list"
    PARAGRAPH = "paragraph"


@dataclass(frozen=True, slots=True)
class Block:
    """A heading of one line, the entries of a list, or the lines of a paragraph."""

    kind: BlockKind
    lines: tuple[str, ...]


def text_blocks(text: str) -> list[Block]:
    """Return the blocks of a text, in order; every word of it is in exactly one."""
    blocks: list[Block] = []
    for part in text.replace("\r\n", "\n").split("\n\n"):
        blocks.extend(_blocks_of([line.rstrip() for line in part.split("\n") if line.strip()]))
    return blocks


def _blocks_of(lines: Iterable[str]) -> list[Block]:
    gathered: list[tuple[BlockKind, list[str]]] = []
    for line in lines:
        kind, words = _read(line)
        if gathered and gathered[-1][0] == kind != BlockKind.HEADING:
            gathered[-1][1].append(words)
        else:
            gathered.append((kind, [words]))
    return [Block(kind, tuple(words)) for kind, words in gathered]


def _read(line: str) -> tuple[BlockKind, str]:
    if line.startswith(HEADING):
        return BlockKind.HEADING, line.removeprefix(HEADING).strip()
    if line.startswith(ENTRY):
        return BlockKind.LIST, line.removeprefix(ENTRY).strip()
    if line.isupper() and sum(letter.isalpha() for letter in line) >= FEWEST_CAPITALS:
        return BlockKind.HEADING, line
    return BlockKind.PARAGRAPH, line
