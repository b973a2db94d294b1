"""Cuts the quoted letter off an answer by e-mail, and never what the writer says.

Each mail program quotes in its own way: an introduction (« Le … a écrit : »), a line, a block of headers, or signs
before each line. Only what surely quotes our letter is cut: it names the service where it begins. A person may also
paste or forward what an employer wrote, and that stays. An answer between quoted lines keeps them, because it could not
be understood without. Every rule looks at one line or at two of them, so a hostile text takes no longer.
"""

import re
from collections.abc import Collection

LONGEST_INTRODUCTION = 300
"""Characters. A longer line introduces nothing."""
HEAD = 12
"""Lines in which a quotation of our letter names the service: as its sender, or in its link."""
LONGEST_SIGNATURE = 15
"""Lines. What is longer is no signature."""
SHORTEST_BROKEN = 30
"""Characters. No program breaks a shorter line in two."""

SIGNATURE = "-- "

_BEGINS = re.compile(r"(?:le|on|am|el|il|em|op|den)\s", re.IGNORECASE)
_WROTE = re.compile("a écrit|wrote|schrieb|escribió|ha scritto|escreveu|schreef|skrev", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_ORIGINAL = re.compile(
    r"-{2,}\s*(?:message d['’]origine|message original|message transféré|message initial|original message"
    r"|forwarded message|ursprüngliche nachricht|mensaje original|messaggio originale)\s*-{2,}",
    re.IGNORECASE,
)
_EMPTY_LINES = re.compile(r"\n{3,}")
_RULE = re.compile(r"[_-]{10,}")
_HEADER = re.compile(
    r"[*>\s]*(de|from|von|envoyé|sent|date|gesendet|à|a|to|an|pour|cc|objet|sujet|subject|betreff)\s?:[*\s]",
    re.IGNORECASE,
)
_SENDER = frozenset({"de", "from", "von"})
_SUBJECT = frozenset({"objet", "sujet", "subject", "betreff"})
_SIGNS_OFF = re.compile(
    r"(?:envoyé (?:de|depuis|à partir)|sent from|get outlook for|télécharger outlook|obtenez outlook|provenance :)\b.*",
    re.IGNORECASE,
)
"""What telephones write under each e-mail."""


def without_quotation(text: str, *, names: Collection[str]) -> str:
    """Return what the writer says: the text without the letter that it answers, and without a signature.

    `names`: how the service is called in its letters: its name, its address, its link.
    """
    ends = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [line if line == SIGNATURE else line.rstrip() for line in ends]
    names = [name.lower() for name in names]
    end = _end_of_own_words(lines, names)
    above, under = _without_quoted_lines(lines[:end], names), _under(lines[end:])
    own = [*_without_signature(above), *_without_signature(under)]
    return _EMPTY_LINES.sub("\n\n", "\n".join(own).strip("\n"))


def _end_of_own_words(lines: list[str], names: Collection[str]) -> int:
    """Return where the quotation begins."""
    for number, line in enumerate(lines):
        begins_block = _begins_headers(lines, number + bool(_RULE.fullmatch(line.strip())))
        if not (begins_block or _ORIGINAL.fullmatch(line.strip()) or _introduction(lines, number)):
            continue
        if not _names_us(lines[number : number + HEAD], names):
            continue
        is_introduced = not begins_block and bool(_introduction(lines, number))
        return len(lines) if is_introduced and _has_answers_between(lines[number:]) else number
    return len(lines)


def _names_us(lines: Collection[str], names: Collection[str]) -> bool:
    return any(name in line.lower() for line in lines for name in names)


def _introduction(lines: list[str], number: int) -> str:
    """Return the introduction of a quotation that begins here; some programs break it in two."""
    line, following = (one.strip() for one in [*lines[number : number + 2], ""][:2])
    if _introduces(line):
        return line
    joined = f"{line} {following}"
    is_broken = len(line) >= SHORTEST_BROKEN and _introduces(joined) and not _introduces(following)
    return joined if is_broken else ""


def _introduces(line: str) -> bool:
    """Return whether this is « Le mar. 3 mars 2026 à 10:15, Accompagnement 100 % web <…> a écrit : » or the like."""
    return (
        line.endswith(":")
        and len(line) <= LONGEST_INTRODUCTION
        and all(part.search(line) for part in (_WROTE, _DIGIT))
        and _BEGINS.match(line) is not None
    )


def _begins_headers(lines: list[str], number: int) -> bool:
    """Return whether a sender, a subject and a third header follow each other here, perhaps after an empty line."""
    names: list[str] = []
    for line in lines[number : number + 8]:
        if not line and not names:
            continue
        found = _HEADER.match(f"{line[:100]} ")
        if found is None:
            break
        names.append(found[1].lower())
    return len(names) > 2 and names[0] in _SENDER and not _SUBJECT.isdisjoint(names)


def _has_answers_between(lines: list[str]) -> bool:
    """Return whether own words stand between quoted lines."""
    kinds = [_is_quoted(line) for line in lines if line]
    if True not in kinds:
        return False
    last = len(kinds) - 1 - kinds[::-1].index(True)
    return False in kinds[kinds.index(True) : last]


def _without_quoted_lines(lines: list[str], names: Collection[str]) -> list[str]:
    """Leave out the lines with signs before them if they quote us, unless own words stand between them."""
    if _has_answers_between(lines) or not _names_us(list(filter(_is_quoted, lines)), names):
        return lines
    return [line for line in lines if not _is_quoted(line)]


def _under(lines: list[str]) -> list[str]:
    """Return what stands under a quotation whose lines are marked; nothing if none is."""
    quoted = [number for number, line in enumerate(lines) if _is_quoted(line)]
    return lines[quoted[-1] + 1 :] if quoted else []


def _without_signature(lines: list[str]) -> list[str]:
    """Cut the signature behind its sign (RFC 3676), and what telephones add. Two hyphens alone are no such sign."""
    last = max((number for number, line in enumerate(lines) if line == SIGNATURE), default=len(lines))
    end = last if len(lines) - last <= LONGEST_SIGNATURE else len(lines)
    while end > 0 and (not lines[end - 1] or _SIGNS_OFF.fullmatch(lines[end - 1].strip())):
        end -= 1
    return lines[:end]


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")
