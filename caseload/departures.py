"""What must be settled on upper floors before an account of the staff is closed, and what ends with it.

`services.staff` asks each floor first and refuses as long as one names something; once the account is closed, each
ends what is open. Upper apps add theirs in `AppConfig.ready`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accompaniment.models import User
    from caseload.models import Adviser

before_departure: list[Callable[["Adviser"], list[str]]] = []
"""Each names in sentences what is left to settle, for example interviews to come."""

on_departure: list[Callable[["User"], None]] = []
"""Called in the transaction that closes the account, for example to end open screens once it is committed."""
