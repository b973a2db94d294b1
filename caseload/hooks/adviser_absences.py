"""Decisions of upper floors that are needed before an adviser may be away, and what follows when a cover changes.

`services.moves.absences` asks each floor for its questions and shows them. Each floor carries out its answers in the
same transaction, and an exception undoes the whole absence. `config/wiring.py` fills the list: visio asks about each
booked interview, messaging makes open screens check their right again.
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
    """A booking falls on a day of the absence, and nobody has decided about it."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            sentence or "Décidez de ce que devient chaque entretien prévu pendant l'absence, puis enregistrez."
        )


@dataclass(frozen=True, kw_only=True)
class HandedOn:
    """Days of a cover on which the covering colleague is away too, and the colleague who takes over."""

    cover: "Cover"
    starts_on: date
    ends_on: date
    others: tuple["Adviser", ...] = ()
    """Who already covers the same portfolio on all these days."""
    colleague: "Adviser | None" = None
    """None if others cover already, or if nobody could be found."""


@dataclass(frozen=True, kw_only=True)
class PlannedAbsence:
    """The days on which an adviser will be away, both included, and the covering colleagues of each portfolio."""

    adviser: "Adviser"
    starts_on: date
    ends_on: date
    colleagues: Mapping[int, Sequence["Adviser"]]
    """By the portfolio's primary key."""
    handed_on: Sequence[HandedOn] = ()
    """The covers that the absent adviser holds on these days."""

    def answering(self, portfolio: int | None, day: date) -> Sequence["Adviser"]:
        """Return who answers on `day` for a portfolio that the adviser owns or covers."""
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
    """Something that falls on a day of the absence, and the possible answers."""

    key: str
    """Identifies the fact across several questions, for example `entretien-12`."""
    person: "Jobseeker"
    what: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The decision about one booking. `message` goes to the person."""

    choice: str
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class CoverChange:
    """Covers have begun or ended. Portfolios are given by primary key."""

    adviser: "Adviser"
    portfolios: tuple["Portfolio", ...]
    colleagues: tuple["Adviser", ...]
    """The colleagues who cover now, and those who covered before the change."""
    actor: "User"
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AbsenceFollower:
    """What a floor does about absences."""

    ask: Callable[[PlannedAbsence], list[Question]] = field(default=lambda planned: [])
    """Returns the questions to decide; changes nothing."""
    decide: Callable[[PlannedAbsence, Mapping[str, Decision], "User", datetime], list[str]] = field(
        default=lambda planned, decisions, actor, at: []
    )
    """Carries out the decisions once the absence and its covers exist, and reports in French sentences.

    Raises UndecidedError if a decision is missing, DomainError if one cannot be carried out.
    """
    follow: Callable[[CoverChange], list[str]] = field(default=lambda change: [])
    """Follows a change of covers, and reports in French sentences."""
    concerns: Callable[[CoverChange], list[int]] = field(default=lambda change: [])
    """Returns the primary keys of the people for whom `follow` would change something that they have been told."""


on_absence: list[AbsenceFollower] = []
"""Called lowest floor first, with people, portfolios and advisers locked."""


def questions_about(planned: PlannedAbsence) -> list[Question]:
    """Return everything that must be decided before the adviser may be away."""
    return [question for follower in on_absence for question in follower.ask(planned)]
