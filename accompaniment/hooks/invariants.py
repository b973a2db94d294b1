"""Checks of what must always hold in the live data.

Each check yields one sentence per breach. Each floor has its own checks in `reads/invariants.py`, and `manage.py
check_invariants` runs them all.
"""

from collections.abc import Callable, Iterable

InvariantCheck = Callable[[], Iterable[str]]

checks: list[InvariantCheck] = []
