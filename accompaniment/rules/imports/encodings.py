"""The encoding of a file (UTF-8 or Windows-1252), and wrong characters in it.

A few wrong bytes never change the encoding of the whole file; only their rows are rejected.
"""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

from accompaniment.rules.errors import DomainError

CHUNK_BYTES = 1024 * 1024
UTF8, WINDOWS = "utf-8-sig", "cp1252"
BYTE_ORDER_MARK = "\ufeff"
END_OF_FILE = "\x1a"
"""The mark that DOS puts at the end of a file (Ctrl-Z)."""
SPACE_BYTES = b"\t\n\f\r "
# A text contains tabs, line ends and page breaks, and no other control character.
CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in SPACE_BYTES) + b"\x7f"
MOST_CONTROLS = 20
"""If one byte in this many, or more, is a control character, the file is not text."""
MOST_MISREAD = 5
"""If one Windows-1252 letter in this many, or more, is one that no text contains, the file has another encoding."""

CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
C1_BYTES = re.compile(b"\xc2[\x80-\x9f]")
WRONG_BYTE = re.compile("[\udc80-\udcff]")
LOST = "\ufffd"
# UTF-8 letters read as Windows-1252: « Ã© » for « é ».
MISREAD = re.compile("[ÂÃ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
# What accents of Mac OS and DOS become in Windows-1252 (« Ž », « ‚ » for « é »), and characters that differ in
# ISO-8859-15 (« ½ » for « œ »). They count only beside a letter.
_SIGNS = "ƒ„‚†‡ˆ‰‹›˜¤¦¨¸¼½¾"
_LETTER = "A-Za-zÀ-ÖØ-öø-ÿ"
MISREAD_IN_WINDOWS = re.compile(
    f"[\udc80-\udcff]|(?<=[a-zß-öø-ÿ])[ŠŽŒŸ]|[{_SIGNS}](?=[{_LETTER}])|(?<=[{_LETTER}])[{_SIGNS}]"
)
NO_TEXT = "Ce fichier n'est pas un fichier texte. Enregistrez-le au format CSV (séparateur point-virgule)."
UTF_16 = "Ce fichier est en UTF-16. Enregistrez-le au format CSV en UTF-8 ou en Windows-1252 (ANSI)."
UNKNOWN = (
    "L'encodage du fichier n'est pas reconnu\u00a0: enregistrez-le en UTF-8 ou en Windows-1252 (ANSI), "
    "les deux encodages qui sont lus."
)


class UnreadableFileError(DomainError):
    """The file as a whole cannot be read. Nothing was written."""


@dataclass(frozen=True)
class Text:
    """The encoding of a file. `is_odd`: it may have wrong characters, so each row is checked."""

    encoding: str
    is_odd: bool
    has_end_mark: bool

    def trouble(self, text: str) -> str | None:
        """Return in French what is wrong with a character of the text, or None."""
        if found := CONTROLS.search(text):
            return f"Un caractère de contrôle est dans la cellule (code {ord(found[0]):02X}). Supprimez-le."
        if LOST in text:
            return f"Un caractère du fichier est perdu («\u00a0{LOST}\u00a0»). Écrivez la bonne lettre à sa place."
        if text.isascii():
            return None
        if found := MISREAD.search(text):
            return f"Une lettre est mal encodée («\u00a0{found[0]}\u00a0»). Écrivez la bonne lettre à sa place."
        wrong = WRONG_BYTE if self.encoding == UTF8 else MISREAD_IN_WINDOWS
        if found := wrong.search(text):
            return self._of_another_encoding(found[0])
        return None

    def _of_another_encoding(self, character: str) -> str:
        name = "UTF-8" if self.encoding == UTF8 else "Windows-1252"
        byte = character.encode("cp1252", "surrogateescape")
        guess = byte.decode("cp1252", "ignore") if self.encoding == UTF8 else ""
        perhaps = f", sans doute «\u00a0{guess}\u00a0»" if guess.isalpha() else ""
        return f"Une lettre n'est pas en {name} comme le reste du fichier (octet {byte.hex().upper()}{perhaps})."


def examine(source: BinaryIO) -> Text:
    """Return the encoding of the file after reading it once. Raises UnreadableFileError if it is not text."""
    source.seek(0)
    size = letters = wrong = misread = read_by_windows = 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    is_odd = has_controls = has_mark = False
    end = b""
    while chunk := source.read(CHUNK_BYTES):
        is_first = size == 0
        size += len(chunk)
        if size > settings.IMPORT_MAXIMUM_MEGABYTES * 1024 * 1024:
            raise UnreadableFileError(too_large())
        controls = len(chunk) - len(chunk.translate(None, CONTROL_BYTES))
        if is_first:
            has_mark = chunk.startswith(codecs.BOM_UTF8)
            _refuse_other_formats(chunk, controls - chunk.count(END_OF_FILE.encode()))
        has_controls = has_controls or controls > 0
        end = (end + chunk)[-64:]
        text = decoder.decode(chunk)
        if text.isascii():
            continue
        found = len(WRONG_BYTE.findall(text)) if _has_wrong_bytes(text) else 0
        letters += len(text) - len(text.encode("ascii", "ignore")) - found
        if found:
            wrong += found
            as_windows = chunk.decode("cp1252", "surrogateescape")
            misread += len(MISREAD_IN_WINDOWS.findall(as_windows))
            read_by_windows += len(as_windows) - len(as_windows.encode("ascii", "ignore"))
        is_odd = is_odd or _may_be_odd(chunk, text, is_first=is_first)
    if size == 0:
        raise UnreadableFileError("Le fichier est vide.")
    wrong += len(decoder.decode(b"", final=True))
    has_end_mark = end.rstrip(SPACE_BYTES).endswith(END_OF_FILE.encode())
    if wrong == 0 or has_mark or letters >= wrong:
        return Text(UTF8, is_odd=is_odd or has_controls or wrong > 0, has_end_mark=has_end_mark)
    if misread * MOST_MISREAD > read_by_windows:
        raise UnreadableFileError(UNKNOWN)
    return Text(WINDOWS, is_odd=True, has_end_mark=has_end_mark)


def legible(text: str) -> str:
    """Return the text with a mark in place of each character that cannot be stored or sent."""
    return WRONG_BYTE.sub(LOST, CONTROLS.sub(LOST, text))


def too_large() -> str:
    """Return the sentence that refuses a file by its size."""
    return f"Le fichier dépasse {settings.IMPORT_MAXIMUM_MEGABYTES}\u00a0Mo. Découpez-le et chargez chaque partie."


def _has_wrong_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _may_be_odd(chunk: bytes, text: str, *, is_first: bool) -> bool:
    """Return whether rows must be checked one by one. This only searches for single characters, which is fast."""
    return (
        LOST in text
        or "Ã" in text
        or "Â" in text
        or text.find(BYTE_ORDER_MARK, 1 if is_first else 0) >= 0
        or C1_BYTES.search(chunk) is not None
    )


def _refuse_other_formats(beginning: bytes, controls: int) -> None:
    """Refuse formats that are often sent instead of text, with advice for each."""
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFileError(UTF_16)
    if beginning.startswith(b"PK\x03\x04"):
        raise UnreadableFileError(
            "Ce fichier est un classeur ou une archive, pas un fichier texte. "
            "Enregistrez-le au format CSV (séparateur point-virgule)."
        )
    if controls * MOST_CONTROLS > len(beginning):
        is_utf_16 = beginning[:64:2].count(0) > len(beginning[:64]) // 4 or beginning[1:64:2].count(0) > 8
        raise UnreadableFileError(UTF_16 if is_utf_16 else NO_TEXT)
