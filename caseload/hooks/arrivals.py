"""What upper floors do when advisers arrive.

`services.steering.adviser_files` calls each function in its transaction, after it has made the accounts and portfolios.
`config/wiring.py` fills the list.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caseload.models import Adviser

on_adviser_created: list[Callable[[Sequence["Adviser"]], None]] = []
"""Called once with all new advisers of a load, for example to give them working hours."""
