"""« À la suite »: the conversations that wait for an adviser, opened one after the other, without the list."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from django.db.models import Q

from accompaniment.models import User
from accompaniment.rules.parsing import instant_in, number_in
from messaging.models import Conversation, ConversationQuerySet


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation stands in the order: since when it waits, and its key. A URL carries it as text."""

    since: datetime
    pk: int

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """Return the place of a conversation that `to_handle` has found."""
        return cls(since=conversation.place.astimezone(UTC), pk=conversation.pk)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the place that a URL carries; None if it carries none that can be read."""
        since, _, pk = text.partition("_")
        at, number = instant_in(since.replace(" ", "+")), number_in(pk)
        return None if at is None or number is None else cls(since=at, pk=number)

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%dT%H:%M:%S.%f}Z_{self.pk}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """What waits for an adviser after a place: the next one, how many with it, and how many were passed over."""

    next: Conversation | None
    left: int
    passed: int


def sequence_for(user: User, *, now: datetime, after: Place | None) -> Sequence:
    """Return what waits for the adviser after a place (None: from the beginning), longest wait first.

    What a colleague has answered, what was settled and what is for a later day is not in it any more.
    """
    everything: ConversationQuerySet = Conversation.objects.all().to_handle(user, now=now)
    ahead = everything if after is None else everything.filter(_after(after))
    total, left = everything.count(), ahead.count() if after is not None else None
    return Sequence(
        next=ahead.first(), left=total if left is None else left, passed=0 if left is None else total - left
    )


def _after(place: Place) -> Q:
    return Q(place__gt=place.since) | Q(place=place.since, pk__gt=place.pk)
