"""Reads an export of the information system: any bytes in; rows with their line number, or one clear sentence, out.

Exports are separated by semicolons. They are in UTF-8, with or without a byte order mark, or in Windows-1252;
`encodings` finds out which. A part that cannot be read concerns its row alone. No line is lost: the reader compares the
lines that it receives with those that it returns.
"""

import csv
import io
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from accompaniment.rules.french import listed
from accompaniment.rules.imports import encodings, values
from accompaniment.rules.imports.encodings import BYTE_ORDER_MARK, END_OF_FILE, UnreadableFileError
from accompaniment.rules.spreadsheets import APOSTROPHE, SEPARATOR, as_meant

LINES_PER_REPORT = 500
"""The number of lines between two reports of progress."""
OTHER_SEPARATORS = {",": "la virgule", "\t": "la tabulation", "|": "la barre verticale", ":": "le deux-points"}
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?;*', re.IGNORECASE)
"""The first line with which some spreadsheets declare the separator."""
REJECTION_COLUMNS = ("ligne", "colonne", "motif")
"""The columns added to a file of rejected rows; they are skipped when the corrected file is loaded."""
LINE_ENDS = "\r\n"

Progress = Callable[[int], None]
"""Called at intervals with the number of bytes read so far."""


class LostRowsError(RuntimeError):
    """Rows of a file are neither loaded nor rejected. This is a fault of ours, so nothing may be written."""


@dataclass(frozen=True)
class Layout:
    """The columns of a kind of file; all are required, in any order."""

    columns: tuple[str, ...]


class SourceRow(NamedTuple):
    """One row of a file: the physical line on which it begins, and its values in the order of the layout's columns.

    `fault` says in French why the row has no such values. `faulty` holds the column and the value if only one is wrong.
    `cells` are then what could be read.
    """

    line: int
    values: tuple[str, ...]
    cells: list[str]
    fault: str | None = None
    faulty: tuple[str, str] | None = None


def open_file(path: Path) -> BinaryIO:
    """Open a file to load. Raises UnreadableFileError if it does not exist or cannot be opened."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise UnreadableFileError(f"Le fichier {path} n'existe pas.") from None
    except IsADirectoryError:
        raise UnreadableFileError(f"{path} est un dossier, pas un fichier.") from None
    except (OSError, ValueError):
        raise UnreadableFileError(f"Le fichier {path} ne peut pas être ouvert.") from None


@contextmanager
def reading(source: BinaryIO, layout: Layout, progress: Progress | None = None) -> Iterator["Reader"]:
    """Read a file, and leave it open. Raises UnreadableFileError if it is empty, too big or not text.

    `progress` is called at intervals with the number of bytes read.
    """
    text = encodings.examine(source)
    source.seek(0)
    wrapper = io.TextIOWrapper(source, encoding=text.encoding, errors="surrogateescape", newline="")
    try:
        lines: Iterable[str] = _without_end_mark(wrapper) if text.has_end_mark else wrapper
        yield Reader(_Lines(lines, source, progress, is_odd=text.is_odd), layout, text)
    finally:
        wrapper.detach()


def _without_end_mark(lines: Iterable[str]) -> Iterator[str]:
    """Remove the mark that DOS puts at the end of a file."""
    previous = None
    for line in lines:
        if previous is not None:
            yield previous
        previous = line
    if previous is not None:
        yield previous.rstrip(END_OF_FILE + LINE_ENDS + " \t")


class _Lines:
    """The lines of a file. The lines of a row can be put back, to be read again as separate rows."""

    def __init__(self, lines: Iterable[str], source: BinaryIO, progress: Progress | None, *, is_odd: bool) -> None:
        self._lines = iter(lines)
        self._source = source
        self._progress = progress
        self._is_odd = is_odd
        self._again: deque[str] = deque()
        self.read = 0
        self.of_row: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            line = next(self._lines)
            if self._progress is not None and self.read % LINES_PER_REPORT == 0:
                self._progress(self._source.tell())
            self.read += 1
            if self._is_odd:
                line = line.lstrip(BYTE_ORDER_MARK)
        self.of_row.append(line)
        return line

    def take_back(self) -> str:
        """Return only the row's first line, and put the others back."""
        first = self.of_row[0]
        self._again.extendleft(reversed(self.of_row[1:]))
        self.of_row = [first]
        return first


