"""What must always hold of the live data.

Each check yields one sentence per breach; each floor has its own in `reads/invariants.py`, and `manage.py
check_invariants` runs them all.
"""

from collections.abc import Callable, Iterable

InvariantCheck = Callable[[], Iterable[str]]

checks: list[InvariantCheck] = []
