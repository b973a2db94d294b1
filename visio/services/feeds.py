"""The subscription of one's own calendar to one's interviews: made, replaced and ended by its owner alone."""

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from accompaniment.enums import AuditAction
from accompaniment.models import User
from accompaniment.services import audit
from accompaniment.services.account_rows import file_of
from visio.models import CalendarFeed

SECRET_BYTES = 16
"""128 bits, which nobody finds by trying."""


def digest_of(token: str) -> str:
    """Return what is stored of the secret in the address."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_feed(*, actor: User, tells_subject: bool) -> str:
    """Make the address of the actor's own feed, and return its secret, which is stored nowhere.

    An earlier address ends. With `tells_subject` the calendar says that it is an interview, and with whom.
    """
    token = secrets.token_urlsafe(SECRET_BYTES)
    facts = {"digest": digest_of(token), "tells_subject": tells_subject, "made_at": timezone.now()}
    with transaction.atomic():
        CalendarFeed.objects.update_or_create(user=actor, defaults=facts)
        audit.record(actor=actor, jobseeker=file_of(actor), action=AuditAction.ACCOUNT, event="feed_made")
    return token


def end_feed(*, actor: User) -> bool:
    """End the actor's own feed; return whether there was one."""
    with transaction.atomic():
        if not CalendarFeed.objects.filter(user=actor).delete()[0]:
            return False
        audit.record(actor=actor, jobseeker=file_of(actor), action=AuditAction.ACCOUNT, event="feed_ended")
        return True


def forget_feed(user_pk: int) -> None:
    """End an account's feed with its password, in the transaction that changes the password or closes the account."""
    CalendarFeed.objects.filter(user=user_pk).delete()
