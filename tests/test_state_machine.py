"""Invariants 1 to 8 by property: whatever is done in whatever order, the house is as it would be on paper.

Each rule works out beforehand, on a small model in memory, whether the act goes through and what it leaves; then the
real service does it in a real transaction. After every step the database must say the same, no invariant may be
broken, and no line of any history may be gone or different; a refusal writes nothing at all.

The examples begin in a house that is lived in, and most acts choose among the people for whom they would go through,
so that the deep states are reached: `WANTED` names what a run has to have seen, and a run that has not seen it fails.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accompaniment.enums import EnrolmentState, Modality, RefusalReason, Tier, Track
from accompaniment.hooks.invariants import checks
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    ConsentText,
    Enrolment,
    OnSiteRequest,
)
from accompaniment.rules.errors import DomainError
from accompaniment.services import on_site_requests as onsite
from accompaniment.services.enrolments import tiers as tiers_
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import ask_enrolment, open_registration_interview
from accompaniment.services.enrolments.publishing import publish_consent_text
from caseload.enums import TransferState
from caseload.models import Cover, Manager, Placement, Portfolio, Transfer
from caseload.services.moves.absences import declare_absence, end_absence
from caseload.services.moves.carrying_out import carry_out_due
from caseload.services.moves.placements import PortfolioFullError, place
from caseload.services.moves.transfers import transfer_people
from caseload.services.registration.decisions import refuse_at_interview, validate_at_interview
from caseload.services.steering.capacities import set_capacity
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, consent_text_in_force, plan_defaults
from tests.caseload.factories import CapacityFactory, ManagerFactory, PortfolioFactory, findings
from tests.house_on_paper import CAPS, Paper, Person, Relay, Shelf, everything_written, histories, written_by_person

EXAMPLES = 12
STEPS = 40
PEOPLE = 6
USUALLY = 5
"""One time in so many an act is tried on anybody, and mostly refused."""

WANTED = {
    "asked",
    "validated",
    "validation refused by a full portfolio",
    "refused by the adviser",
    "accepted",
    "track started",
    "left before the track",
    "left the track",
    "tier changed on the track",
    "tier changed",
    "without a place",
    "placed by hand",
    "moved",
    "not moved for want of room",
    "cap changed",
    "cap under the occupancy refused",
    "on site asked",
    "on site answered",
    "acceptance asked again",
    "went away",
    "absence refused",
    "came back",
    "transfer planned",
    "moved on the day",
    "not moved on the day",
}

OPEN = (EnrolmentState.ASKED, EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)


data = st.data()
tiers = st.sampled_from(list(Tier))
ACTS = (
    "ask",
    "validate",
    "refuse",
    "accept",
    "leave",
    "change_tier",
    "ask_on_site",
    "answer_on_site",
    "place_by_hand",
    "another_cap",
    "go_away",
    "come_back",
    "transfer",
    "transfer_later",
    "the_day_comes",
    "another_text",
)
BEGUN = (None, EnrolmentState.ASKED, EnrolmentState.VALIDATED, EnrolmentState.ACTIVE)


class House(RuleBasedStateMachine):
    """One agency with two web portfolios, two guidé ones and one of each other tier, all of them small."""

    seen: ClassVar[Counter[str]] = Counter()
    """What has happened in all examples of a run."""

    paper: Paper
    manager: Manager
    breaches: list[Any]
    past: dict[str, list[tuple[Any, ...]]]
    files: dict[int, tuple[list[tuple[Any, ...]], int]]

    @initialize(begun=st.lists(st.sampled_from(BEGUN), min_size=PEOPLE, max_size=PEOPLE))
    def open_the_house(self, begun: list[EnrolmentState | None]) -> None:
        """A house of its own for each example, in the same database: what stood before must stay as it is, too."""
        plan_defaults()
        text = ConsentText.objects.order_by("-version").first() or consent_text_in_force()
        agency = AgencyFactory()
        self.manager = ManagerFactory()
        binding = ConsentText.objects.filter(needs_acceptance=True).order_by("-version")[0]
        self.paper = Paper(version=text.version, binding=binding.version)
        for modality in Modality:
            CapacityFactory(
                modality=modality, agency=agency, value=CAPS[modality], reason="Petite", set_by=self.manager.user
            )
        for modality in (*Modality, Modality.GUIDE_WEB, Modality.GUIDE):
            row = PortfolioFactory(agency=agency, modality=modality, capacity=CAPS[modality])
            self.paper.shelves[row.pk] = Shelf(row, modality, row.capacity)
        self.paper.people = [Person(JobseekerFactory(agency=agency, with_account=True)) for _ in range(PEOPLE)]
        self.agency = agency
        self.breaches = [breach for check in checks for breach in check()]
        self.past = histories()
        self.files = {}
        for person, state in zip(self.paper.people, begun, strict=True):
            self.bring_to(person, state)

    def bring_to(self, person: Person, state: EnrolmentState | None) -> None:
        """Let a person begin with an enrolment, as far as there is room; without one, in a classic portfolio."""
        if state is None:
            self.placed_by_hand(person, self.paper.of(Modality.GUIDE))
            return
        self.asked(person)
        if state == EnrolmentState.ASKED:
            return
        target = next(filter(self.paper.has_room, self.paper.of(Modality.GUIDE_WEB)), None)
        if target is not None:
            self.validated(person, target)
            if state == EnrolmentState.ACTIVE:
                self.accepted(person)

    def attempt(self, allowed: bool, act: Callable[[], Any], refusal: type[DomainError] = DomainError) -> None:
        """Do it; it must go through if the paper says so, and otherwise be refused with a sentence, and no trace."""
        if allowed:
            act()
            return
        before = everything_written(self.paper.people)
        with pytest.raises(refusal) as refused:
            act()
        assert refused.value.sentence.endswith((".", "!"))
        assert everything_written(self.paper.people) == before

    def choose(self, draw: st.DataObject, fitting: Callable[[Person], bool]) -> Person:
        """Choose somebody for whom the act would go through; now and then, or where nobody is, anybody."""
        some = [person for person in self.paper.people if fitting(person)]
        anybody = draw.draw(st.integers(1, USUALLY)) == USUALLY
        return draw.draw(st.sampled_from(self.paper.people if anybody or not some else some))

    def portfolio(self, draw: st.DataObject, usual: list[int]) -> Shelf:
        """Choose a portfolio, now and then any."""
        anyone = not usual or draw.draw(st.integers(1, USUALLY)) == USUALLY
        return self.paper.shelves[draw.draw(st.sampled_from(list(self.paper.shelves) if anyone else usual))]

    @property
    def an_adviser(self) -> Any:
        return next(iter(self.paper.shelves.values())).row.adviser.user

    def settle(self, person: Person) -> None:
        """Read where a person went who had to leave a portfolio: anywhere that fits and has room, else nowhere."""
        modality = person.expected_modality
        person.portfolio = person.goes_to_later = None
        options = [pk for pk in self.paper.of(modality) if self.paper.has_room(pk)]
        found = Placement.objects.open().filter(jobseeker=person.row).values_list("portfolio", flat=True).first()
        assert (found in options) if options else found is None
        person.portfolio = found
        self.seen["without a place"] += found is None

    @rule(draw=data, act=st.sampled_from(ACTS))
    def act(self, draw: st.DataObject, act: str) -> None:
        """One rule that chooses among the acts: of several rules, whole examples would leave out some."""
        getattr(self, act)(draw)

    def ask(self, draw: st.DataObject) -> None:
        self.asked(self.choose(draw, lambda one: one.enrolment is None and one.tier == Tier.GUIDE))

    def asked(self, person: Person) -> None:
        allowed = person.enrolment is None and person.tier == Tier.GUIDE
        self.attempt(allowed, lambda: ask_enrolment(actor=person.row.user, jobseeker=person.row))
        if allowed:
            person.enrolment = EnrolmentState.ASKED
            self.seen["asked"] += 1

    def validate(self, draw: st.DataObject) -> None:
        person = self.choose(draw, lambda one: one.enrolment == EnrolmentState.ASKED)
        if person.asked_once:
            full = [pk for pk in self.paper.of(Modality.GUIDE_WEB) if not self.paper.has_room(pk)]
            usual = full if full and draw.draw(st.booleans()) else self.paper.of(Modality.GUIDE_WEB)
            self.validated(person, self.portfolio(draw, usual).row.pk)

    def validated(self, person: Person, portfolio: int) -> None:
        target = self.paper.shelves[portfolio]
        enrolment = Enrolment.objects.filter(jobseeker=person.row).order_by("-pk")[0]
        actor = target.row.adviser.user
        interview = open_registration_interview(actor=actor, jobseeker=person.row)
        fits = person.enrolment == EnrolmentState.ASKED and target.modality == Modality.GUIDE_WEB
        allowed = fits and self.paper.has_room(portfolio)
        self.attempt(
            allowed,
            lambda: validate_at_interview(
                actor=actor, enrolment=enrolment, interview=interview, findings=findings(), portfolio=target.row
            ),
            PortfolioFullError if fits else DomainError,
        )
        if not allowed:
            self.seen["validation refused by a full portfolio"] += fits
            return
        if person.tier != Tier.GUIDE:
            person.goes_to(Tier.GUIDE, Track.CLASSIC)
        person.portfolio, person.goes_to_later = portfolio, None
        person.enrolment = EnrolmentState.VALIDATED
        self.seen["validated"] += 1
        self.start_if_ready(person)

    def refuse(self, draw: st.DataObject) -> None:
        tier = draw.draw(tiers)
        waiting = [one for one in self.paper.people if one.enrolment == EnrolmentState.ASKED]
        if not waiting:
            return
        person = draw.draw(st.sampled_from(waiting))
        interview = open_registration_interview(actor=self.an_adviser, jobseeker=person.row)
        refuse_at_interview(
            actor=self.an_adviser,
            enrolment=Enrolment.objects.open().get(jobseeker=person.row),
            interview=interview,
            findings=findings(tier=tier),
            reason=RefusalReason.EQUIPMENT,
            comment="",
        )
        person.enrolment, person.accepted = None, None
        self.seen["refused by the adviser"] += 1
        self.tier_is(person, tier)

    def accept(self, draw: st.DataObject) -> None:
        stale = [one for one in self.paper.people if one.accepted not in {None, self.paper.version}]
        self.accepted(self.choose(draw, lambda one: one in stale if stale else one.enrolment in OPEN))

    def accepted(self, person: Person) -> None:
        text = ConsentText.objects.latest()
        allowed = person.enrolment in OPEN
        again = allowed and person.accepted not in {None, text.version}
        self.attempt(allowed, lambda: accept_terms(actor=person.row.user, jobseeker=person.row, text=text))
        if allowed:
            person.accepted = text.version
            self.seen["accepted"] += 1
            self.seen["acceptance asked again"] += again
            self.start_if_ready(person)

    def leave(self, draw: st.DataObject) -> None:
        """Never refused (invariant 4)."""
        person = self.choose(draw, lambda one: one.enrolment in OPEN)
        leave_track(actor=person.row.user, jobseeker=person.row)
        was = person.enrolment
        person.enrolment = None
        if was is None:
            return
        person.accepted = None
        if was == EnrolmentState.ACTIVE:
            person.goes_to(Tier.GUIDE, Track.CLASSIC)
        if was != EnrolmentState.ASKED:
            self.settle(person)
        self.seen["left the track" if was == EnrolmentState.ACTIVE else "left before the track"] += 1

    def change_tier(self, draw: st.DataObject) -> None:
        tier = draw.draw(tiers)
        person = self.choose(draw, lambda one: one.enrolment == EnrolmentState.ACTIVE)
        tiers_.change_tier(actor=self.an_adviser, jobseeker=person.row, tier=tier, reason="Situation changée")
        self.tier_is(person, tier)

    def ask_on_site(self, draw: st.DataObject) -> None:
        """Never refused (invariant 8), and never twice open."""
        person = self.choose(draw, lambda one: not one.waits_on_site)
        onsite.ask_on_site(actor=person.row.user, jobseeker=person.row)
        assert OnSiteRequest.objects.open().filter(jobseeker=person.row).count() == 1
        person.waits_on_site = True
        self.seen["on site asked"] += 1

    def answer_on_site(self, draw: st.DataObject) -> None:
        """Answered once, with the time that it took."""
        waiting = [one for one in self.paper.people if one.waits_on_site]
        if not waiting:
            return
        person = draw.draw(st.sampled_from(waiting))
        request = OnSiteRequest.objects.open().get(jobseeker=person.row)
        onsite.answer_on_site(actor=self.an_adviser, request=request, answer="Venez mardi.")
        request.refresh_from_db()
        assert request.answered_at >= request.asked_at
        self.attempt(
            False, lambda: onsite.answer_on_site(actor=self.an_adviser, request=request, answer="Venez jeudi.")
        )
        person.waits_on_site = False
        self.seen["on site answered"] += 1

    def place_by_hand(self, draw: st.DataObject) -> None:
        person = self.choose(draw, lambda one: one.portfolio is None)
        self.placed_by_hand(person, self.paper.of(person.expected_modality))

    def placed_by_hand(self, person: Person, portfolios: list[int]) -> None:
        """Place into the first that has room; where none has, the first one refuses."""
        portfolio = next(filter(self.paper.has_room, portfolios), portfolios[0])
        target = self.paper.shelves[portfolio].row
        allowed = person.portfolio is None and self.paper.has_room(portfolio)

        def act() -> None:
            with transaction.atomic():
                place(actor=self.manager.user, jobseeker=person.row, portfolio=target)

        self.attempt(allowed, act)
        if allowed:
            person.portfolio = portfolio
            self.seen["placed by hand"] += 1

    def another_cap(self, draw: st.DataObject) -> None:
        modality, value = draw.draw(st.sampled_from(list(Modality))), draw.draw(st.integers(0, 3))
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
        self.seen["cap changed" if allowed else "cap under the occupancy refused"] += 1
        if allowed:
            for pk in self.paper.of(modality):
                self.paper.shelves[pk].capacity = value

    def go_away(self, draw: st.DataObject) -> None:
        """A cover changes no count: it is not held against the cap (invariant 6)."""
        here = [pk for pk in self.paper.shelves if pk not in self.paper.relays]
        if not here:
            return
        mine, other = draw.draw(st.sampled_from(here)), draw.draw(st.sampled_from(list(self.paper.shelves)))
        adviser, colleague = self.paper.shelves[mine].row.adviser, self.paper.shelves[other].row.adviser
        today = timezone.now().astimezone(self.agency.zone).date()

        def act() -> None:
            absence, _ = declare_absence(
                actor=adviser.user,
                adviser=adviser,
                starts_on=today,
                ends_on=today + timedelta(days=9),
                colleagues={mine: [colleague.pk]},
                decisions={},
            )
            # Whoever answers for an empty portfolio may go away too: nobody takes the relay over.
            for relay in self.paper.relays.values():
                if relay.colleague == mine:
                    relay.colleague = None
            self.paper.relays[mine] = Relay(absence, other)

        # Somebody is free to take over what the adviser covers, `other` for one, so it has to be said who does.
        left_alone = [pk for pk, relay in self.paper.relays.items() if relay.colleague == mine]
        allowed = other != mine and other not in self.paper.relays and not any(map(self.paper.occupied, left_alone))
        self.attempt(allowed, act)
        self.seen["went away" if allowed else "absence refused"] += 1

    def come_back(self, draw: st.DataObject) -> None:
        if not self.paper.relays:
            return
        mine = draw.draw(st.sampled_from(list(self.paper.relays)))
        absence = self.paper.relays.pop(mine).absence
        end_absence(actor=self.manager.user, absence=absence)
        assert not Cover.objects.filter(absence=absence, cancelled_at=None).exists()
        self.seen["came back"] += 1

    def transfer(self, draw: st.DataObject) -> None:
        """As many of those who fit go as there are places; the others stay where they are and are named."""
        placed = [one for one in self.paper.people if one.portfolio is not None]
        if not placed:
            return
        first = draw.draw(st.sampled_from(placed))
        elsewhere = [pk for pk in self.paper.of(first.expected_modality) if pk != first.portfolio]
        target = self.portfolio(draw, elsewhere)
        moving = [first, *(one for one in placed if one is not first and draw.draw(st.booleans()))]
        fit = [
            one
            for one in moving
            if one.expected_modality == target.modality
            and one.portfolio not in {None, target.row.pk}
            and one.goes_to_later is None
        ]
        places = min(len(fit), max(0, target.capacity - self.paper.occupied(target.row.pk)))
        seen = list(Placement.objects.open().filter(jobseeker__in=[person.row for person in moving]))
        before = everything_written(self.paper.people)
        try:
            batch = transfer_people(actor=self.manager.user, people=seen, targets=[target.row], reason="Équilibrage")
        except DomainError:
            assert places == 0
            assert everything_written(self.paper.people) == before
            self.seen["not moved for want of room"] += len(fit)
            return
        done = set(batch.transfers.filter(state=TransferState.DONE).values_list("jobseeker", flat=True))
        assert done <= {person.row.pk for person in fit}
        assert len(done) == places
        assert batch.transfers.filter(state=TransferState.NOT_DONE).exclude(why_not="").count() == len(moving) - places
        self.seen["moved"] += len(done)
        self.seen["not moved for want of room"] += len(fit) - places
        for person in fit:
            if person.row.pk in done:
                person.portfolio = target.row.pk

    def transfer_later(self, draw: st.DataObject) -> None:
        """Decided for a day to come; there need not be room yet."""
        some = [one for one in self.paper.people if one.portfolio is not None and one.goes_to_later is None]
        if not some:
            return
        person = draw.draw(st.sampled_from(some))
        elsewhere = [pk for pk in self.paper.of(person.expected_modality) if pk != person.portfolio]
        if not elsewhere:
            return
        target = draw.draw(st.sampled_from(elsewhere))
        batch = transfer_people(
            actor=self.manager.user,
            people=Placement.objects.open().filter(jobseeker=person.row),
            targets=[self.paper.shelves[target].row],
            reason="Départ",
            due_on=timezone.now().astimezone(self.agency.zone).date() + timedelta(days=1),
        )
        assert batch.transfers.planned().count() == 1
        person.goes_to_later = target
        self.paper.planned.append(person)
        self.seen["transfer planned"] += 1

    def the_day_comes(self, draw: st.DataObject) -> None:
        """Who is still where they were moves, one after the other, as long as there is room; nobody twice."""
        carry_out_due(now=timezone.now() + timedelta(days=2))
        for person in self.paper.planned:
            target, person.goes_to_later = person.goes_to_later, None
            if target is None:
                continue
            moves = self.paper.has_room(target)
            if moves:
                person.portfolio = target
            self.seen["moved on the day" if moves else "not moved on the day"] += 1
        self.paper.planned.clear()

    def another_text(self, draw: st.DataObject) -> None:
        """A running track goes on meanwhile; a validated one starts only with the text that binds."""
        needs_acceptance = draw.draw(st.booleans())
        publish_consent_text(
            actor=self.manager.user,
            title="Texte",
            body=f"Texte de la version {self.paper.version + 1}.",
            needs_acceptance=needs_acceptance,
            after=self.paper.version,
        )
        self.paper.version += 1
        if needs_acceptance:
            self.paper.binding = self.paper.version

    def start_if_ready(self, person: Person) -> None:
        if person.enrolment == EnrolmentState.VALIDATED and (person.accepted or 0) >= self.paper.binding:
            person.enrolment = EnrolmentState.ACTIVE
            person.goes_to(Tier.GUIDE, Track.WEB)
            self.seen["track started"] += 1

    def tier_is(self, person: Person, tier: Tier) -> None:
        """What another tier entails: the web track ends, a validated enrolment lapses, the placement follows."""
        if person.tier == tier:
            return
        self.seen["tier changed on the track" if person.track == Track.WEB else "tier changed"] += 1
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
        mine = {"jobseeker__in": [person.row for person in self.paper.people]}
        periods = {period.jobseeker_id: period for period in Accompaniment.objects.current().filter(**mine)}
        lived = Counter(Accompaniment.objects.filter(**mine).values_list("jobseeker", flat=True))
        states = dict(Enrolment.objects.open().filter(**mine).values_list("jobseeker", "state"))
        accepted = dict(Consent.objects.filter(**mine, withdrawn_at=None).values_list("jobseeker", "text__version"))
        placed = dict(Placement.objects.open().filter(**mine).values_list("jobseeker", "portfolio"))
        planned = dict(Transfer.objects.planned().filter(**mine).values_list("jobseeker", "target"))
        waiting = set(OnSiteRequest.objects.open().filter(**mine).values_list("jobseeker", flat=True))
        for person in self.paper.people:
            pk = person.row.pk
            assert (periods[pk].tier, periods[pk].track) == (person.tier, person.track)
            assert lived[pk] == person.periods
            assert states.get(pk) == person.enrolment
            assert accepted.get(pk) == person.accepted
            assert placed.get(pk) == person.portfolio
            assert planned.get(pk) == person.goes_to_later
            assert (pk in waiting) == person.waits_on_site
        loads = Portfolio.objects.in_bulk(self.paper.shelves)
        for pk, shelf in self.paper.shelves.items():
            assert (loads[pk].occupied, loads[pk].capacity) == (self.paper.occupied(pk), shelf.capacity)

    @invariant()
    def nothing_is_broken(self) -> None:
        """Beside what an earlier example of this run may have left, which would hide where it began."""
        if hasattr(self, "breaches"):
            assert [breach for check in checks for breach in check()] == self.breaches

    @invariant()
    def every_change_of_a_file_is_audited(self) -> None:
        """Invariant 15, for what these acts write."""
        if not hasattr(self, "past"):
            return
        traces = Counter(
            AuditEntry.objects.filter(jobseeker__in=[person.row for person in self.paper.people]).values_list(
                "jobseeker", flat=True
            )
        )
        for pk, written in written_by_person(self.paper.people).items():
            before, traces_before = self.files.get(pk, (written, traces[pk]))
            assert written == before or traces[pk] > traces_before, f"{pk} was changed without a trace"
            self.files[pk] = (written, traces[pk])

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
    House.seen.clear()
    run_state_machine_as_test(
        House,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
    assert {what for what in WANTED if not House.seen[what]} == set(), "the run was too shallow to prove anything"
