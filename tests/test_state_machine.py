"""Invariants 1 to 8 by property: whatever is done in whatever order, the house is as it would be on paper.

Each rule works out beforehand, on a small model in memory, whether the act goes through and what it leaves; then the
real service does it in a real transaction. After every step the database must say the same, no invariant may be
broken, and no line of any history may be gone or different.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accompaniment.enums import EnrolmentState, Modality, RefusalReason, Tier, Track
from accompaniment.errors import DomainError
from accompaniment.invariants import checks
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    ConsentText,
    ContactPlan,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    OnSiteRequest,
    RegistrationInterview,
)
from accompaniment.rules import modality_of
from accompaniment.services import enrolments, onsite
from caseload.enums import TransferState
from caseload.models import Cover, Manager, Placement, Portfolio
from caseload.services.capacities import set_capacity
from caseload.services.enrolments import refuse_at_interview, validate_at_interview
from caseload.services.placements import place
from caseload.services.transfers import transfer_people
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, consent_text_in_force, plan_defaults
from tests.caseload.factories import CapacityFactory, CoverFactory, ManagerFactory, PortfolioFactory, findings

EXAMPLES = 8
STEPS = 30
PEOPLE = 4
CAP = 2

OPEN = (EnrolmentState.ASKED, EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)


@dataclass
class Person:
    """What the paper says of one person."""

    row: Jobseeker
    tier: Tier = Tier.GUIDE
    track: Track = Track.CLASSIC
    enrolment: EnrolmentState | None = None
    accepted: int | None = None
    """The version of the text whose acceptance stands."""
    portfolio: int | None = None
    periods: int = 1

    @property
    def expected_modality(self) -> Modality:
        """The modality of the portfolios in which the person may be now."""
        if self.enrolment in {EnrolmentState.VALIDATED, EnrolmentState.ACTIVE}:
            return Modality.GUIDE_WEB
        return modality_of(self.tier, self.track)

    def goes_to(self, tier: Tier, track: Track) -> None:
        self.tier, self.track, self.periods = tier, track, self.periods + 1


@dataclass
class Shelf:
    """What the paper says of one portfolio."""

    row: Portfolio
    modality: Modality
    capacity: int = CAP


@dataclass
class Paper:
    people: list[Person] = field(default_factory=list)
    shelves: dict[int, Shelf] = field(default_factory=dict)
    version: int = 1

    def occupied(self, portfolio: int) -> int:
        return sum(person.portfolio == portfolio for person in self.people)

    def has_room(self, portfolio: int) -> bool:
        return self.occupied(portfolio) < self.shelves[portfolio].capacity

    def of(self, modality: Modality) -> list[int]:
        return [pk for pk, shelf in self.shelves.items() if shelf.modality == modality]


def histories() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the histories that are only appended to, in order."""
    return {
        "audit": list(AuditEntry.objects.order_by("pk").values_list("pk", "at", "actor", "jobseeker", "action")),
        "events": list(EnrolmentEvent.objects.order_by("pk").values_list("pk", "at", "from_state", "to_state")),
        "periods": list(Accompaniment.objects.order_by("pk").values_list("pk", "tier", "track", "started_at")),
        "placements": list(Placement.objects.order_by("pk").values_list("pk", "portfolio", "jobseeker", "started_at")),
    }


def written_of(person: Jobseeker) -> list[list[tuple[Any, ...]]]:
    """Return all that the acts below can have written into a person's file."""
    return [
        list(model.objects.filter(jobseeker=person).order_by("pk").values_list())
        for model in (Accompaniment, Enrolment, Consent, Placement, ContactPlan, OnSiteRequest, RegistrationInterview)
    ]


people = st.integers(0, PEOPLE - 1)
tiers = st.sampled_from(list(Tier))


