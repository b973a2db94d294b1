"""What the arrival of an adviser must bring along on upper floors.

`services.advisers` calls each function, in its own transaction, after the accounts and portfolios are there.
Upper apps add theirs in `config/wiring.py`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caseload.models import Adviser

on_adviser_created: list[Callable[[Sequence["Adviser"]], None]] = []
"""Called once with all the new advisers of a load, for example to give them working hours."""