class Reader:
    """The rows of one file, read once and on demand; memory does not grow with the file.

    Raises UnreadableFileError at once if the header does not match the layout or there are no rows, and LostRowsError
    if a line is lost on the way. `rows` counts the rows that were returned.
    """

    def __init__(self, lines: _Lines, layout: Layout, text: encodings.Text) -> None:
        self._lines = lines
        self._text = text
        self._csv = csv.reader(lines, delimiter=SEPARATOR, strict=True)
        self._line = 1
        self._open_quote = self._last_of_quote = 0
        self.rows = 0
        self.columns = self._read_header(layout)
        self._in_order = itemgetter(*map(self.columns.index, layout.columns))

    def __iter__(self) -> Iterator[SourceRow]:
        lines = self._lines
        while True:
            lines.of_row = []
            try:
                row = self._row(next(self._csv))
            except StopIteration:
                break
            except csv.Error as error:
                row = self._misquoted(error)
            self._line += len(lines.of_row)
            if row is not None:
                self.rows += 1
                yield row
        if self._line - 1 != lines.read:
            raise LostRowsError(f"{lines.read} lines read, {self._line - 1} given out")
        if not self.rows:
            raise UnreadableFileError("Le fichier n'a aucune ligne après son en-tête.")

    def _row(self, cells: list[str]) -> SourceRow | None:
        """Return the values of the cells, or None for a row without any value."""
        width = len(self.columns)
        if any(APOSTROPHE in line for line in self._lines.of_row):
            cells = list(map(as_meant, cells))
        spans = len(self._lines.of_row) > 1
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            del cells[width:]
        if not any(map(str.strip, cells)) or cells == [END_OF_FILE]:
            return None
        if spans and (len(cells) > width or any(_holds_rows(cell) for cell in cells)):
            return self._swallowing()
        if self._line <= self._last_of_quote and self._lines.of_row[0].count('"') % 2:
            return self._faulty(f"Cette ligne referme le guillemet ouvert à la ligne {self._open_quote}.")
        if self._text.is_odd and (wrong := self._text.trouble(SEPARATOR.join(cells))):
            return self._illegible(cells, wrong)
        if len(cells) > width:
            return self._faulty(f"La ligne a {len(cells)} champs au lieu de {width}. Vérifiez ses séparateurs.", cells)
        if len(cells) < width:
            # A spreadsheet removes empty cells at the end of a row.
            cells.extend([""] * (width - len(cells)))
        return SourceRow(self._line, self._in_order(cells), cells)

    def _misquoted(self, error: csv.Error) -> SourceRow:
        if "field limit" in str(error) and '"' not in self._lines.of_row[0]:
            return self._faulty("Une cellule de la ligne est beaucoup trop longue.")
        if len(self._lines.of_row) > 1 or "end of data" in str(error):
            return self._swallowing()
        return self._faulty("Les guillemets de la ligne sont mal placés.")

    def _swallowing(self) -> SourceRow:
        """Return a row whose quotation mark swallows the next rows, and put these back to be read separately."""
        self._open_quote, self._last_of_quote = self._line, self._line + len(self._lines.of_row) - 1
        self._lines.take_back()
        return self._faulty("Un guillemet ouvert sur cette ligne n'y est pas refermé.")

    def _faulty(self, fault: str, cells: list[str] | None = None) -> SourceRow:
        given = cells or [self._lines.of_row[0].rstrip(LINE_ENDS)]
        return SourceRow(self._line, (), [encodings.legible(cell) for cell in given], fault)

    def _illegible(self, cells: list[str], fault: str) -> SourceRow:
        shown = [encodings.legible(cell) for cell in cells]
        of_columns = zip(self.columns, cells, shown, strict=False)
        faulty = next(((column, seen) for column, cell, seen in of_columns if self._text.trouble(cell)), None)
        return SourceRow(self._line, (), shown, fault, faulty)

    def _read_header(self, layout: Layout) -> list[str]:
        header = self._next_of_header()
        if (said := SEPARATOR_LINE.fullmatch(self._lines.of_row[0].strip().lstrip(BYTE_ORDER_MARK))) is not None:
            if (name := OTHER_SEPARATORS.get(said[1])) is not None:
                raise UnreadableFileError(_wrong_separator(name, layout))
            header = self._next_of_header()
        if encodings.CONTROLS.search("".join(header)):
            raise UnreadableFileError(encodings.NO_TEXT)
        known = {_spelled(column): column for column in (*layout.columns, *REJECTION_COLUMNS)}
        columns = [known.get(_spelled(cell), encodings.legible(cell).strip()) for cell in header]
        while columns and not columns[-1]:
            columns.pop()
        if not columns:
            raise UnreadableFileError("La première ligne du fichier est vide\u00a0; elle doit nommer les colonnes.")
        _check_header(columns, layout)
        return columns

    def _next_of_header(self) -> list[str]:
        self._lines.of_row = []
        try:
            header = next(self._csv)
        except StopIteration:
            raise UnreadableFileError("Le fichier est vide.") from None
        except csv.Error:
            raise UnreadableFileError(
                "La première ligne du fichier ne peut pas être lue\u00a0: vérifiez ses guillemets."
            ) from None
        self._line += len(self._lines.of_row)
        return header


