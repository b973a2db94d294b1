"""The part of each font that French pages need, as a file of its own beside the whole one.

It draws each character exactly as the whole font does, hints and kerning included. A browser loads the whole font only
for a page with another character in it, such as a name from abroad. Marianne belongs to the French State, and is not
under the licence of the design system: nothing of it is in our sources, and docs/operations.md says who may use it.
"""

import io
import re
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FRENCH = "".join(map(chr, range(ord(" "), ord("~") + 1))) + "\u00a0«»·ÀÂÇÈÉÊËÎÏÔÙÛÜŒàâçèéêëîïôùûüœ’–—…€↑↓"
"""The characters of French, and the signs of our pages."""

ENDING = "-fr.woff2"
FACE = re.compile(r"@font-face\{[^{}]*url\(([^()]+)\.woff2\)[^{}]*\}")


def in_two(stylesheet: str, folder: Path) -> str:
    """Return a stylesheet that names the French part of each font beside the whole one, whose files are in `folder`."""

    def both(face: re.Match[str]) -> str:
        others = characters(folder / f"{face[1]}.woff2").difference(map(ord, FRENCH))
        whole = face[0].removesuffix("}") + f";unicode-range:{_ranges(others)}}}"
        part = face[0].replace(".woff2", ENDING).removesuffix("}") + f";unicode-range:{_ranges(map(ord, FRENCH))}}}"
        return whole + part

    return FACE.sub(both, stylesheet)


def names(stylesheet: str) -> list[str]:
    """Return the addresses of French parts in a stylesheet."""
    return re.findall(rf"url\(([^()]+{re.escape(ENDING)})\)", stylesheet)


def french(font: Path) -> bytes:
    """Return the French part of a font."""
    options = subset.Options(flavor="woff2", hinting=True, notdef_outline=True, name_IDs=[])
    options.layout_features = ["kern", "liga"]
    with subset.load_font(str(font), options) as opened:
        work = subset.Subsetter(options)
        work.populate(text=FRENCH)
        work.subset(opened)
        part = io.BytesIO()
        subset.save_font(opened, part, options)
    return part.getvalue()


def characters(font: Path) -> set[int]:
    """Return the code points that a font can draw."""
    with TTFont(font, lazy=True) as opened:
        return set(opened.getBestCmap())


def _ranges(points: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for point in sorted(points):
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return ",".join(f"U+{first:X}" + (f"-{last:X}" if last > first else "") for first, last in ranges)
