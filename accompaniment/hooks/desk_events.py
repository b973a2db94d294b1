"""Functions that are called after a write to a person's file, for advisers' open pages.

Every write leaves its audit row (`services.audit`) and then calls each function in the same transaction. What leaves
the database waits for the commit. `config/wiring.py` fills the list: messaging tells open pages of the day which panels
to reload. Bulk statements do not call it, but the pages also reload every minute.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.enums import AuditAction
    from accompaniment.models import Jobseeker

FileChange = Callable[["Jobseeker", "AuditAction"], None]

on_file_change: list[FileChange] = []
"""Called with the person and the action, without what was written."""


def tell_desks(jobseeker: "Jobseeker", action: "AuditAction") -> None:
    """Tell every floor about a write to a person's file."""
    for follow in on_file_change:
        follow(jobseeker, action)