def _holds_rows(cell: str) -> bool:
    """Return whether a cell of several lines contains separators: then it is several rows, not text."""
    return SEPARATOR in cell and ("\n" in cell or "\r" in cell)


def _spelled(column: str) -> str:
    """Return a column's name in the form that is compared: without case, accents, spaces and punctuation."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", values.clean(column)).casefold()))


def _wrong_separator(name: str, layout: Layout) -> str:
    return (
        f"Le séparateur du fichier est {name}\u00a0; il faut le point-virgule. "
        f"En-tête attendu\u00a0: {SEPARATOR.join(layout.columns)}"
    )


def _check_header(columns: list[str], layout: Layout) -> None:
    missing = [column for column in layout.columns if column not in columns]
    unknown = [column for column in columns if column not in (*layout.columns, *REJECTION_COLUMNS)]
    if len(columns) == 1 and missing:
        for separator, name in OTHER_SEPARATORS.items():
            if separator in columns[0]:
                raise UnreadableFileError(_wrong_separator(name, layout))
    if missing or unknown:
        faults = []
        if missing:
            faults.append(f"il manque {_named(missing)}")
        if unknown:
            faults.append(f"{_named(unknown)} {'est inconnue' if len(unknown) == 1 else 'sont inconnues'}")
        told = "\u00a0; ".join(faults)
        raise UnreadableFileError(
            f"L'en-tête n'est pas celui attendu\u00a0: {told}. En-tête attendu\u00a0: {SEPARATOR.join(layout.columns)}"
        )
    if len(set(columns)) != len(columns):
        twice = sorted({column for column in columns if columns.count(column) > 1})
        raise UnreadableFileError(f"L'en-tête nomme deux fois {_named(twice)}.")


def _named(columns: list[str]) -> str:
    shown = [f"«\u00a0{' '.join(column.split())[:40] or 'sans nom'}\u00a0»" for column in columns]
    named = [*shown[:8], f"{len(shown) - 8} autres"] if len(shown) > 9 else shown
    return f"{'la colonne' if len(columns) == 1 else 'les colonnes'} {listed(named)}"
