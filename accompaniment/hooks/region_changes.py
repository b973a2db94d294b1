"""Reasons of upper floors why an agency must stay in its region.

`services.imports.agencies` calls each function in its transaction, before it locks an agency. `config/wiring.py` fills
the list.
"""

from collections.abc import Callable

held_in_region: list[Callable[[], set[str]]] = []
"""Each locks what it reads and returns the codes of agencies that must stay in their region, for example because their
advisers follow people of other agencies."""
