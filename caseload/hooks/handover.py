"""What upper floors move along when a person changes adviser.

`services.moves.carrying_out` calls each function in the transaction of this person's move, after the placement has
changed. An exception undoes the move. `config/wiring.py` fills the list: messaging closes the former adviser's open
screens on the conversation, visio gives the coming interviews to the new adviser. Obligations and call-backs belong to
the person and not to an adviser: they need no function, and their clocks run on.
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
    """A person who has just changed adviser."""

    jobseeker: "Jobseeker"
    source: "Adviser"
    target: "Adviser"
    actor: "User | None"
    at: datetime


@dataclass(frozen=True)
class Along:
    """One thing that moved along or is left to do. An interview comes with its hour."""

    what: CarriedAlong
    at: datetime | None = None

    def stored(self) -> dict[str, str]:
        """Return a value that JSON can store."""
        return {"what": self.what, **({"at": self.at.isoformat()} if self.at else {})}


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What one floor has moved along."""

    report: list[Along] = field(default_factory=list)
    """For the person who decided the transfer and for the receiving adviser."""
    person: list[str] = field(default_factory=list)
    """French sentences for the person, in the e-mail that names the new adviser."""


FollowHandover = Callable[[Handover], Carried]

on_handover: list[FollowHandover] = []
"""Called lowest floor first, with the person and both portfolios locked."""


def carry_along(handover: Handover) -> Carried:
    """Call every floor, and return what all of them report."""
    said = [follow(handover) for follow in on_handover]
    return Carried(
        report=[along for carried in said for along in carried.report],
        person=[sentence for carried in said for sentence in carried.person],
    )
