"""Reading an export of the information system: any bytes in, rows with their line or one clear sentence out.

Exports are separated by semicolons and come in UTF-8, with or without a byte order mark, or in Windows-1252.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from django.conf import settings

from accompaniment.errors import DomainError
from accompaniment.french import plural
from accompaniment.spreadsheets import SEPARATOR, as_meant

CHUNK_BYTES = 1024 * 1024
LINES_PER_REPORT = 500
"""How many lines are read between two reports of progress."""
OTHER_SEPARATORS = {",": "la virgule", "\t": "la tabulation", "|": "la barre verticale", ":": "le deux-points"}
REJECTION_COLUMNS = ("ligne", "colonne", "motif")
"""Added to a file of rejected rows; read over when that file is corrected and loaded again."""

Progress = Callable[[int], None]
"""Is told now and then how many bytes of a file are read."""

# A text has tabulations, ends of lines and ends of pages, and no other control character.
CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\f\r") + b"\x7f"


class UnreadableFileError(DomainError):
    """The file as a whole cannot be read; nothing was written."""


@dataclass(frozen=True)
class Layout:
    """The columns that a file has, all of them, in whatever order."""

    columns: tuple[str, ...]


class SourceRow(NamedTuple):
    """One row of a file: the physical line on which it begins, and its values in the order of the layout's columns.

    `fault` says in French why the row has no such values; `cells` are then what could be read of it.
    """

    line: int
    values: tuple[str, ...]
    cells: list[str]
    fault: str | None = None


def open_file(path: Path) -> BinaryIO:
    """Open a file to load. Raises UnreadableFileError when there is none or it is out of reach."""
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
    """Read a file, which stays open. Raises UnreadableFileError when it is empty, too big or no text.

    `progress` is told now and then how many bytes are read.
    """
    encoding = _detect_encoding(source)
    source.seek(0)
    text = io.TextIOWrapper(source, encoding=encoding, newline="")
    try:
        yield Reader(text, source, layout, progress)
    finally:
        text.detach()


class Reader:
    """The rows of one file, read once, as they are asked for; memory does not grow with the file.

    Raises UnreadableFileError at once when the header is not that of the layout; while rows are read, for a
    quotation mark that swallows the rows after it, or when there are none.
    """

    def __init__(self, text: TextIO, source: BinaryIO, layout: Layout, progress: Progress | None) -> None:
        self._text = text
        self._source = source
        self._progress = progress
        self._last_line = ""
        self._csv = csv.reader(self._lines(), delimiter=SEPARATOR, strict=True)
        self.columns = self._read_header(layout)
        self._in_order = itemgetter(*map(self.columns.index, layout.columns))

    def __iter__(self) -> Iterator[SourceRow]:
        width = len(self.columns)
        found = False
        while True:
            line = self._csv.line_num + 1
            try:
                cells = [as_meant(cell) for cell in next(self._csv)]
            except StopIteration:
                break
            except csv.Error as error:
                found = True
                yield self._misquoted(line, error)
                continue
            if len(cells) > width and not any(cells[width:]):
                del cells[width:]
            if not any(map(str.strip, cells)):
                continue
            found = True
            if len(cells) != width:
                counted = f"{len(cells)} champ{plural(len(cells))}"
                yield SourceRow(line, (), cells, f"La ligne a {counted} au lieu de {width}. Vérifiez ses séparateurs.")
                continue
            yield SourceRow(line, self._in_order(cells), cells)
        if not found:
            raise UnreadableFileError("Le fichier n'a aucune ligne après son en-tête.")

    def _lines(self) -> Iterator[str]:
        for number, text in enumerate(self._text):
            if self._progress is not None and number % LINES_PER_REPORT == 0:
                self._progress(self._source.tell())
            self._last_line = text
            yield text

    def _read_header(self, layout: Layout) -> list[str]:
        try:
            header = next(self._csv)
        except StopIteration:
            raise UnreadableFileError("Le fichier est vide.") from None
        except csv.Error:
            raise UnreadableFileError(
                "La première ligne du fichier ne peut pas être lue\u00a0: vérifiez ses guillemets."
            ) from None
        columns = [cell.strip() for cell in header]
        while columns and not columns[-1]:
            columns.pop()
        if not columns:
            raise UnreadableFileError("La première ligne du fichier est vide\u00a0; elle doit nommer les colonnes.")
        _check_header(columns, layout)
        return columns

    def _misquoted(self, line: int, error: csv.Error) -> SourceRow:
        """Return the row as faulty if it stands on one line; a quotation mark that spans lines hides whole rows."""
        if "end of data" in str(error) or "field limit" in str(error) or self._csv.line_num > line:
            raise UnreadableFileError(
                f"Un guillemet ouvert à la ligne {line} n'est pas refermé, ou l'est plus loin que sa ligne. "
                "Corrigez-le, puis chargez de nouveau le fichier."
            ) from None
        return SourceRow(line, (), [self._last_line.rstrip("\r\n")], "Les guillemets de la ligne sont mal placés.")


def _detect_encoding(source: BinaryIO) -> str:
    """Return how the file's text is encoded, having read all of it once. Raises UnreadableFileError for no text."""
    source.seek(0)
    size = 0
    utf8 = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    windows = codecs.getincrementaldecoder("cp1252")()
    is_windows = True
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if size > settings.IMPORT_MAXIMUM_MEGABYTES * 1024 * 1024:
            raise UnreadableFileError(too_large())
        if size == len(chunk):
            _refuse_other_formats(chunk)
        if len(chunk.translate(None, CONTROL_BYTES)) != len(chunk):
            raise UnreadableFileError(
                "Ce fichier n'est pas un fichier texte. Enregistrez-le au format CSV (séparateur point-virgule)."
            )
        is_utf8 = is_utf8 and _decodes(utf8, chunk)
        is_windows = is_windows and _decodes(windows, chunk)
    if size == 0:
        raise UnreadableFileError("Le fichier est vide.")
    if is_utf8 and _decodes(utf8, b"", final=True):
        return "utf-8-sig"
    if is_windows:
        return "cp1252"
    raise UnreadableFileError(
        "L'encodage du fichier n'est pas reconnu. Enregistrez-le en UTF-8 ou en Windows-1252 (ANSI)."
    )


