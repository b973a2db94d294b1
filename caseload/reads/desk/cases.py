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
    found: bool
    as_typed: bool
    needs: list[Need] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def need(self) -> Need | None:
        """The need that comes first; None if there is none."""
        return self.needs[0] if self.needs else None

    @property
    def other_needs(self) -> list[Need]:
        return self.needs[1:]

    @property
    def interview_to_conclude(self) -> bool:
        """Whether the standing interview is in the past; then it is not the next one."""
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
        "reply_due_at",
        "reply_planned_at",
        "callback_due_at",
        "next_interview_at",
        "next_interview_channel",
        "to_place_by",
        "obligation_due_on",
        "last_contact_at",
        "last_contact_channel",
    )
}
"""The paths from a person to what upper floors have written."""

PATHS = {
    name: f"jobseeker__{path}"
    for name, path in {
        "identifier": "identifier",
        "last_name": "last_name",
        "first_name": "first_name",
        **SUMMARISED,
    }.items()
}
"""The paths from a placement to the fields of a case, if the names differ."""

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
    """Return the people who are now in these portfolios, unordered, each with whether `words` find them.

    `without_contact_for`: days without a contact that count as a need; None: as each contact plan says. `overseen_by`:
    a manager. A portfolio of their region may hold people of another region, and the right depends on the person.
    """
    rows = Placement.objects.open().filter(portfolio__in=list(portfolios)).with_case().order_by()
    if overseen_by is not None:
        rows = rows.in_charge_of(overseen_by)
    matches: dict[str, Any] = {"found": Value(True), "as_typed": Value(True)}
    if words:
        typed = words_of(words)
        for name, forgiving in (("found", True), ("as_typed", False)):
            condition = named(typed, jobseeker="jobseeker__", forgiving=forgiving)
            matches[name] = ExpressionWrapper(condition, output_field=BooleanField())
    rows = rows.annotate(**matches)
    found = []
    for row in rows.values_list(*(PATHS.get(name, name) for name in FIELDS)):
        case = Case(**dict(zip(FIELDS, row, strict=True)))
        case.needs.extend(needs_of(case, now=now, zone=zone, without_contact_for=without_contact_for))
        found.append(case)
    return found


def situations_of(people: Iterable[int]) -> dict[int, Situation]:
    """Return the inputs of the needs of each of these people, by primary key, placed or not, in one statement.

    The list, the file and the report of a transfer read the same columns, so that they agree on every need.
    """
    rows = with_case(Jobseeker.objects.filter(pk__in=list(people))).order_by()
    found = rows.values_list("pk", *(SUMMARISED.get(name, name) for name in WAITED_FOR))
    return {pk: Situation(**dict(zip(WAITED_FOR, row, strict=True))) for pk, *row in found}


def with_need(cases: Iterable[Case], kind: NeedKind | None, *, overdue: date | None = None) -> list[Case]:
    """Keep the people who have a need of this kind (None: all). "Overdue" means a deadline before that day."""
    return [
        case
        for case in cases
        if (kind is None or any(need.kind == kind for need in case.needs))
        and (overdue is None or (case.to_place_by is not None and case.to_place_by < overdue))
    ]


def in_order(cases: Iterable[Case], order: CaseOrder, *, descending: bool = False) -> list[Case]:
    """Sort by one column. People without a value come last in both directions; ties are sorted by name.

    In a search, exact spellings come before similar ones.
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
