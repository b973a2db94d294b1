"""Sent forms: each acts once."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accompaniment.models import SentForm, User

REMEMBERED_FOR = timedelta(days=2)
"""How long the service remembers a sent form."""

LONGEST_ANSWER = 500  # characters


def claim(*, actor: User, key: UUID) -> SentForm | None:
    """Return the row that marks this sending as the first one; None if the form was sent before.

    Runs in the transaction of the act. Of two concurrent sendings the second waits here for the first, because both
    want the same primary key.
    """
    with transaction.atomic():
        sent, is_first = SentForm.objects.get_or_create(token=key, defaults={"user": actor, "sent_at": timezone.now()})
        return sent if is_first else None


def settle(*, sent: SentForm, answer: str) -> None:
    """Store the address to which the sending was redirected."""
    sent.answer = answer if len(answer) <= LONGEST_ANSWER else ""
    sent.save(update_fields=["answer"])


def answer_to(*, actor: User, key: UUID) -> str:
    """Return the address to which this person's first sending was redirected; empty if there was no redirect."""
    return SentForm.objects.filter(token=key, user=actor).values_list("answer", flat=True).first() or ""


def sent_at(*, actor: User, key: UUID) -> datetime | None:
    """Return when this person's form went through; None if it did not, or too long ago."""
    found: datetime | None = SentForm.objects.filter(token=key, user=actor).values_list("sent_at", flat=True).first()
    return found


def forget_old(*, now: datetime) -> int:
    """Delete old rows; return how many."""
    return SentForm.objects.filter(sent_at__lt=now - REMEMBERED_FOR).delete()[0]
