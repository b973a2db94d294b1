"""What upper floors must settle before a staff account is closed.

`services.steering.staff` asks each floor first, and refuses as long as one names something. `config/wiring.py` fills
the list.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caseload.models import Adviser

before_departure: list[Callable[["Adviser"], list[str]]] = []
"""Each function returns sentences about what is left to settle, for example coming interviews."""