def too_large() -> str:
    """Return the sentence that refuses a file by its size."""
    return f"Le fichier dépasse {settings.IMPORT_MAXIMUM_MEGABYTES} Mo. Découpez-le et chargez chaque partie."


def _refuse_other_formats(beginning: bytes) -> None:
    """Name the two formats that are sent most often in the place of a text, and what to do about them."""
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFileError(
            "Ce fichier est en UTF-16. Enregistrez-le au format CSV en UTF-8 ou en Windows-1252 (ANSI)."
        )
    if beginning.startswith(b"PK\x03\x04"):
        raise UnreadableFileError(
            "Ce fichier est un classeur ou une archive, pas un fichier texte. "
            "Enregistrez-le au format CSV (séparateur point-virgule)."
        )


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _check_header(columns: list[str], layout: Layout) -> None:
    missing = [column for column in layout.columns if column not in columns]
    unknown = [column for column in columns if column not in (*layout.columns, *REJECTION_COLUMNS)]
    if len(columns) == 1 and missing:
        for separator, name in OTHER_SEPARATORS.items():
            if separator in columns[0]:
                raise UnreadableFileError(
                    f"Le séparateur du fichier est {name}\u00a0; il faut le point-virgule. "
                    f"En-tête attendu\u00a0: {SEPARATOR.join(layout.columns)}"
                )
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
    shown = ", ".join(f"«\u00a0{' '.join(column.split())[:40] or 'sans nom'}\u00a0»" for column in columns[:8])
    more = f" et {len(columns) - 8} autres" if len(columns) > 8 else ""
    return f"{'la colonne' if len(columns) == 1 else 'les colonnes'} {shown}{more}"
