"""What the codes of trades (ROME 3, 532 of them) are called, for whoever reads a file.

The names are open data of France Travail (Licence Ouverte 2.0); `accompaniment/data/rome.csv` holds them.
"""

import csv
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "rome.csv"


@cache
def _names() -> dict[str, str]:
    with _FILE.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter=";")
        next(rows)
        return {row[0]: row[1] for row in rows}


def trade_in_words(code: str) -> str:
    """Write a trade with its code, « Secrétariat (M1607) »; a code of another edition stands alone."""
    name = _names().get(code)
    return f"{name} ({code})" if name else code
