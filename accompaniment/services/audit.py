"""The one way to leave an audit row."""

from typing import Any

from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import AuditEntry, Jobseeker, User


def record(*, actor: User | None, jobseeker: Jobseeker | None, action: AuditAction, **details: Any) -> AuditEntry:
    """Write that `actor` (None: the system) did `action` in a person's file.

    Called in the transaction of the act itself, so that there is neither an act without a row nor a row
    without an act. `details` are facts that JSON can hold; never the text of a message or a note.
    """
    return AuditEntry.objects.create(
        at=timezone.now(), actor=actor, jobseeker=jobseeker, action=action, details=details
    )
