"""Write the files for spreadsheets that we hand out, and read them back unchanged."""

import csv
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

BYTE_ORDER_MARK = "\ufeff"
"""Without it, a French spreadsheet reads UTF-8 as Windows-1252."""

SEPARATOR = ";"

APOSTROPHE = "'"

FORMULA_STARTS = frozenset("=+-@\t\r\n\N{MINUS SIGN}")
"""The first characters of formulas; their full-width and small forms count too."""


class Sheet(Protocol):
    """Anything that text can be written to: a file or a response."""

    def write(self, text: str, /) -> object:
        """Add some text."""


class SheetWriter:
    """Write rows with semicolons and CRLF, and an apostrophe before text that would run as a formula."""

    def __init__(self, sheet: Sheet) -> None:
        self._writer = csv.writer(sheet, delimiter=SEPARATOR, lineterminator="\r\n")

    def write(self, row: Iterable[str | int]) -> None:
        """Write one row; numbers stay numbers."""
        self._writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])


def day_cell(day: date | None) -> str:
    """Return a day as a spreadsheet reads it, « 01/12/2026 »; empty for None."""
    return f"{day:%d/%m/%Y}" if day else ""


def instant_cell(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a day and an hour in a zone as a spreadsheet reads them, « 01/12/2026 09:05 »; empty for None."""
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}" if at else ""


def harmless(cell: str) -> str:
    """Return a cell with an apostrophe before anything that a spreadsheet would run as a formula."""
    return f"{APOSTROPHE}{cell}" if _begins_like_a_formula(cell) else cell


def as_meant(cell: str) -> str:
    """Return a cell without the apostrophe that `harmless` added."""
    return cell[1:] if cell[:1] == APOSTROPHE and _begins_like_a_formula(cell) else cell


def _begins_like_a_formula(cell: str) -> bool:
    """Also look behind apostrophes, so that each is removed as it was added: one by one."""
    first = cell.lstrip(APOSTROPHE)[:1]
    if first in FORMULA_STARTS:
        return True
    text = cell.lstrip(APOSTROPHE).lstrip()[:1]
    return text in FORMULA_STARTS or unicodedata.normalize("NFKC", text)[:1] in FORMULA_STARTS
