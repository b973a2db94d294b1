"""One person's file as staff read it: the adviser and since when, the plan in a sentence, current tasks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from accompaniment.enums import EnrolmentState, NoticeChannel
from accompaniment.models import (
    Accompaniment,
    Consent,
    ContactPlan,
    DeadAddress,
    Document,
    Enrolment,
    Jobseeker,
    Objective,
    User,
)
from accompaniment.reads.action_plan import objectives_of
from accompaniment.reads.zones import reader_zone
from accompaniment.rules.presentation import contact_plan_in_words, phone_in_words
from caseload.enums import NeedKind
from caseload.models import Cover, Placement, ReadingRight, Transfer
from caseload.reads.desk.cases import situations_of
from caseload.rules.portfolio import Need, needs_of


@dataclass(frozen=True, slots=True)
class PersonFile:
    """What the page of a person shows of the two lower floors."""

    person: Jobseeker
    reader: User
    now: datetime
    current: Accompaniment
    enrolment: Enrolment | None
    consent: Consent | None
    """The acceptance in force, of any version of the text."""
    placement: Placement | None
    covers: list[Cover]
    plan: ContactPlan | None
    needs: list[Need]
    """The person's needs, as in the portfolio list."""
    history: list[Accompaniment]
    """Every period of tier and track, the current one first."""
    placements: list[Placement]
    """The advisers who followed the person, the newest first."""
    objectives: list[Objective]
    documents: list[Document]
    registration: Enrolment | None
    """The last enrolment decided at a registration interview, with that interview."""
    planned: Transfer | None
    """The transfer planned for a coming day."""
    no_email_since: datetime | None
    """Since when nobody is reached at the e-mail address of the file."""
    no_sms_since: datetime | None
    """Since when no SMS arrives at the number of the file."""
    reading_until: datetime | None
    """The end of a former adviser's right to read; None for everybody who may act."""

    @property
    def zone(self) -> ZoneInfo:
        return self.person.agency.zone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def read_by_its_adviser(self) -> bool:
        return self.placement is not None and self.placement.portfolio.adviser.user_id == self.reader.pk

    @property
    def followed_by_reader(self) -> bool:
        """Whether the reader answers for the person now, as adviser or as covering colleague."""
        return self.read_by_its_adviser or any(cover.colleague.user_id == self.reader.pk for cover in self.covers)

    @property
    def shows_conversation(self) -> bool:
        return self.followed_by_reader or self.reading_until is not None

    @property
    def may_transfer(self) -> bool:
        return self.placement is not None and (self.read_by_its_adviser or self.reader.is_manager)

    @property
    def may_change(self) -> bool:
        """Whether the reader may change how the person is followed; a former adviser may only read."""
        return self.reading_until is None

    @property
    def may_write(self) -> bool:
        """Whether the reader may add to the file: notes, action plan, documents."""
        return self.followed_by_reader

    @property
    def awaits_acceptance(self) -> bool:
        return self.enrolment is not None and self.enrolment.state == EnrolmentState.VALIDATED

    @property
    def tasks(self) -> list[tuple[Need, str]]:
        """The person's needs, each with the address of the page for it; empty for a reader who may not act."""
        return [(need, self._address_of(need.kind) if self.followed_by_reader else "") for need in self.needs]

    def _address_of(self, kind: NeedKind) -> str:
        match kind:
            case NeedKind.REPLY | NeedKind.NO_CONTACT:
                return reverse("conversation_with", args=[self.person.pk])
            case NeedKind.CALLBACK:
                return f"{reverse('callbacks')}#rappel-{self.person.pk}"
            case NeedKind.PLAN:
                return reverse("person_plan", args=[self.person.pk])
            case NeedKind.INTERVIEW | NeedKind.OBLIGATION:
                return "#panneau-entretiens"
            case NeedKind.ON_SITE:
                return reverse("on_site_requests")
            case NeedKind.ACCEPTANCE:
                return ""

    @property
    def preference(self) -> str:
        """How and when the person prefers to be contacted; empty if they did not say."""
        said = (self.person.get_preferred_channel_display(), self.person.get_preferred_hours_display())
        return ", ".join(filter(None, said)).capitalize()

    @property
    def phone(self) -> str:
        """The telephone number as it is written for people; empty if there is none."""
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
    """Return a person's file, with a fixed number of statements."""
    periods = list(
        Accompaniment.objects.filter(jobseeker=person)
        .select_related("decided_by")
        # In this statement, because the page has many.
        .annotate(
            no_email=DeadAddress.objects.since(NoticeChannel.EMAIL, person.email or ""),
            no_sms=DeadAddress.objects.since(NoticeChannel.SMS, person.phone),
        )
        .order_by("started_at")
    )
    current: Any = periods[-1]
    placements = list(
        Placement.objects.filter(jobseeker=person)
        .select_related("portfolio__adviser__user", "decided_by")
        .order_by("-started_at", "-pk")
    )
    placement = next((one for one in placements if one.ended_at is None), None)
    covers = _covers(placement, now)
    enrolments = list(Enrolment.objects.open_or_decided(person))
    return PersonFile(
        person=person,
        reader=reader,
        now=now,
        current=current,
        enrolment=next((one for one in enrolments if one.closed_at is None), None),
        consent=Consent.objects.standing().filter(jobseeker=person).select_related("text").first(),
        placement=placement,
        covers=covers,
        plan=ContactPlan.objects.current().filter(jobseeker=person).first(),
        needs=needs_of(situations_of([person.pk])[person.pk], now=now, zone=reader_zone()),
        history=periods[::-1],
        placements=placements,
        objectives=objectives_of(person, open_only=True),
        documents=list(Document.objects.filter(jobseeker=person, removed_at=None)),
        registration=next((one for one in enrolments if one.interview and one.interview.concluded_at), None),
        planned=Transfer.objects.planned()
        .filter(jobseeker=person)
        .select_related("batch", "target__adviser__user")
        .first(),
        no_email_since=current.no_email,
        no_sms_since=current.no_sms,
        reading_until=_reading_until(person, reader, placement, covers, now),
    )


def _reading_until(
    person: Jobseeker, reader: User, placement: Placement | None, covers: Iterable[Cover], now: datetime
) -> datetime | None:
    following = {placement.portfolio.adviser.user_id} if placement else set()
    following |= {cover.colleague.user_id for cover in covers}
    if not reader.is_adviser or reader.pk in following:
        return None
    rights = ReadingRight.objects.standing(now).filter(jobseeker=person, adviser__user=reader)
    return rights.order_by("-ends_at").values_list("ends_at", flat=True).first()


def _covers(placement: Placement | None, now: datetime) -> list[Cover]:
    if placement is None:
        return []
    return list(
        Cover.objects.running_at(now)
        .answering()
        .filter(portfolio=placement.portfolio_id)
        .select_related("colleague__user")
    )
