"""What the codes of trades are called, for whoever reads a file.

`accompaniment/data/rome.csv` holds the whole of ROME 3, which the exports speak: 532 codes with their names, open data
of France Travail (Licence Ouverte 2.0). Each pair was compared with `itou/fixtures/postgres/jobs_rome.sql` of
gip-inclusion/les-emplois (f6959690, the reference as of 17 September 2024): the same codes and names, but for accents
on capitals and « œ », which ours have (Équipage, Écriture, État, œuvre, manœuvre). The 1,584 codes of ROME 4 hold
these 532 under other names; one that only ROME 4 has stands alone.
"""

import csv
from functools import cache
from pathlib import Path

_FILE = Path(__file__).resolve().parent.parent / "data" / "rome.csv"


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
