"""The kind of an upload is found without unpacking anything.

Kind: bytes of a foreign file are interpreted. Whatever the bytes, the answer is a kind or a refusal, and it costs
neither memory nor time.
"""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pytest_django import Settings

from accompaniment.models import Document
from accompaniment.rules.archives import MOST_ENTRIES, NoArchiveError, entries_of
from accompaniment.rules.file_kinds import DOCX, ODT, FileKind, kind_of
from accompaniment.services.documents import KINDS, add_document, remove_document
from accompaniment.services.lost_files import forget_lost_documents
from tests.accompaniment.factories import JobseekerFactory

MEGABYTE = 1024 * 1024
BOUND = 4 * MEGABYTE
"""The memory in bytes that judging an upload may take, besides the upload itself."""

MIMETYPE = ODT.media_type.encode()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED, rest: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive whose first member is packed by `method` and the others by `rest`."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        for number, (name, body) in enumerate(members):
            written.writestr(name, body, compress_type=rest if number else method)
    return content.getvalue()


def odt(**how: int) -> bytes:
    return zipped(("mimetype", MIMETYPE), ("content.xml", b"<office/>" * 50), ("styles.xml", b"<styles/>"), **how)


def docx(**how: int) -> bytes:
    return zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>" * 50), **how)


def kind(content: bytes) -> FileKind | None:
    return kind_of(io.BytesIO(content))


def bomb(size: int) -> bytes:
    """Return an "ODT" of some hundred bytes whose one entry unpacks to `size` bytes and claims much less."""
    content = zipped(("mimetype", bytes(size)), method=zipfile.ZIP_BZIP2)
    return content.replace(struct.pack("<L", size), struct.pack("<L", len(MIMETYPE)))


