"""What upper floors know of where the steps of action plans come from; `config/wiring.py` fills it."""

from collections.abc import Callable, Collection

from_messages: list[Callable[[Collection[int]], set[int]]] = []
"""Each function returns which of these steps, by primary key, were written from a message."""


def steps_from_messages(pks: Collection[int]) -> set[int]:
    """Return which of these steps were written from a message of a conversation."""
    return {pk for known in from_messages for pk in known(pks)} if pks else set()
