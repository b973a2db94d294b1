"""Advisory locks on files. The kernel drops them when their holder dies, however it dies.

A lock belongs to an open file, so a forked child, or a program that was handed the descriptor, keeps it for
its own life too. That is why everything here that says "somebody is still there" is a lock, and no pid file.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def shared(path: Path) -> int:
    """Return a descriptor that holds a shared lock on `path`; closing it gives the lock back."""
    descriptor = _open(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def exclusive_or_none(path: Path) -> int | None:
    """Return a descriptor that holds `path` alone, or None when somebody else holds it."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path) -> bool:
    """Tell whether anybody holds a lock on `path`, shared or alone."""
    if not path.exists():
        return False
    descriptor = exclusive_or_none(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold `path` alone for the length of the block, waiting for it as long as it takes."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def holders(path: Path) -> set[int]:
    """Return the ids of the processes, this one left out, that have `path` open (Linux; elsewhere none)."""
    try:
        wanted = path.stat()
    except FileNotFoundError:
        return set()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            opened = list((folder / "fd").iterdir())
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
        if any(_is_same(descriptor, wanted) for descriptor in opened):
            found.add(int(folder.name))
    return found - {os.getpid()}


def _is_same(descriptor: Path, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(descriptor.stat(), wanted)
    except OSError:
        return False
