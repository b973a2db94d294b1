"""What the portfolio list says of a person's deadlines follows them.

A deadline can be held or waived on this floor; the floor that knows interviews says, in its `config/wiring.py`, how
the list hears of it.
"""

from collections.abc import Callable

on_deadlines_changed: list[Callable[[int], None]] = []
"""Functions that take a person's primary key, called in the transaction of the act."""


def deadlines_changed(jobseeker_id: int) -> None:
    """Let every floor that shows deadlines look again."""
    for follow in on_deadlines_changed:
        follow(jobseeker_id)
