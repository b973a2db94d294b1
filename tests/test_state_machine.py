"""Invariants 1 to 8 as a property test: after any acts in any order, the database agrees with a small model.

Each rule first asks the model in memory whether the act succeeds and what it leaves. Then the real service does the act
in a real transaction. After every step the database must agree with the model, no invariant may be broken, and no row
of a history may be missing or different. A refusal writes nothing at all.

The examples begin with people in different states, and most acts choose people for whom they would succeed, so that
deep states are reached. `WANTED` names what a run must have seen, or it fails.
"""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accompaniment.enums import EnrolmentState, Modality
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
from caseload.enums import TransferState
from caseload.models import Cover, Placement, Portfolio, Transfer
from caseload.services.moves.absences import declare_absence, end_absence
from caseload.services.moves.carrying_out import carry_out_due
from caseload.services.moves.placements import place
from caseload.services.moves.transfers import transfer_people
from caseload.services.steering.capacities import set_capacity
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, consent_text_in_force, plan_defaults
from tests.caseload.factories import CapacityFactory, ManagerFactory, PortfolioFactory, on_web_track
from tests.enrolments_on_paper import Enrolments
from tests.house_on_paper import CAPS, Paper, Person, Relay, Shelf, everything_written, histories, written_by_person

EXAMPLES = 12
STEPS = 40
PEOPLE = 6

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


data = st.data()
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


class House(Enrolments):
    """One agency with two web portfolios, two guidé ones and one of each other tier, all of them small."""

    @initialize(begun=st.lists(st.sampled_from(BEGUN), min_size=PEOPLE, max_size=PEOPLE))
    def open_the_house(self, begun: list[EnrolmentState | None]) -> None:
        """Begin each example with new data in the same database. Earlier examples' rows must stay unchanged, too."""
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
        """Bring a person to an enrolment in this state, as far as there is room.

        None: place them in a classic portfolio.
        """
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

    @rule(draw=data, act=st.sampled_from(ACTS))
    def act(self, draw: st.DataObject, act: str) -> None:
        """One rule chooses among all acts. With several rules, whole examples would leave some out."""
        getattr(self, act)(draw)

    def place_by_hand(self, draw: st.DataObject) -> None:
        person = self.choose(draw, lambda one: one.portfolio is None)
        self.placed_by_hand(person, self.paper.of(person.expected_modality))

    def placed_by_hand(self, person: Person, portfolios: list[int]) -> None:
        """Place the person into the first portfolio with room; if none has room, the first one refuses."""
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
        """A cover does not count against the cap (invariant 6)."""
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
            # A colleague who covers an empty portfolio may go away too: nobody takes over this cover.
            for relay in self.paper.relays.values():
                if relay.colleague == mine:
                    relay.colleague = None
            self.paper.relays[mine] = Relay(absence, other)

        # If the adviser covers people, a free colleague exists, such as `other`, so the absence must say who takes
        # over.
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
        """Of those who fit, as many move as there are places. The others stay, and the report names them."""
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
        """Decide a transfer for a future day; there need not be room yet."""
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
        """Those who have not moved otherwise move one by one, as long as there is room; nobody twice."""
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
        """Breaches left by an earlier example of this run are excepted, because they would hide the first failure."""
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
            assert written == before or traces[pk] > traces_before, f"{pk} was changed without an audit row"
            self.files[pk] = (written, traces[pk])

    @invariant()
    def history_is_only_appended(self) -> None:
        if not hasattr(self, "past"):
            return
        assert histories(until=self.past) == self.past
        self.past = histories()


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_the_house_is_as_it_would_be_on_paper() -> None:
    House.seen.clear()
    run_state_machine_as_test(
        House,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
    assert {what for what in WANTED if not House.seen[what]} == set(), "the run has not seen everything that it must"


@pytest.mark.django_db
def test_a_history_that_did_not_only_grow_is_noticed() -> None:
    """The control of `history_is_only_appended`: rows are added, then one is changed, then one is taken away."""
    on_web_track()
    past = histories()
    person = on_web_track()
    assert histories() != past
    assert histories(until=past) == past
    past = histories()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # past the guards
    period = Accompaniment.objects.current().filter(jobseeker=person)
    began = period.get().started_at
    period.update(started_at=began + timedelta(microseconds=1))
    assert histories(until=past) != past
    period.update(started_at=began)
    assert histories(until=past) == past
    AuditEntry.objects.filter(pk=AuditEntry.objects.earliest("pk").pk)._raw_delete("default")
    assert histories(until=past) != past
