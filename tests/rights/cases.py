"""The cases of the rights test: who may do an act, and how it is done."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from accompaniment.models import (
    User,
)
from accompaniment.rules.errors import DomainError
from tests.rights.house import House

OWNER = {"owner"}
FOLLOWER = {"follower"}
ADVISERS = {"follower", "cover"}
FILE = ADVISERS | {"manager", "national"}
AGENCY = {"follower", "cover", "colleague"}
REGION = {"manager", "national"}
COUNTRY = {"national"}
TWO_PEOPLE = {"owner", "follower"}
READERS = {"owner", "follower", "cover", "former"}
EACH_ADVISER = {"follower", "cover", "colleague", "former", "stranger"}


def nothing(house: House) -> None:
    return None


@dataclass(frozen=True)
class Case:
    """An act and who may do it. `given` prepares it; `act` calls the service with the result of `given`."""

    allowed: Collection[str]
    act: Callable[[House, User, Any], Any]
    given: Callable[[House], Any] = nothing
    named: Collection[str] = ()
    """People who are refused in a result that names the reason, although the act is done for other people."""


A, C, M, V = "accompaniment.services", "caseload.services", "messaging.services", "visio.services"


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def done_for_each(outcomes: list[Any]) -> None:
    """Raise the reason of the first person for whom the act was not done."""
    for outcome in outcomes:
        if outcome.why_not:
            raise DomainError(outcome.why_not)
