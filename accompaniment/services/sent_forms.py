"""Forms that were sent: each does its thing once."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accompaniment.models import SentForm, User

REMEMBERED_FOR = timedelta(days=2)
"""How long a form that is sent again is known to have been sent."""

LONGEST_ANSWER = 500  # characters


def claim(*, actor: User, key: UUID) -> SentForm | None:
    """Return the row that makes this sending the first one; None when it was sent before.

    Runs in the transaction of the act. Of two at once, the second waits here until the first is through, because
    both want the same primary key.
    """
    with transaction.atomic():
        sent, is_first = SentForm.objects.get_or_create(token=key, defaults={"user": actor, "sent_at": timezone.now()})
        return sent if is_first else None


def settle(*, sent: SentForm, answer: str) -> None:
    """Keep the address to which the sending led."""
    sent.answer = answer if len(answer) <= LONGEST_ANSWER else ""
    sent.save(update_fields=["answer"])


def answer_to(*, actor: User, key: UUID) -> str:
    """Return where this person's sending led the first time; empty when it led nowhere."""
    return SentForm.objects.filter(token=key, user=actor).values_list("answer", flat=True).first() or ""


def sent_at(*, actor: User, key: UUID) -> datetime | None:
    """Return when this person's form went through; None when it did not, or too long ago to be known."""
    found: datetime | None = SentForm.objects.filter(token=key, user=actor).values_list("sent_at", flat=True).first()
    return found


def forget_old(*, now: datetime) -> int:
    """Forget what was sent long ago; return how many."""
    return SentForm.objects.filter(sent_at__lt=now - REMEMBERED_FOR).delete()[0]
