"""Refusals that a page handles separately."""

from datetime import datetime

from accompaniment.rules.errors import DomainError


class SlotTakenError(DomainError):
    """The slot was offered and has been taken; `starts_at` is its start."""

    def __init__(self, starts_at: datetime, sentence: str = "Ce créneau vient d'être pris. En voici d'autres.") -> None:
        self.starts_at = starts_at
        super().__init__(sentence, about="slot")
