"""What must move along on upper floors when a person changes adviser.

`services.transfers` calls each function in the transaction of that one person's move, after the placement has
changed; what raises there undoes the move. Upper apps add theirs in `config/wiring.py`: messaging closes the former
adviser's open screens on the conversation, visio gives the coming interviews to the new adviser.

Obligations and call-backs belong to the person, not to an adviser: they need no function, and their clocks run on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from caseload.enums import CarriedAlong

if TYPE_CHECKING:
    from accompaniment.models import Jobseeker, User
    from caseload.models import Adviser


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A person who has just been given to another adviser."""

    jobseeker: "Jobseeker"
    source: "Adviser"
    target: "Adviser"
    actor: "User | None"
    at: datetime


@dataclass(frozen=True)
class Along:
    """One thing that has moved along, or is left to do; an interview with the hour at which it begins."""

    what: CarriedAlong
    at: datetime | None = None

    def stored(self) -> dict[str, str]:
        """Return it as JSON can hold it."""
        return {"what": self.what, **({"at": self.at.isoformat()} if self.at else {})}


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What one floor has moved along."""

    report: list[Along] = field(default_factory=list)
    """For whoever decided the transfer and whoever receives the person."""
    person: list[str] = field(default_factory=list)
    """French sentences for the person, in the e-mail that names the new adviser."""


FollowHandover = Callable[[Handover], Carried]

on_handover: list[FollowHandover] = []
"""Called in the order in which the floors were added, the person and both portfolios being locked."""


def carry_along(handover: Handover) -> Carried:
    """Let every floor follow, and return what all of them have to say."""
    said = [follow(handover) for follow in on_handover]
    return Carried(
        report=[along for carried in said for along in carried.report],
        person=[sentence for carried in said for sentence in carried.person],
    )
