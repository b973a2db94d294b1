"""The files of attachments: below `ATTACHMENTS_ROOT`, under random names that say nothing of anybody.

No URL leads there. A file is on the disk before its row says so, and it is deleted after its row no longer does,
or after nobody can open it any more.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings

PREVIEW = ".preview"


def write(key: str, content: bytes, preview: bytes) -> None:
    """Write a file, and its preview if it has one. They are on the disk when this returns."""
    path = path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True, mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS)
    _write(path, content)
    if preview:
        _write(path.with_suffix(PREVIEW), preview)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(key: str) -> bytes:
    """Return a file. Raises FileNotFoundError."""
    return path_of(key).read_bytes()


def read_preview(key: str) -> bytes:
    """Return the small picture of a file. Raises FileNotFoundError."""
    return path_of(key).with_suffix(PREVIEW).read_bytes()


def delete(key: str) -> None:
    """Delete a file and its preview. One that is gone is no error."""
    for path in (path_of(key), path_of(key).with_suffix(PREVIEW)):
        with suppress(FileNotFoundError):
            path.unlink()


def keys() -> Iterator[str]:
    """Yield the name of each file on the disk; once more for its preview."""
    return (path.name.removesuffix(PREVIEW) for path in Path(settings.ATTACHMENTS_ROOT).glob("??/*"))


def delete_if_old(key: str, *, before: datetime) -> bool:
    """Delete a file and its preview if they were stored before an instant; return whether there was one."""
    path = path_of(key)
    found = [one for one in (path, path.with_suffix(PREVIEW)) if one.exists()]
    if not found or found[0].stat().st_mtime >= before.timestamp():
        return False
    delete(key)
    return True


def path_of(key: str) -> Path:
    """Return where a file is."""
    return Path(settings.ATTACHMENTS_ROOT) / key[:2] / key


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, settings.FILE_UPLOAD_PERMISSIONS)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
