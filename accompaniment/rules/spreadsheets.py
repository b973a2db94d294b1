"""Files that a spreadsheet opens: all that the house hands out are written here, and are read back unchanged."""

import csv
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

BYTE_ORDER_MARK = "\ufeff"
"""Without it a French spreadsheet takes UTF-8 for Windows-1252."""

SEPARATOR = ";"

APOSTROPHE = "'"

FORMULA_STARTS = frozenset("=+-@\t\r\n\N{MINUS SIGN}")
"""What a formula begins with; the full-width and small forms of these count too."""


class Sheet(Protocol):
    """Whatever text is written to: a file, or an answer."""

    def write(self, text: str, /) -> object:
        """Add some text."""


class SheetWriter:
    """Write rows with semicolons and CRLF; text that a spreadsheet would take for a formula gets an apostrophe."""

    def __init__(self, sheet: Sheet) -> None:
        self._writer = csv.writer(sheet, delimiter=SEPARATOR, lineterminator="\r\n")

    def write(self, row: Iterable[str | int]) -> None:
        """Write one row; numbers stay numbers."""
        self._writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])


def day_cell(day: date | None) -> str:
    """Return a day as a spreadsheet reads it, « 01/12/2026 »; nothing of none."""
    return f"{day:%d/%m/%Y}" if day else ""


def instant_cell(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a day and an hour of a zone as a spreadsheet reads them, « 01/12/2026 09:05 »; nothing of none."""
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}" if at else ""


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    return f"{APOSTROPHE}{cell}" if _begins_like_a_formula(cell) else cell


def as_meant(cell: str) -> str:
    """Return a cell without the apostrophe that `harmless` sets."""
    return cell[1:] if cell[:1] == APOSTROPHE and _begins_like_a_formula(cell) else cell


def _begins_like_a_formula(cell: str) -> bool:
    """Tell it of what stands behind apostrophes too, so that each comes off as it was set: one by one."""
    first = cell.lstrip(APOSTROPHE)[:1]
    if first in FORMULA_STARTS:
        return True
    text = cell.lstrip(APOSTROPHE).lstrip()[:1]
    return text in FORMULA_STARTS or unicodedata.normalize("NFKC", text)[:1] in FORMULA_STARTS