def peak_of(act: Callable[[], object]) -> int:
    """Return the peak memory of an act, in bytes."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_documents_of_word_processors_are_taken() -> None:
    assert kind(odt()) == ODT
    assert kind(docx()) == DOCX
    assert kind(docx(method=zipfile.ZIP_DEFLATED)) == DOCX


def test_a_document_that_was_written_as_a_stream_is_taken() -> None:
    """In such an archive the sizes stand after each entry, not before it."""

    class Stream(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, part: bytes) -> int:  # type: ignore[override]
            self.written += bytes(part)
            return len(part)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/document.xml", b"<w/>" * 100)
    assert kind(stream.written) == DOCX


def test_a_small_file_that_unpacks_to_much_costs_nothing() -> None:
    """Kind: an upload that takes the process down. The control opens it as an ordinary library does."""
    size = 64 * MEGABYTE
    content = bomb(size)
    assert len(content) < 1024

    def opened() -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, pytest.raises(zipfile.BadZipFile):
            archive.read("mimetype")

    assert peak_of(opened) > size / 2
    assert peak_of(lambda: kind(content)) < BOUND
    assert kind(content) is None


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_odt_whose_media_type_is_packed_is_refused(method: int) -> None:
    assert kind(odt(method=method)) is None
    assert kind(odt(method=zipfile.ZIP_STORED)) == ODT


@pytest.mark.parametrize("rest", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_no_word_processor_uses_are_refused(rest: int) -> None:
    assert kind(odt(rest=rest)) is None
    assert kind(docx(rest=rest)) is None


@pytest.mark.parametrize(
    "members",
    [
        [("content.xml", b""), ("mimetype", MIMETYPE)],
        [("mimetype", MIMETYPE + b"-template")],
        [("mimetype", MIMETYPE[:-1])],
        [("mimetype", b"")],
        [("mimetype", b"x" * 10_000)],
        [("MIMETYPE", MIMETYPE)],
        [("mimetype", MIMETYPE), ("Basic/Standard/Module1.xml", b"")],
        [("mimetype", MIMETYPE), ("Scripts/python/x.py", b"")],
        [("[Content_Types].xml", b""), ("word/document.xml", b""), ("word/VBAPROJECT.BIN", b"")],
        [("[Content_Types].xml", b""), ("word/document.xml", b""), ("../word/x", b"")],
        [("[Content_Types].xml", b""), ("word/document.xml", b""), ("/etc/x", b"")],
        [("[Content_Types].xml", b""), ("word/document.xml", b""), ("a\nb", b"")],
        [("[Content_Types].xml", b""), ("excel/document.xml", b"")],
    ],
)
def test_archives_that_are_something_else_are_refused(members: list[tuple[str, bytes]]) -> None:
    assert kind(zipped(*members)) is None


def _patched(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def _in_directory(offset: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda content: _patched(content, content.index(b"PK\x01\x02") + offset, value)


def _in_end(offset: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda content: _patched(content, content.rindex(b"PK\x05\x06") + offset, value)


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "a name that is no UTF-8": lambda content: content.replace(b"styles.xml", b"\xff\xfe\x80les.xml"),
    "a name with NUL": lambda content: content.replace(b"styles.xml", b"st\0les.xml"),
    "a name that differs in the directory": _in_directory(46, b"M"),
    "a corrupt media type that claims to be deflated": lambda content: _in_directory(10, b"\x08\0")(
        _patched(content, 8, b"\x08\0")
    ),
    "a media type that claims LZMA": lambda content: _in_directory(10, b"\x0e\0")(_patched(content, 8, b"\x0e\0")),
    "another packing in the directory alone": _in_directory(10, b"\x08\0"),
    "an encrypted entry": _in_directory(8, b"\x01\0"),
    "an offset past the end": _in_directory(42, b"\xff\xff\xff\xff"),
    "an offset into another entry": _in_directory(42, b"\x05\0\0\0"),
    "a size past the end": _in_directory(20, b"\xff\xff\xff\x7f"),
    "a size of zip64": _in_directory(20, b"\xff\xff\xff\xff\xff\xff\xff\xff"),
    "a name longer than the directory": _in_directory(28, b"\xff\xff"),
    "an extra field longer than the directory": _in_directory(30, b"\xff\xff"),
    "another disk": _in_directory(34, b"\x01\0"),
    "a count of entries that is wrong": _in_end(8, b"\x01\0\x01\0"),
    "a huge count of entries": _in_end(8, b"\xff\xff\xff\xff"),
    "no entry at all": _in_end(8, b"\0\0\0\0"),
    "a directory of another size": _in_end(12, b"\xff\xff\xff\xff"),
    "a directory elsewhere": _in_end(16, b"\0\0\0\0"),
    "a comment that is not there": _in_end(20, b"\x05\0"),
    "something behind the end": lambda content: content + b"x",
    "something before the beginning": lambda content: b"PK\x03\x04" + content,
    "the end alone": lambda content: content[-22:],
    "cut in the middle": lambda content: content[: len(content) // 2],
    "cut by a byte": lambda content: content[:-1],
}


@pytest.mark.parametrize("fault", BREAKS)
def test_a_broken_archive_is_refused(fault: str) -> None:
    broken = BREAKS[fault](odt())
    assert broken != odt()
    assert kind(broken) is None


def test_an_archive_of_many_entries_is_refused_before_they_are_read() -> None:
    members = [(f"{number}", b"") for number in range(MOST_ENTRIES - 1)]
    assert len(entries_of(io.BytesIO(zipped(("mimetype", MIMETYPE), *members)))) == MOST_ENTRIES
    many = zipped(("mimetype", MIMETYPE), *members, ("one more", b""))
    with pytest.raises(NoArchiveError):
        entries_of(io.BytesIO(many))
    assert peak_of(lambda: kind(many)) < BOUND


def test_entries_that_share_their_bytes_are_refused() -> None:
    """The trick of archives that unpack to petabytes: many entries of the directory point to one content."""
    content = zipped(("mimetype", MIMETYPE), ("a", b"x" * 100), ("b", b"x" * 100), rest=zipfile.ZIP_STORED)
    first, second = content.index(b"a" + b"x" * 100) - 30, content.index(b"b" + b"x" * 100) - 30
    directory = content.index(b"PK\x01\x02")
    at = content.index(struct.pack("<L", second), directory)
    assert kind(content) == ODT
    assert kind(_patched(content, at, struct.pack("<L", first))) is None


@effort(max_examples=300)
@given(
    st.sampled_from([odt(), docx(), odt(rest=zipfile.ZIP_LZMA)]),
    st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4),
    st.floats(0, 1),
)
def test_whatever_is_wrong_in_an_archive_the_answer_is_a_kind_or_a_refusal(
    content: bytes, patches: list[tuple[float, bytes]], kept: float
) -> None:
    for place, value in patches:
        content = _patched(content, int(place * len(content)), value)
    for sent in (content, content[: int(kept * len(content))]):
        assert kind(sent) in {None, *KINDS.values()}


@given(st.sampled_from([b"PK\x03\x04", b"%PDF-", b"RIFF", b"\x89PNG", b""]), st.binary(max_size=200))
def test_any_bytes_are_a_kind_or_a_refusal(head: bytes, rest: bytes) -> None:
    assert kind(head + rest) in {None, *KINDS.values()}


@pytest.mark.django_db
def test_a_removed_document_is_erased_at_once(django_capture_on_commit_callbacks: Any) -> None:
    """The page promises it, and the title stays."""
    person = JobseekerFactory(with_account=True)
    upload = SimpleUploadedFile("cv.pdf", b"%PDF-1.7")
    document = add_document(actor=person.user, jobseeker=person, title="CV", upload=upload)
    storage, name = document.file.storage, str(document.file.name)
    assert storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        remove_document(actor=person.user, document=document)
    assert not storage.exists(name)
    assert Document.objects.get(pk=document.pk).title == "CV"


@pytest.mark.django_db
def test_a_file_that_no_document_names_is_deleted_after_a_day(settings: Settings, tmp_path: Path) -> None:
    """Kind: a process that died between the row and the file, and left a file that one was told is gone."""
    settings.MEDIA_ROOT = tmp_path
    person, now = JobseekerFactory(with_account=True), timezone.now()
    assert forget_lost_documents(now) == 0
    kept, removed, gone = (
        add_document(actor=person.user, jobseeker=person, title="CV", upload=SimpleUploadedFile("cv.pdf", b"%PDF-1.7"))
        for _ in range(3)
    )
    remove_document(actor=person.user, document=removed)
    Document.objects.filter(pk=gone.pk).delete()
    assert forget_lost_documents(now) == 0, "somebody may be storing it"
    assert forget_lost_documents(now + timedelta(days=2)) == 2
    storage = kept.file.storage
    assert [storage.exists(one.file.name) for one in (kept, removed, gone)] == [True, False, False]
    assert forget_lost_documents(now + timedelta(days=2)) == 0
