"""Advisory file locks. The kernel releases a lock when its holder dies, however it dies.

A lock belongs to an open file, so a forked child or a program that inherited the descriptor also keeps it. Everything
here that means "somebody is still there" is therefore a lock, not a pid file.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def shared(path: Path) -> int:
    """Return a descriptor with a shared lock on `path`; closing it releases the lock."""
    descriptor = _open(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def exclusive_or_none(path: Path) -> int | None:
    """Return a descriptor with an exclusive lock on `path`, or None if somebody else holds one."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path) -> bool:
    """Return whether anybody holds a lock on `path`."""
    if not path.exists():
        return False
    descriptor = exclusive_or_none(path)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` during the block; wait for it without a limit."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def holders(path: Path) -> set[int]:
    """Return the ids of other processes that have `path` open (Linux; an empty list elsewhere)."""
    try:
        wanted = path.stat()
    except FileNotFoundError:
        return set()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            opened = list((folder / "fd").iterdir())
        except OSError:  # it has ended, or belongs to another user
            continue
        if any(_is_same(descriptor, wanted) for descriptor in opened):
            found.add(int(folder.name))
    return found - {os.getpid()}


def _is_same(descriptor: Path, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(descriptor.stat(), wanted)
    except OSError:
        return False
