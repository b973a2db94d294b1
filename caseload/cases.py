"""The people of a portfolio as a list shows them: one statement, whatever their number."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from accompaniment.enums import Channel, Tier, Track
from caseload.enums import CaseOrder, NeedKind
from caseload.models import Placement, Portfolio
from caseload.rules import Need, needs_of

LAST = float("inf")


@dataclass(frozen=True, slots=True)
class Case:
    """One person of a portfolio, and what is waited for."""

    jobseeker_id: int
    portfolio_id: int
    identifier: str
    last_name: str
    first_name: str
    tier: str
    track: str
    since: datetime
    validated_at: datetime | None
    last_contact_at: datetime | None
    last_contact_channel: str | None
    awaiting_reply_since: datetime | None
    callback_due_at: datetime | None
    next_interview_at: datetime | None
    next_interview_channel: str | None
    obligation_due_on: date | None
    needs: list[Need] = field(default_factory=list)

    @property
    def awaits_acceptance(self) -> bool:
        return self.validated_at is not None

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def search_text(self) -> str:
        return plain(f"{self.last_name} {self.first_name} {self.identifier}")

    @property
    def need(self) -> Need | None:
        """What is due first; None when nothing is waited for."""
        return self.needs[0] if self.needs else None

    @property
    def other_needs(self) -> list[Need]:
        return self.needs[1:]

    @property
    def track_label(self) -> str:
        return f"{Tier(self.tier).label}, {Track(self.track).label.lower()}"

    @property
    def last_contact_label(self) -> str:
        return Channel(self.last_contact_channel).label if self.last_contact_channel else ""

    @property
    def next_interview_label(self) -> str:
        return Channel(self.next_interview_channel).label if self.next_interview_channel else ""


COLUMNS = (
    "jobseeker_id",
    "portfolio_id",
    "jobseeker__identifier",
    "jobseeker__last_name",
    "jobseeker__first_name",
    "tier",
    "track",
    "since",
    "validated_at",
    "jobseeker__summary__last_contact_at",
    "jobseeker__summary__last_contact_channel",
    "jobseeker__summary__awaiting_reply_since",
    "jobseeker__summary__callback_due_at",
    "jobseeker__summary__next_interview_at",
    "jobseeker__summary__next_interview_channel",
    "jobseeker__summary__obligation_due_on",
)
"""In the order of `Case`'s fields."""


def cases_of(portfolios: Iterable[Portfolio], *, now: datetime, zone: ZoneInfo) -> list[Case]:
    """Return the people now in these portfolios, unordered."""
    rows = Placement.objects.open().filter(portfolio__in=list(portfolios)).with_case().order_by()
    cases = [Case(*row) for row in rows.values_list(*COLUMNS)]
    for case in cases:
        case.needs.extend(needs_of(case, now=now, zone=zone))
    return cases


def matching(cases: Iterable[Case], words: str) -> list[Case]:
    """Keep those of whom every word is in the name or the identifier; accents and case do not count."""
    wanted = plain(words).split()
    return [case for case in cases if all(word in case.search_text for word in wanted)]


def of_kind(cases: Iterable[Case], kind: NeedKind | None) -> list[Case]:
    """Keep those who wait for something of this kind; all for None."""
    return [case for case in cases if kind is None or any(need.kind == kind for need in case.needs)]


def in_order(cases: Iterable[Case], order: CaseOrder, *, descending: bool = False) -> list[Case]:
    """Sort by one column; where there is nothing to sort by comes last, whichever the direction; then by name."""
    by_name = sorted(cases, key=_name)
    if order == CaseOrder.NAME:
        return by_name[::-1] if descending else by_name
    value = SORT_VALUES[order]
    filled = [case for case in by_name if value(case) is not None]
    empty = [case for case in by_name if value(case) is None]
    return [*sorted(filled, key=value, reverse=descending), *empty]


def plain(text: str) -> str:
    """Return the text without accents and case, as a French directory compares names."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def _name(case: Case) -> tuple[str, str, int]:
    return plain(case.last_name), plain(case.first_name), case.jobseeker_id


def _need(case: Case) -> float | None:
    if case.need is None:
        return None
    return case.need.due_at.timestamp() if case.need.due_at else LAST


SORT_VALUES: dict[CaseOrder, Callable[[Case], Any]] = {
    CaseOrder.NEED: _need,
    CaseOrder.SINCE: lambda case: case.since,
    CaseOrder.LAST_CONTACT: lambda case: case.last_contact_at,
    CaseOrder.NEXT_INTERVIEW: lambda case: case.next_interview_at,
    CaseOrder.OBLIGATION: lambda case: case.obligation_due_on,
}
