"""Filters of the messaging floor."""

from typing import Any, Self

from django.db.models import Q, QuerySet

from accompaniment.identifiers import joined_within
from accompaniment.querysets import OfJobseekerQuerySet
from messaging.enums import CallbackState


class ConversationQuerySet(OfJobseekerQuerySet):
    def awaiting_reply(self) -> Self:
        """Keep the conversations in which the person waits for an answer, longest first."""
        return self.filter(awaiting_reply_since__isnull=False).order_by("awaiting_reply_since", "pk")

    def matching(self, words: str) -> Self:
        """Keep the people of whom every word is in the name or the identifier; accents and case do not count."""
        kept = self
        for word in joined_within(words).split():
            kept = kept.filter(
                Q(jobseeker__last_name__unaccent__icontains=word)
                | Q(jobseeker__first_name__unaccent__icontains=word)
                | Q(jobseeker__identifier__istartswith=word)
            )
        return kept


class MessageQuerySet(QuerySet[Any]):
    def after(self, number: int) -> Self:
        """Keep what follows message `number`, in the order of the conversation."""
        return self.filter(number__gt=number).order_by("number")


class CallbackRequestQuerySet(OfJobseekerQuerySet):
    def open(self) -> Self:
        return self.filter(state=CallbackState.OPEN)
