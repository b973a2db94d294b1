"""Read a ZIP archive from outside. Everything is limited, and no entry is ever held unpacked as a whole.

An archive is refused unless its directory describes the file exactly, to the byte.
"""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import IO

MOST_ENTRIES = 4_000
MOST_DIRECTORY_BYTES = 1024 * 1024
"""A long report with a picture on each page has a few hundred entries and a directory of 50 kB."""

PART = 64 * 1024
"""Bytes that are read or unpacked at a time."""

STORED, DEFLATED = 0, 8
ENCRYPTED = 0x0001
SIZES_FOLLOW = 0x0008
SIZE_IS_ELSEWHERE = 0xFFFFFFFF

_END = Struct("<4s4H2LH")
_DIRECTORY = Struct("<4s6H3L5H2L")
_LOCAL = Struct("<4s5H3L2H")
_END_MARK, _DIRECTORY_MARK, _LOCAL_MARK = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_COMMENT = 0xFFFF


class NoArchiveError(ValueError):
    """The bytes are not a plain archive in one part."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in an archive, as both the directory and its own header describe it. Sizes in bytes."""

    name: bytes
    method: int
    offset: int
    size: int
    content_at: int


def entries_of(source: IO[bytes]) -> list[Entry]:
    """Return the entries of an archive by their position. Raises NoArchiveError.

    Only archives like those of word processors are read: entries stored or deflated, not encrypted, with unique UTF-8
    names, inside the file and without overlap.
    """
    length = source.seek(0, io.SEEK_END)
    directory, count, begins = _directory(source, length)
    found = []
    at = 0
    for _ in range(count):
        entry, at = _entry(directory, at)
        found.append(entry)
    if at != len(directory):
        raise NoArchiveError("the directory is longer than its entries")
    if len({entry.name for entry in found}) != count:
        raise NoArchiveError("a name comes twice")
    placed = [_placed(source, entry) for entry in sorted(found, key=lambda entry: entry.offset)]
    limits = [*(entry.offset for entry in placed[1:]), begins]
    if any(entry.content_at + entry.size > limit for entry, limit in zip(placed, limits, strict=False)):
        raise NoArchiveError("an entry lies over what follows it")
    return placed


def stored_content(source: IO[bytes], entry: Entry, *, largest: int) -> bytes | None:
    """Return the bytes of an uncompressed entry of at most `largest` bytes, or None for any other."""
    if entry.method != STORED or entry.size > largest:
        return None
    return _read(source, entry.content_at, entry.size)


def content_of(source: IO[bytes], entry: Entry, *, largest: int) -> bytes:
    """Return the unpacked bytes of an entry. Raises NoArchiveError above `largest` bytes, or if it is damaged."""
    content = b""
    for part in _unpacked(source, entry):
        content += part
        if len(content) > largest:
            raise NoArchiveError("an entry is too large")
    return content


def unpacks_within(source: IO[bytes], entries: list[Entry], *, most: int) -> bool:
    """Return whether all entries together unpack to `most` bytes at most, by unpacking them, part by part.

    What the directory says of the unpacked size is not believed. Raises NoArchiveError if an entry is damaged.
    """
    size = 0
    for entry in entries:
        for part in _unpacked(source, entry):
            size += len(part)
            if size > most:
                return False
    return True


def _unpacked(source: IO[bytes], entry: Entry) -> Iterator[bytes]:
    """Yield the content of an entry in parts of at most `PART` bytes."""
    left = entry.size
    source.seek(entry.content_at)
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    while left:
        packed = source.read(min(PART, left))
        left -= len(packed)
        if not packed:
            raise NoArchiveError("the file is shorter than it says")
        if entry.method == STORED:
            yield packed
            continue
        while packed:
            yield _next(unpacking, packed)
            packed = unpacking.unconsumed_tail
        if unpacking.unused_data:
            raise NoArchiveError("something follows the end of an entry")
    while entry.method == DEFLATED and not unpacking.eof:
        part = _next(unpacking, b"")
        if not part:
            raise NoArchiveError("an entry is cut off")
        yield part


def _next(unpacking: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return unpacking.decompress(packed, PART)
    except zlib.error as error:
        raise NoArchiveError("an entry is damaged") from error


def _directory(source: IO[bytes], length: int) -> tuple[bytes, int, int]:
    """Return the directory, the number of its entries, and its position."""
    tail_at = max(0, length - _END.size - _LONGEST_COMMENT)
    tail = _read(source, tail_at, length - tail_at)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise NoArchiveError("there is no end")
    _, disk, first_disk, here, count, size, begins, comment = _END.unpack_from(tail, at)
    if disk or first_disk or here != count or len(tail) != at + _END.size + comment:
        raise NoArchiveError("the end is not the end of this file")
    if not 0 < count <= MOST_ENTRIES or size > MOST_DIRECTORY_BYTES or begins + size != tail_at + at:
        raise NoArchiveError("the directory is not where or what it should be")
    return _read(source, begins, size), count, begins


def _entry(directory: bytes, at: int) -> tuple[Entry, int]:
    if len(directory) - at < _DIRECTORY.size:
        raise NoArchiveError("the directory is cut off")
    mark, _, _, flags, method, _, _, _, size, _, name, extra, comment, disk, _, _, offset = _DIRECTORY.unpack_from(
        directory, at
    )
    begins = at + _DIRECTORY.size
    ends = begins + name + extra + comment
    if mark != _DIRECTORY_MARK or ends > len(directory) or disk:
        raise NoArchiveError("the directory holds something else")
    if flags & ENCRYPTED or method not in {STORED, DEFLATED}:
        raise NoArchiveError("no word processor packs so")
    return Entry(_plain(directory[begins : begins + name]), method, offset, size, 0), ends


def _plain(name: bytes) -> bytes:
    try:
        plain = name.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        plain = False
    if not name or not plain or b"\\" in name or name.startswith(b"/") or b".." in name.split(b"/"):
        raise NoArchiveError("a name is none")
    return name


def _placed(source: IO[bytes], entry: Entry) -> Entry:
    """Return the entry with the position of its content. Raises NoArchiveError if its own header differs."""
    mark, _, flags, method, _, _, _, packed, size, name, extra = _LOCAL.unpack(_read(source, entry.offset, _LOCAL.size))
    named = _read(source, entry.offset + _LOCAL.size, name)
    if mark != _LOCAL_MARK or named != entry.name or method != entry.method or flags & ENCRYPTED:
        raise NoArchiveError("an entry is not what the directory says")
    if not flags & SIZES_FOLLOW and (
        packed not in {entry.size, SIZE_IS_ELSEWHERE} or (method == STORED and packed != size)
    ):
        raise NoArchiveError("an entry has another size than the directory says")
    content_at = entry.offset + _LOCAL.size + name + extra
    return Entry(entry.name, method, entry.offset, entry.size, content_at)


def _read(source: IO[bytes], at: int, size: int) -> bytes:
    source.seek(at)
    content = source.read(size)
    if len(content) != size:
        raise NoArchiveError("the file is shorter than it says")
    return content
