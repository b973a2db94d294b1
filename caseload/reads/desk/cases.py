"""The people of a portfolio as a list shows them: one statement, whatever their number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, ExpressionWrapper, Value

from accompaniment.enums import Channel, Tier, Track
from accompaniment.models import Jobseeker, User
from accompaniment.models.search import named, words_of
from accompaniment.rules.spelling import plain
from caseload.enums import CaseOrder, NeedKind
from caseload.models import Placement, Portfolio
from caseload.models.portfolios import with_case
from caseload.rules.portfolio import Need, Situation, needs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Situation):
    """One person of a portfolio, and what is waited for."""

    jobseeker_id: int
    portfolio_id: int
    identifier: str
    last_name: str
    first_name: str
    tier: str
    track: str
    last_contact_channel: str | None
    next_interview_channel: str | None
    obligation_due_on: date | None
    as_typed: bool
    needs: list[Need] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def need(self) -> Need | None:
        """What comes first; None when nothing is waited for."""
        return self.needs[0] if self.needs else None

    @property
    def other_needs(self) -> list[Need]:
        return self.needs[1:]

    @property
    def interview_to_conclude(self) -> bool:
        """Whether the interview that stands is past: it is not the next one."""
        return any(need.says_to_conclude for need in self.needs)

    @property
    def track_label(self) -> str:
        return f"{Tier(self.tier).label}, {Track(self.track).label.lower()}"

    @property
    def last_contact_label(self) -> str:
        return Channel(self.last_contact_channel).label if self.last_contact_channel else ""

    @property
    def next_interview_label(self) -> str:
        return Channel(self.next_interview_channel).label if self.next_interview_channel else ""


SUMMARISED = {
    name: f"summary__{name}"
    for name in (
        "awaiting_reply_since",
        "callback_due_at",
        "next_interview_at",
        "next_interview_channel",
        "to_place_by",
        "obligation_due_on",
        "last_contact_at",
        "last_contact_channel",
    )
}
"""Where what the upper floors have told is found from a person."""

PATHS = {
    name: f"jobseeker__{path}"
    for name, path in {
        "identifier": "identifier",
        "last_name": "last_name",
        "first_name": "first_name",
        **SUMMARISED,
    }.items()
}
"""Where the fields of a case are found from a placement, when not under their own name."""

FIELDS = tuple(each.name for each in fields(Case) if each.name != "needs")
WAITED_FOR = tuple(each.name for each in fields(Situation))


def cases_of(
    portfolios: Iterable[Portfolio],
    *,
    now: datetime,
    zone: ZoneInfo,
    words: str = "",
    without_contact_for: int | None = None,
    overseen_by: User | None = None,
) -> list[Case]:
    """Return the people now in these portfolios, those whom `words` name, unordered.

    `without_contact_for` days count as such a need; None: each one's own contact plan decides. `overseen_by`: a
    manager, for whom a portfolio of the region may hold somebody of another; the right belongs to the person.
    """
    rows = Placement.objects.open().filter(portfolio__in=list(portfolios)).with_case().order_by()
    if overseen_by is not None:
        rows = rows.in_charge_of(overseen_by)
    as_typed: Any = Value(True)
    if words:
        typed = words_of(words)
        rows = rows.filter(named(typed, jobseeker="jobseeker__"))
        exact = named(typed, jobseeker="jobseeker__", forgiving=False)
        as_typed = ExpressionWrapper(exact, output_field=BooleanField())
    rows = rows.annotate(as_typed=as_typed)
    found = []
    for row in rows.values_list(*(PATHS.get(name, name) for name in FIELDS)):
        case = Case(**dict(zip(FIELDS, row, strict=True)))
        case.needs.extend(needs_of(case, now=now, zone=zone, without_contact_for=without_contact_for))
        found.append(case)
    return found


def situations_of(people: Iterable[int]) -> dict[int, Situation]:
    """Return what each of these people's needs are read from, by their key, placed or not: one statement.

    The list, the file and the report of a transfer read the same columns, so that they never differ on a need.
    """
    rows = with_case(Jobseeker.objects.filter(pk__in=list(people))).order_by()
    found = rows.values_list("pk", *(SUMMARISED.get(name, name) for name in WAITED_FOR))
    return {pk: Situation(**dict(zip(WAITED_FOR, row, strict=True))) for pk, *row in found}


def with_need(cases: Iterable[Case], kind: NeedKind | None, *, overdue: date | None = None) -> list[Case]:
    """Keep those who wait for something of this kind; all for None. Overdue: whose deadline lies before that day."""
    return [
        case
        for case in cases
        if (kind is None or any(need.kind == kind for need in case.needs))
        and (overdue is None or (case.to_place_by is not None and case.to_place_by < overdue))
    ]


def in_order(cases: Iterable[Case], order: CaseOrder, *, descending: bool = False) -> list[Case]:
    """Sort by one column; where there is nothing to sort by comes last, whichever the direction; then by name.

    Of those whom a search found, the ones that are spelt as typed stand before the ones that only resemble it.
    """
    by_name = sorted(cases, key=_name)
    if order == CaseOrder.NAME:
        ordered = by_name[::-1] if descending else by_name
    else:
        value = SORT_VALUES[order]
        filled = [case for case in by_name if value(case) is not None]
        empty = [case for case in by_name if value(case) is None]
        ordered = [*sorted(filled, key=value, reverse=descending), *empty]
    return sorted(ordered, key=lambda case: not case.as_typed)


def _name(case: Case) -> tuple[str, str, int]:
    return plain(case.last_name), plain(case.first_name), case.jobseeker_id


SORT_VALUES: dict[CaseOrder, Callable[[Case], Any]] = {
    CaseOrder.NEED: lambda case: case.need.rank if case.need else None,
    CaseOrder.SINCE: lambda case: case.since,
    CaseOrder.LAST_CONTACT: lambda case: case.last_contact_at,
    CaseOrder.NEXT_INTERVIEW: lambda case: case.next_interview_at,
    CaseOrder.OBLIGATION: lambda case: case.obligation_due_on,
    CaseOrder.REVIEW: lambda case: case.plan_review_on,
}
