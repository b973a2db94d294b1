"""Refusals that a page treats in a way of its own."""

from datetime import datetime

from accompaniment.rules.errors import DomainError


class SlotTakenError(DomainError):
    """The slot was offered and is not any more; `starts_at` is the one that has gone."""

    def __init__(self, starts_at: datetime, sentence: str = "Ce créneau vient d'être pris. En voici d'autres.") -> None:
        self.starts_at = starts_at
        super().__init__(sentence, about="slot")
