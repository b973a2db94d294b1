"""Find the kind of a file by its bytes. Neither its name nor what the browser says of it counts."""

from dataclasses import dataclass
from typing import IO

from accompaniment.rules.archives import Entry, NoArchiveError, content_of, entries_of, stored_content, unpacks_within
from accompaniment.rules.french import MEGABYTE


@dataclass(frozen=True)
class FileKind:
    """A kind of file: its media type, its file name extension, and what people call it."""

    media_type: str
    ending: str
    words: str


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"

PDF = FileKind("application/pdf", "pdf", "PDF")
PNG = FileKind("image/png", "png", "Image")
JPEG = FileKind("image/jpeg", "jpg", "Image")
WEBP = FileKind("image/webp", "webp", "Image")
GIF = FileKind("image/gif", "gif", "Image")
HEIC = FileKind("image/heic", "heic", "Image")
DOCX = FileKind(f"{_OFFICE}.wordprocessingml.document", "docx", "Texte")
XLSX = FileKind(f"{_OFFICE}.spreadsheetml.sheet", "xlsx", "Tableau")
PPTX = FileKind(f"{_OFFICE}.presentationml.presentation", "pptx", "Présentation")
ODT = FileKind(f"{_OPEN}.text", "odt", "Texte")
ODS = FileKind(f"{_OPEN}.spreadsheet", "ods", "Tableau")
ODP = FileKind(f"{_OPEN}.presentation", "odp", "Présentation")

PICTURES = frozenset({PNG, JPEG, WEBP, GIF, HEIC})

_MAIN_PARTS = {b"word/document.xml": DOCX, b"xl/workbook.xml": XLSX, b"ppt/presentation.xml": PPTX}
"""Office Open XML: the part that tells a text from a spreadsheet."""
_MEDIA_TYPES = {kind.media_type.encode(): kind for kind in (ODT, ODS, ODP)}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})

LONGEST_MEDIA_TYPE = 100  # bytes
ODF_MACROS = (b"basic/", b"scripts/")
OFFICE_MACROS = b"vbaproject.bin"
CONTENT_TYPES = b"[Content_Types].xml"
LARGEST_CONTENT_TYPES = MEGABYTE
MACRO_TYPES = (b"vbaproject", b"macroenabled")
"""Words of the table of contents of an Office file that has macros, whatever its parts are called."""

UNPACKED_ANYWAY = 10 * MEGABYTE
UNPACKED_RATIO = 100
UNPACKED_AT_MOST = 200 * MEGABYTE
"""An archive may unpack to 10 MB and a hundred times its size, and never to more than 200 MB."""


def kind_of(source: IO[bytes]) -> FileKind | None:
    """Return the kind of a file by its content, or None if it is none of these. Leaves the file at its beginning."""
    source.seek(0)
    head = source.read(16)
    source.seek(0)
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_archive(source)
    return _kind_of_picture(head)


def _kind_of_picture(head: bytes) -> FileKind | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    return None


def _kind_of_archive(source: IO[bytes]) -> FileKind | None:
    """Return the kind of an archive by its entries. One with macros, or that unpacks to too much, has none."""
    length = source.seek(0, 2)
    most = min(UNPACKED_AT_MOST, UNPACKED_ANYWAY + UNPACKED_RATIO * length)
    try:
        entries = entries_of(source)
        kind = _kind_by_entries(source, entries)
        return kind if kind is not None and unpacks_within(source, entries, most=most) else None
    except NoArchiveError:
        return None
    finally:
        source.seek(0)


def _kind_by_entries(source: IO[bytes], entries: list[Entry]) -> FileKind | None:
    by_name = {entry.name: entry for entry in entries}
    if entries[0].offset or any(
        name.lower().startswith(ODF_MACROS) or name.lower().endswith(OFFICE_MACROS) for name in by_name
    ):
        return None
    if entries[0].name == b"mimetype":
        # The format requires this entry to come first and uncompressed.
        return _MEDIA_TYPES.get(stored_content(source, entries[0], largest=LONGEST_MEDIA_TYPE) or b"")
    if CONTENT_TYPES in by_name:
        types = content_of(source, by_name[CONTENT_TYPES], largest=LARGEST_CONTENT_TYPES)
        # Without NUL, text in UTF-16 reads like text in UTF-8.
        if any(word in types.replace(b"\0", b"").lower() for word in MACRO_TYPES):
            return None
    return next((kind for part, kind in _MAIN_PARTS.items() if part in by_name), None)
