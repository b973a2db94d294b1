"""What on upper floors keeps an agency in its region.

`services.imports.agencies` asks each function in its own transaction, before it locks an agency. Upper apps add theirs
in `config/wiring.py`.
"""

from collections.abc import Callable

held_in_region: list[Callable[[], set[str]]] = []
"""Each locks what it looks at and returns the codes of the agencies that stay in their region, for example because
their advisers follow people of other agencies."""
