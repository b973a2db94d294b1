"""Functions that keep the deadlines on the portfolio list up to date.

This floor can hold or waive an obligation. The floor that knows interviews then updates the list. `config/wiring.py`
adds its function.
"""

from collections.abc import Callable

on_deadlines_changed: list[Callable[[int], None]] = []
"""Functions that take a person's primary key, called in the transaction of the act."""


def deadlines_changed(jobseeker_id: int) -> None:
    """Call every floor that shows deadlines."""
    for follow in on_deadlines_changed:
        follow(jobseeker_id)
