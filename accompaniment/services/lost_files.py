"""Files on the disk that no row names any more.

A row and its file cannot change in one act. Whoever removes a file commits the row first, so a process that dies in
between leaves a file of which somebody was told that it is gone. A file that is being stored is younger than a day.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from itertools import islice

from accompaniment.models import Document
from accompaniment.models.workbook import DOCUMENTS

LOST_AFTER = timedelta(days=1)
AT_ONCE = 1000
"""Files that one query asks about."""


def lost_among(names: Iterable[str], named: Callable[[Collection[str]], Iterable[str]]) -> list[str]:
    """Return the files that no row names. `named` returns, of some files, those that a row names."""
    rest, lost = iter(names), list[str]()
    while some := list(islice(rest, AT_ONCE)):
        known = set(named(some))
        lost += [name for name in some if name not in known]
    return lost


def forget_lost_documents(now: datetime) -> int:
    """Delete the files of removed documents and those that no document names; return how many."""
    storage = Document.file.field.storage
    if not storage.exists(DOCUMENTS):
        return 0
    folders = (f"{DOCUMENTS}/{part}" for part in storage.listdir(DOCUMENTS)[0])
    names = (f"{folder}/{name}" for folder in folders for name in storage.listdir(folder)[1])
    standing = Document.objects.filter(removed_at=None)
    lost = lost_among(names, lambda some: standing.filter(file__in=some).values_list("file", flat=True))
    old = [name for name in lost if storage.get_modified_time(name) < now - LOST_AFTER]
    for name in old:
        storage.delete(name)
    return len(old)
