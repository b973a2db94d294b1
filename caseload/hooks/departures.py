"""What must be settled on upper floors before an account of the staff is closed.

`services.staff` asks each floor first and refuses as long as one names something. Upper apps add theirs in
`config/wiring.py`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caseload.models import Adviser

before_departure: list[Callable[["Adviser"], list[str]]] = []
"""Each names in sentences what is left to settle, for example interviews to come."""
