"""The files of attachments: below `ATTACHMENTS_ROOT`, under random names that say nothing of anybody.

No URL leads there. A file is on the disk before its row says so, and it is deleted after its row no longer does,
or after nobody can open it any more.
"""

import os
from contextlib import suppress
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


def path_of(key: str) -> Path:
    """Return where a file is."""
    return Path(settings.ATTACHMENTS_ROOT) / key[:2] / key


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, settings.FILE_UPLOAD_PERMISSIONS)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
