"""What must be decided on upper floors before an adviser may be away, and what follows when a cover ends early.

`services.absences` asks each floor first, shows the questions, and lets each carry out the answers in its own
transaction: what raises there undoes the whole absence. Upper apps add theirs in `config/wiring.py`: visio asks what
becomes of each booked interview, messaging lets the open screens look their right up again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from accompaniment.rules.errors import DomainError

if TYPE_CHECKING:
    from accompaniment.models import Jobseeker, User
    from caseload.models import Adviser, Cover, Portfolio

RELAY = "relais"
MOVE = "deplacer"
CANCEL = "annuler"


class UndecidedError(DomainError):
    """Something falls on the days of the absence of which nobody has said what becomes of it."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence or "Décidez de ce que devient chaque entretien prévu pendant l'absence, puis enregistrez."
        )


@dataclass(frozen=True, kw_only=True)
class HandedOn:
    """Days of a cover on which the colleague who covers will be away, and who takes it over on these days."""

    cover: "Cover"
    starts_on: date
    ends_on: date
    others: tuple["Adviser", ...] = ()
    """Who covers the same portfolio on all these days already."""
    colleague: "Adviser | None" = None
    """Nobody where others cover, or where nobody could be found."""


@dataclass(frozen=True, kw_only=True)
class PlannedAbsence:
    """Days on which an adviser will be away, both included, and who answers for each portfolio."""

    adviser: "Adviser"
    starts_on: date
    ends_on: date
    colleagues: Mapping[int, Sequence["Adviser"]]
    """By the portfolio's primary key."""
    handed_on: Sequence[HandedOn] = ()
    """The adviser's own covers of these days."""

    def answering(self, portfolio: int | None, day: date) -> Sequence["Adviser"]:
        """Return who answers on `day` for a portfolio of the adviser, or for one that the adviser covers."""
        if portfolio is not None and portfolio in self.colleagues:
            return self.colleagues[portfolio]
        return [
            one
            for handed in self.handed_on
            if handed.cover.portfolio_id == portfolio and handed.starts_on <= day <= handed.ends_on
            for one in (*((handed.colleague,) if handed.colleague else ()), *handed.others)
        ]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One answer to a question."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that falls on the days of the absence, and what can become of it."""

    key: str
    """Names the fact, the same each time it is asked, for example `entretien-12`."""
    person: "Jobseeker"
    what: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What is to become of one thing. `message` goes to the person."""

    choice: str
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CoverChange:
    """Covers have begun to be, or are no more; portfolios by primary key."""

    adviser: "Adviser"
    portfolios: tuple["Portfolio", ...]
    colleagues: tuple["Adviser", ...]
    """Those who cover, and those who covered, before or after the change."""
    actor: "User"
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AbsenceFollower:
    """What a floor does about absences."""

    ask: Callable[[PlannedAbsence], list[Question]] = field(default=lambda planned: [])
    """Returns what has to be decided; changes nothing."""
    decide: Callable[[PlannedAbsence, Mapping[str, Decision], "User", datetime], list[str]] = field(
        default=lambda planned, decisions, actor, at: []
    )
    """Carries the decisions out once the absence and its covers stand, and says what it did in French sentences.

    Raises UndecidedError when something has no decision, DomainError when one cannot be carried out."""
    follow: Callable[[CoverChange], list[str]] = field(default=lambda change: [])
    """Follows a change of the covers, and says what it did."""
    concerns: Callable[[CoverChange], list[int]] = field(default=lambda change: [])
    """Returns the people, by primary key, for whom `follow` would change something that they were told of."""


on_absence: list[AbsenceFollower] = []
"""Called in the order in which the floors were added, people, portfolios and advisers being locked."""


def questions_about(planned: PlannedAbsence) -> list[Question]:
    """Return all that has to be decided before the adviser may be away."""
    return [question for follower in on_absence for question in follower.ask(planned)]
