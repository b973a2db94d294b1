"""Filters of the messaging floor."""

from typing import Any, Self

from django.db.models import QuerySet

from accompaniment.querysets import OfJobseekerQuerySet
from accompaniment.search import named, words_of
from messaging.enums import CallbackState


class ConversationQuerySet(OfJobseekerQuerySet):
    def awaiting_reply(self) -> Self:
        """Keep the conversations in which the person waits for an answer, longest first."""
        return self.filter(awaiting_reply_since__isnull=False).order_by("awaiting_reply_since", "pk")

    def matching(self, words: str) -> Self:
        """Keep the people whom these words name: in any order, without accents, with a typing error or two."""
        return self.filter(named(words_of(words), jobseeker="jobseeker__"))


class MessageQuerySet(QuerySet[Any]):
    def after(self, number: int) -> Self:
        """Keep what follows message `number`, in the order of the conversation."""
        return self.filter(number__gt=number).order_by("number")


class CallbackRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state=CallbackState.OPEN)
