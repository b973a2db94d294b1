"""The names of ROME codes.

`accompaniment/data/rome.csv` holds all of ROME 3, which the exports use: 532 codes with their names, open data of
France Travail (Licence Ouverte 2.0). They were compared with `itou/fixtures/postgres/jobs_rome.sql` of
gip-inclusion/les-emplois (f6959690, the reference of 17 September 2024). The codes and names are the same, except for
accents on capitals and « œ », which ours have (Équipage, Écriture, État, œuvre, manœuvre). The 1,584 codes of ROME 4
include these 532 under other names. A code that only ROME 4 has is shown without a name.
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
    """Return a trade with its code, « Secrétariat (M1607) », or an unknown code alone."""
    name = _names().get(code)
    return f"{name} ({code})" if name else code