class House(RuleBasedStateMachine):
    """One agency with two web portfolios, two guidé ones and one of each other tier, all of them small."""

    paper: Paper
    manager: Manager
    past: dict[str, list[tuple[Any, ...]]]
    files: dict[int, tuple[list[list[tuple[Any, ...]]], int]]

    @initialize()
    def open_the_house(self) -> None:
        """A house of its own for each example, in the same database: what stood before must stay as it is, too."""
        plan_defaults()
        text = ConsentText.objects.order_by("-version").first() or consent_text_in_force()
        agency = AgencyFactory()
        self.manager = ManagerFactory()
        self.paper = Paper(version=text.version)
        for modality in Modality:
            CapacityFactory(modality=modality, agency=agency, value=CAP, reason="Petite", set_by=self.manager.user)
        for modality in (*Modality, Modality.GUIDE_WEB, Modality.GUIDE):
            row = PortfolioFactory(agency=agency, modality=modality, capacity=CAP)
            self.paper.shelves[row.pk] = Shelf(row, modality)
        self.paper.people = [Person(JobseekerFactory(agency=agency, with_account=True)) for _ in range(PEOPLE)]
        self.agency = agency
        self.past = histories()
        self.files = {}

    def attempt(self, allowed: bool, act: Callable[[], Any]) -> None:
        """Do it; it must go through if the paper says so, and otherwise be refused with a sentence."""
        if allowed:
            act()
            return
        with pytest.raises(DomainError) as refusal:
            act()
        assert refusal.value.sentence.endswith((".", "!"))

    def settle(self, person: Person) -> None:
        """Read where a person went who had to leave a portfolio: anywhere that fits and has room, else nowhere."""
        modality = person.expected_modality
        person.portfolio = None
        options = [pk for pk in self.paper.of(modality) if self.paper.has_room(pk)]
        found = Placement.objects.open().filter(jobseeker=person.row).values_list("portfolio", flat=True).first()
        assert (found in options) if options else found is None
        person.portfolio = found

    @rule(who=people)
    def ask(self, who: int) -> None:
        person = self.paper.people[who]
        allowed = person.enrolment is None and person.tier == Tier.GUIDE
        self.attempt(allowed, lambda: enrolments.ask_enrolment(actor=person.row.user, jobseeker=person.row))
        if allowed:
            person.enrolment = EnrolmentState.ASKED

    @rule(who=people, shelf=st.integers(0, 5))
    def validate(self, who: int, shelf: int) -> None:
        person = self.paper.people[who]
        target = list(self.paper.shelves.values())[shelf]
        enrolment = Enrolment.objects.filter(jobseeker=person.row).order_by("-pk").first()
        if enrolment is None:
            return
        actor = target.row.adviser.user
        interview = enrolments.open_registration_interview(actor=actor, jobseeker=person.row)
        allowed = (
            person.enrolment == EnrolmentState.ASKED
            and target.modality == Modality.GUIDE_WEB
            and self.paper.has_room(target.row.pk)
        )
        self.attempt(
            allowed,
            lambda: validate_at_interview(
                actor=actor, enrolment=enrolment, interview=interview, findings=findings(), portfolio=target.row
            ),
        )
        if not allowed:
            return
        if person.tier != Tier.GUIDE:
            person.goes_to(Tier.GUIDE, Track.CLASSIC)
        person.portfolio = target.row.pk
        person.enrolment = EnrolmentState.VALIDATED
        self.start_if_ready(person)

    @rule(who=people, tier=tiers)
    def refuse(self, who: int, tier: Tier) -> None:
        person = self.paper.people[who]
        enrolment = Enrolment.objects.filter(jobseeker=person.row).order_by("-pk").first()
        if enrolment is None or person.enrolment != EnrolmentState.ASKED:
            return
        actor = next(iter(self.paper.shelves.values())).row.adviser.user
        interview = enrolments.open_registration_interview(actor=actor, jobseeker=person.row)
        refuse_at_interview(
            actor=actor,
            enrolment=enrolment,
            interview=interview,
            findings=findings(tier=tier),
            reason=RefusalReason.EQUIPMENT,
            comment="",
        )
        person.enrolment, person.accepted = None, None
        self.tier_is(person, tier)

    @rule(who=people)
    def accept(self, who: int) -> None:
        person = self.paper.people[who]
        text = ConsentText.objects.latest()
        allowed = person.enrolment in OPEN
        self.attempt(allowed, lambda: enrolments.accept_terms(actor=person.row.user, jobseeker=person.row, text=text))
        if allowed:
            person.accepted = text.version
            self.start_if_ready(person)

    @rule(who=people)
    def leave(self, who: int) -> None:
        """Never refused (invariant 4)."""
        person = self.paper.people[who]
        enrolments.leave_track(actor=person.row.user, jobseeker=person.row)
        was = person.enrolment
        person.enrolment = None
        if was is None:
            return
        person.accepted = None
        if was == EnrolmentState.ACTIVE:
            person.goes_to(Tier.GUIDE, Track.CLASSIC)
        if was != EnrolmentState.ASKED:
            self.settle(person)

    @rule(who=people, tier=tiers)
    def change_tier(self, who: int, tier: Tier) -> None:
        person = self.paper.people[who]
        actor = next(iter(self.paper.shelves.values())).row.adviser.user
        enrolments.change_tier(actor=actor, jobseeker=person.row, tier=tier, reason="Situation changée")
        self.tier_is(person, tier)

    @rule(who=people)
    def ask_on_site(self, who: int) -> None:
        """Never refused (invariant 8), and never twice open."""
        person = self.paper.people[who]
        onsite.ask_on_site(actor=person.row.user, jobseeker=person.row)
        assert OnSiteRequest.objects.open().filter(jobseeker=person.row).count() == 1

    @rule(who=people, shelf=st.integers(0, 5))
    def place_by_hand(self, who: int, shelf: int) -> None:
        person = self.paper.people[who]
        target = list(self.paper.shelves.values())[shelf]
        if target.modality != person.expected_modality:
            return
        allowed = person.portfolio is None and self.paper.has_room(target.row.pk)

        def act() -> None:
            with transaction.atomic():
                place(actor=self.manager.user, jobseeker=person.row, portfolio=target.row)

        self.attempt(allowed, act)
        if allowed:
            person.portfolio = target.row.pk

    @rule(modality=st.sampled_from(list(Modality)), value=st.integers(0, CAP + 1))
    def another_cap(self, modality: Modality, value: int) -> None:
        allowed = all(self.paper.occupied(pk) <= value for pk in self.paper.of(modality))
        self.attempt(
            allowed,
            lambda: set_capacity(
                actor=self.manager.user,
                modality=modality,
                agency=self.agency,
                value=value,
                starts_on=timezone.now().astimezone(self.agency.zone).date(),
                reason="Effectif",
            ),
        )
        if allowed:
            for pk in self.paper.of(modality):
                self.paper.shelves[pk].capacity = value

    @rule(shelf=st.integers(0, 5))
    def cover(self, shelf: int) -> None:
        """A cover changes no count: it is not held against the cap (invariant 6)."""
        portfolio = list(self.paper.shelves.values())[shelf].row
        if not Cover.objects.filter(portfolio=portfolio).exists():
            CoverFactory(portfolio=portfolio)

    @rule(chosen=st.sets(people, min_size=1), shelf=st.integers(0, 5))
    def transfer(self, chosen: set[int], shelf: int) -> None:
        """As many of those who fit go as there are places; the others stay where they are and are named."""
        target = list(self.paper.shelves.values())[shelf]
        moving = [self.paper.people[who] for who in sorted(chosen) if self.paper.people[who].portfolio is not None]
        if not moving:
            return
        fit = [one for one in moving if one.expected_modality == target.modality and one.portfolio != target.row.pk]
        places = min(len(fit), target.capacity - self.paper.occupied(target.row.pk))
        seen = list(Placement.objects.open().filter(jobseeker__in=[person.row for person in moving]))
        try:
            batch = transfer_people(actor=self.manager.user, people=seen, targets=[target.row], reason="Équilibrage")
        except DomainError:
            assert places == 0
            return
        done = set(batch.transfers.filter(state=TransferState.DONE).values_list("jobseeker", flat=True))
        assert done <= {person.row.pk for person in fit}
        assert len(done) == places
        assert batch.transfers.filter(state=TransferState.NOT_DONE).exclude(why_not="").count() == len(moving) - places
        for person in fit:
            if person.row.pk in done:
                person.portfolio = target.row.pk

    @rule()
    def another_text(self) -> None:
        self.paper.version += 1
        ConsentText.objects.create(
            version=self.paper.version, title="Texte", body="Nouvelle version.", published_at=timezone.now()
        )

    def start_if_ready(self, person: Person) -> None:
        if person.enrolment == EnrolmentState.VALIDATED and person.accepted == self.paper.version:
            person.enrolment = EnrolmentState.ACTIVE
            person.goes_to(Tier.GUIDE, Track.WEB)

    def tier_is(self, person: Person, tier: Tier) -> None:
        """What another tier entails: the web track ends, a validated enrolment lapses, the placement follows."""
        if person.tier == tier:
            return
        if person.enrolment in {EnrolmentState.VALIDATED, EnrolmentState.ACTIVE}:
            person.enrolment, person.accepted = None, None
        was_placed = person.portfolio is not None
        person.goes_to(tier, Track.CLASSIC)
        if was_placed:
            self.settle(person)

    @invariant()
    def the_database_says_the_same(self) -> None:
        if not hasattr(self, "past"):
            return
        for person in self.paper.people:
            period = Accompaniment.objects.current().get(jobseeker=person.row)
            assert (period.tier, period.track) == (person.tier, person.track)
            assert Accompaniment.objects.filter(jobseeker=person.row).count() == person.periods
            state = Enrolment.objects.open().filter(jobseeker=person.row).values_list("state", flat=True).first()
            assert state == person.enrolment
            consent = Consent.objects.filter(jobseeker=person.row, withdrawn_at=None).select_related("text").first()
            assert (consent.text.version if consent else None) == person.accepted
            placement = Placement.objects.open().filter(jobseeker=person.row).values_list("portfolio", flat=True)
            assert list(placement) == ([person.portfolio] if person.portfolio else [])
        for pk, shelf in self.paper.shelves.items():
            row = Portfolio.objects.get(pk=pk)
            assert (row.occupied, row.capacity) == (self.paper.occupied(pk), shelf.capacity)

    @invariant()
    def nothing_is_broken(self) -> None:
        assert [breach for check in checks for breach in check()] == []

    @invariant()
    def every_change_of_a_file_is_audited(self) -> None:
        """Invariant 15, for what these acts write."""
        if not hasattr(self, "past"):
            return
        for person in self.paper.people:
            written = written_of(person.row)
            rows = AuditEntry.objects.filter(jobseeker=person.row).count()
            before, rows_before = self.files.get(person.row.pk, (written, rows))
            assert written == before or rows > rows_before, f"{person.row} was changed without a trace"
            self.files[person.row.pk] = (written, rows)

    @invariant()
    def history_is_only_appended(self) -> None:
        if not hasattr(self, "past"):
            return
        now = histories()
        for name, rows in self.past.items():
            assert now[name][: len(rows)] == rows, name
        self.past = now


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_the_house_is_as_it_would_be_on_paper() -> None:
    run_state_machine_as_test(
        House,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
