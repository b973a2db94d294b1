"""Functions that follow a contact that was recorded in a person's journal.

This floor keeps the journal; an upper floor knows what a contact settles, such as a message that waits for an answer.
`config/wiring.py` adds its function. Messages write their own lines and are not told here.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.models import Contact

on_contact: list[Callable[["Contact"], None]] = []
"""Functions that take the new line, called in the transaction of the act."""


def contact_written(contact: "Contact") -> None:
    """Call every floor for which a contact changes something."""
    for follow in on_contact:
        follow(contact)
