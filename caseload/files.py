"""One person's file as staff read it: who follows since when, the plan in a sentence, the timeline by month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from accompaniment.enums import EnrolmentState
from accompaniment.models import Accompaniment, Contact, ContactPlan, Enrolment, Jobseeker, User
from accompaniment.presentation import MONTHS, contact_plan_in_words, phone_in_words
from caseload.models import CaseSummary, Cover, Placement
from caseload.rules import Need, needs_of

TIMELINE_CONTACTS = 200


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened: a contact, or the beginning of a period."""

    at: datetime
    contact: Contact | None
    period: Accompaniment | None


@dataclass(frozen=True, slots=True)
class TimelineMonth:
    label: str
    lines: list[TimelineLine]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The columns of a summary with what the enrolment adds, as the rule on needs reads them."""

    summary: CaseSummary
    awaits_acceptance: bool

    @property
    def awaiting_reply_since(self) -> datetime | None:
        return self.summary.awaiting_reply_since

    @property
    def callback_due_at(self) -> datetime | None:
        return self.summary.callback_due_at

    @property
    def next_interview_at(self) -> datetime | None:
        return self.summary.next_interview_at

    @property
    def obligation_due_on(self) -> date | None:
        return self.summary.obligation_due_on


@dataclass(frozen=True, slots=True)
class PersonFile:
    """What the page of a person shows of the two lower floors."""

    person: Jobseeker
    reader: User
    now: datetime
    current: Accompaniment
    enrolment: Enrolment | None
    placement: Placement | None
    covers: list[Cover]
    plan: ContactPlan | None
    summary: CaseSummary
    months: list[TimelineMonth]

    @property
    def zone(self) -> ZoneInfo:
        return self.person.agency.zone

    @property
    def read_by_its_adviser(self) -> bool:
        return self.placement is not None and self.placement.portfolio.adviser.user_id == self.reader.pk

    @property
    def followed_by_reader(self) -> bool:
        """Whether the reader answers for the person now: as the adviser, or as the colleague who covers."""
        return self.read_by_its_adviser or any(cover.colleague.user_id == self.reader.pk for cover in self.covers)

    @property
    def awaits_acceptance(self) -> bool:
        return self.enrolment is not None and self.enrolment.state == EnrolmentState.VALIDATED

    @property
    def accepted_at(self) -> datetime | None:
        if self.enrolment is None or self.enrolment.consent is None:
            return None
        return self.enrolment.consent.accepted_at

    @property
    def needs(self) -> list[Need]:
        return needs_of(_Waiting(self.summary, self.awaits_acceptance), now=self.now, zone=self.zone)

    @property
    def phone(self) -> str:
        """The telephone number as people write it; empty where there is none."""
        return phone_in_words(self.person.phone) if self.person.phone else ""

    @property
    def plan_sentence(self) -> str:
        if self.plan is None:
            return ""
        sentence = contact_plan_in_words(
            nature=self.plan.nature,
            channel=self.plan.channel,
            interval_days=self.plan.interval_days,
            review_on=self.plan.review_on,
            today=self.now.astimezone(self.zone).date(),
        )
        return f"{sentence}."


def file_of(person: Jobseeker, *, reader: User, now: datetime) -> PersonFile:
    """Return a person's file; a fixed number of statements."""
    zone = person.agency.zone
    periods = list(Accompaniment.objects.filter(jobseeker=person).select_related("decided_by").order_by("started_at"))
    contacts = list(Contact.objects.filter(jobseeker=person).select_related("author")[:TIMELINE_CONTACTS])
    placement = Placement.objects.open().filter(jobseeker=person).select_related("portfolio__adviser__user").first()
    return PersonFile(
        person=person,
        reader=reader,
        now=now,
        current=periods[-1],
        enrolment=Enrolment.objects.open().filter(jobseeker=person).select_related("consent__text").first(),
        placement=placement,
        covers=_covers(placement, now.astimezone(zone).date()),
        plan=ContactPlan.objects.current().filter(jobseeker=person).first(),
        summary=CaseSummary.objects.filter(jobseeker=person).first() or CaseSummary(jobseeker=person),
        months=_by_month(_lines(contacts, periods), zone),
    )


def _covers(placement: Placement | None, day: date) -> list[Cover]:
    if placement is None:
        return []
    return list(
        Cover.objects.running_on(day).filter(portfolio=placement.portfolio_id).select_related("colleague__user")
    )


def _lines(contacts: Iterable[Contact], periods: Iterable[Accompaniment]) -> list[TimelineLine]:
    lines = [TimelineLine(contact.at, contact, None) for contact in contacts]
    lines += [TimelineLine(period.started_at, None, period) for period in periods]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _by_month(lines: Iterable[TimelineLine], zone: ZoneInfo) -> list[TimelineMonth]:
    def month(line: TimelineLine) -> tuple[int, int]:
        local = line.at.astimezone(zone)
        return local.year, local.month

    return [
        TimelineMonth(f"{MONTHS[number - 1].capitalize()} {year}", list(group))
        for (year, number), group in groupby(lines, key=month)
    ]
