"""Who wants to know that something in a person's file has just been written: the open desks of advisers.

Every write to a file leaves its audit row (`services.audit`), and beside it calls each function here, still in the
transaction of the act. What leaves the database waits for the commit. Upper apps add theirs in `config/wiring.py`:
messaging tells the open pages of the day which of their panels to ask for again. What bulk statements write is not
told one by one; the pages also look by themselves every minute.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.enums import AuditAction
    from accompaniment.models import Jobseeker

FileChange = Callable[["Jobseeker", "AuditAction"], None]

on_file_change: list[FileChange] = []
"""Called with whose file it is and what was done; nothing of what was written."""


def tell_desks(jobseeker: "Jobseeker", action: "AuditAction") -> None:
    """Let every floor hear of a write to a person's file."""
    for follow in on_file_change:
        follow(jobseeker, action)
