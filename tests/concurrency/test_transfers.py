"""Transfers that meet another act at the same moment. With controls without the guards."""

from datetime import timedelta
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Modality, NotificationKind, Tier
from accompaniment.hooks.invariants import checks
from accompaniment.models import Enrolment, Jobseeker, Notification
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.tiers import change_tier
from caseload.enums import PlacementEnd, TransferObstacle, TransferState
from caseload.models import Placement, Portfolio, Transfer, TransferBatch
from caseload.services.moves.carrying_out import carry_out, carry_out_due
from caseload.services.moves.placements import PortfolioFullError
from caseload.services.moves.transfers import TargetsFullError, cancel_transfers
from caseload.services.steering.capacities import apply_capacities, set_capacity
from tests.accompaniment.factories import reference
from tests.caseload.factories import (
    CapacityFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    placed,
    planned_transfer,
    volunteer,
)
from tests.concurrency.acts import decision, open_places, validation
from tests.concurrency.guards import cap_dropped
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits
from tests.visio.factories import InterviewFactory
from visio.enums import InterviewState
from visio.services.room import admit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web() -> Portfolio:
    reference()
    return PortfolioFactory()


@pytest.fixture
def classic() -> Portfolio:
    return PortfolioFactory(modality=Modality.GUIDE)


def nothing_is_broken() -> bool:
    return [breach for check in checks for breach in check()] == []


class TestTheLastPlace:
    def test_one_of_transfer_and_enrolment_gets_it(self, web: Portfolio) -> None:
        last = PortfolioFactory(agency=web.agency, capacity=1)
        person = on_web_track(web)
        waiting = volunteer(last)
        enrolled, moved = at_once(validation(waiting, last), decision(person, last))
        last.refresh_from_db()
        assert last.occupied == 1
        won = isinstance(enrolled, Placement)
        if won:
            assert open_places(person) == [web.pk]
            assert isinstance(moved, TargetsFullError) or moved.transfers.get().why_not == TransferObstacle.FILLED
        else:
            assert isinstance(enrolled, PortfolioFullError)
            assert open_places(person) == [last.pk]
        assert Enrolment.objects.get(pk=waiting.pk).state == ("validated" if won else "asked")
        assert nothing_is_broken()

    def test_without_lock_and_check_both_get_it(self, classic: Portfolio) -> None:
        """The control: both have seen the free place before either takes it."""
        last = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency, capacity=1)
        people, both_have_looked = [placed(classic) for _ in range(2)], Barrier(2)

        def naive(person: Jobseeker) -> bool:
            with transaction.atomic():
                free = Portfolio.objects.get(pk=last.pk).places_left
                both_have_looked.wait(timeout=PATIENCE)
                if not free:
                    return False
                Placement.objects.open().filter(jobseeker=person).update(
                    ended_at=timezone.now(), end_reason=PlacementEnd.TRANSFERRED
                )
                Placement.objects.create(portfolio=last, jobseeker=person, started_at=timezone.now())
                return True

        with cap_dropped():
            assert at_once(*(partial(naive, person) for person in people)) == [True, True]
            last.refresh_from_db()
            assert last.occupied == 2 > last.capacity


class TestOnePerson:
    def test_of_two_transfers_one_is_done_and_the_other_says_why_not(self, classic: Portfolio) -> None:
        targets = [PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency) for _ in range(2)]
        person = placed(classic)
        results = at_once(*(decision(person, target) for target in targets))
        assert all(isinstance(result, TransferBatch) for result in results), results
        states = sorted(Transfer.objects.values_list("state", flat=True))
        assert states == [TransferState.DONE, TransferState.NOT_DONE]
        done = Transfer.objects.get(state=TransferState.DONE)
        assert open_places(person) == [done.target_id]
        assert Notification.objects.filter(kind=NotificationKind.ADVISER_CHANGED).count() == 1
        assert nothing_is_broken()

    def test_without_the_lock_the_second_undoes_what_the_first_decided(self, classic: Portfolio) -> None:
        """The control: both find the person there and both move them. Where the person ends is left to chance."""
        targets = [PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency) for _ in range(2)]
        person, both_have_looked, first_has_moved = placed(classic), Barrier(2), Event()

        def naive(target: Portfolio, *, waits: bool) -> bool:
            with transaction.atomic():
                there = Placement.objects.open().filter(jobseeker=person, portfolio=classic).exists()
                both_have_looked.wait(timeout=PATIENCE)
                if waits:
                    assert first_has_moved.wait(timeout=PATIENCE)
                now = timezone.now()
                Placement.objects.open().filter(jobseeker=person).update(
                    ended_at=now, end_reason=PlacementEnd.TRANSFERRED
                )
                Placement.objects.create(portfolio=target, jobseeker=person, started_at=now)
            first_has_moved.set()
            return there

        moved = at_once(
            *(partial(naive, target, waits=waits) for target, waits in zip(targets, (False, True), strict=True))
        )
        assert moved == [True, True]
        assert open_places(person) == [targets[1].pk]
        assert Placement.objects.filter(jobseeker=person, portfolio=targets[0]).exists()

    @pytest.mark.parametrize("act", ["cancelled", "tier"])
    def test_carried_out_while_it_is_cancelled_or_the_tier_changes_one_comes_first(
        self, classic: Portfolio, act: str
    ) -> None:
        target = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
        room = PortfolioFactory(modality=Modality.SUIVI, agency=classic.agency)
        person, manager = placed(classic), ManagerFactory().user
        batch = planned_transfer(person, to=target, decided_by=manager)
        later = timezone.now() + timedelta(days=8)
        other: partial[object] = (
            partial(cancel_transfers, actor=manager, batch=batch)
            if act == "cancelled"
            else partial(change_tier, actor=manager, jobseeker=person, tier=Tier.SUIVI, reason="Autonome")
        )
        carried, acted = at_once(partial(carry_out_due, now=later), other)
        assert not isinstance(carried, Exception), carried
        state = batch.transfers.get().state
        if act == "cancelled":
            assert isinstance(acted, NotAllowedNowError) == (state == TransferState.DONE), acted
            assert open_places(person) == [target.pk if state == TransferState.DONE else classic.pk]
        else:
            assert not isinstance(acted, Exception), acted
            assert open_places(person) == [room.pk]
        assert state in {TransferState.DONE, TransferState.CANCELLED, TransferState.NOT_DONE}
        assert nothing_is_broken()

    def test_five_schedulers_move_once(self, classic: Portfolio) -> None:
        target = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
        people = [placed(classic) for _ in range(3)]
        for person in people:
            planned_transfer(person, to=target, decided_by=classic.adviser.user)
        later = timezone.now() + timedelta(days=8)
        results = at_once(*[partial(carry_out_due, now=later)] * 5)
        assert not [result for result in results if isinstance(result, Exception)]
        assert [open_places(person) for person in people] == [[target.pk]] * 3
        assert Placement.objects.count() == 6
        assert Notification.objects.filter(kind=NotificationKind.ADVISER_CHANGED).count() == 3
        assert Notification.objects.filter(kind=NotificationKind.PEOPLE_RECEIVED).count() == 3
        assert nothing_is_broken()

    def test_to_and_fro_at_once_never_wait_for_each_other(self, classic: Portfolio) -> None:
        other = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
        here, there = [placed(classic) for _ in range(3)], [placed(other) for _ in range(3)]
        acts = [decision(person, other) for person in here] + [decision(person, classic) for person in there]
        results = at_once(*acts)
        assert all(isinstance(result, TransferBatch) for result in results), results
        assert Transfer.objects.filter(state=TransferState.DONE).count() == 6
        assert nothing_is_broken()


class TestLeavingTheTrack:
    def test_who_leaves_is_in_no_web_portfolio_whoever_comes_first(self, web: Portfolio) -> None:
        target = PortfolioFactory(agency=web.agency)
        room = PortfolioFactory(agency=web.agency, modality=Modality.GUIDE)
        person = on_web_track(web)
        left, moved = at_once(partial(leave_track, actor=person.user, jobseeker=person), decision(person, target))
        assert isinstance(left, Jobseeker)
        assert isinstance(moved, TransferBatch)
        assert open_places(person) == [room.pk]
        assert nothing_is_broken()

    def test_without_the_lock_the_person_is_put_back(self, web: Portfolio) -> None:
        """The control: what the transfer has read is no longer true when it writes."""
        target = PortfolioFactory(agency=web.agency)
        person = on_web_track(web)
        looked, has_left = Event(), Event()

        def naive() -> bool:
            with transaction.atomic():
                there = Placement.objects.open().filter(jobseeker=person, portfolio=web).exists()
                looked.set()
                assert has_left.wait(timeout=PATIENCE)
                Placement.objects.open().filter(jobseeker=person).update(
                    ended_at=timezone.now(), end_reason=PlacementEnd.TRANSFERRED
                )
                Placement.objects.create(portfolio=target, jobseeker=person, started_at=timezone.now())
                return there

        def leave() -> Any:
            assert looked.wait(timeout=PATIENCE)
            gone = leave_track(actor=person.user, jobseeker=person)
            has_left.set()
            return gone

        there, _ = at_once(naive, leave)
        assert there is True
        assert open_places(person) == [target.pk]
        assert not nothing_is_broken()


class TestALowerCap:
    def test_cap_and_occupancy_agree_whoever_comes_first(self, classic: Portfolio) -> None:
        CapacityFactory(modality=Modality.GUIDE, value=150)
        target = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency, capacity=150)
        placed(target)
        person = placed(classic)
        lower = partial(
            set_capacity,
            actor=ManagerFactory().user,
            modality=Modality.GUIDE,
            agency=classic.agency,
            value=1,
            starts_on=timezone.localdate(),
            reason="Locaux réduits",
        )
        lowered, moved = at_once(lower, decision(person, target))
        target.refresh_from_db()
        assert target.occupied <= target.capacity
        was_moved = open_places(person) == [target.pk]
        # A cap below the occupancy is refused. If the cap stands, nobody is moved in.
        assert isinstance(lowered, Exception) == was_moved
        assert target.capacity == (150 if was_moved else 1)
        if not was_moved:
            assert isinstance(moved, TargetsFullError) or moved.transfers.get().state == TransferState.NOT_DONE
        assert nothing_is_broken()

    def test_without_lock_and_check_the_cap_is_passed(self, classic: Portfolio) -> None:
        """The control: one has counted, the other has seen a free place, and both write."""
        target = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency, capacity=2)
        placed(target)
        person, both_have_looked = placed(classic), Barrier(2)

        def lower() -> bool:
            with transaction.atomic():
                fits = Portfolio.objects.get(pk=target.pk).occupied <= 1
                both_have_looked.wait(timeout=PATIENCE)
                Portfolio.objects.filter(pk=target.pk).update(capacity=1)
                return fits

        def move() -> bool:
            with transaction.atomic():
                free = Portfolio.objects.get(pk=target.pk).places_left > 0
                both_have_looked.wait(timeout=PATIENCE)
                Placement.objects.open().filter(jobseeker=person).update(
                    ended_at=timezone.now(), end_reason=PlacementEnd.TRANSFERRED
                )
                Placement.objects.create(portfolio=target, jobseeker=person, started_at=timezone.now())
                return free

        with cap_dropped():
            assert at_once(lower, move) == [True, True]
            target.refresh_from_db()
            assert target.occupied == 2 > target.capacity == 1


class TestAPlaceFreedAboveTheCap:
    @pytest.fixture
    def above(self, classic: Portfolio) -> Portfolio:
        """A portfolio of four people whose cap has been lowered to two."""
        above = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency, capacity=10)
        for _ in range(4):
            placed(above)
        CapacityFactory(
            modality=Modality.GUIDE,
            agency=classic.agency,
            value=2,
            reason="Locaux réduits",
            set_by=classic.adviser.user,
        )
        apply_capacities(now=timezone.now())
        Portfolio.objects.filter(pk=classic.pk).update(capacity=150)
        return above

    def test_is_taken_by_nobody_who_comes_at_the_same_moment(self, classic: Portfolio, above: Portfolio) -> None:
        leaving = [placement.jobseeker for placement in above.placements.order_by("pk")[:2]]
        coming = [placed(classic) for _ in range(2)]
        acts = [decision(person, classic) for person in leaving] + [decision(person, above) for person in coming]
        results = at_once(*acts)
        assert all(isinstance(result, TransferBatch | TargetsFullError) for result in results), results
        above.refresh_from_db()
        assert (above.occupied, above.capacity, above.lowered_to) == (2, 2, None)
        assert nothing_is_broken()

    def test_without_the_cap_in_force_beside_it_the_next_one_takes_it(
        self, classic: Portfolio, above: Portfolio
    ) -> None:
        """The control: the number of people alone does not show that it is too high."""
        Portfolio.objects.filter(pk=above.pk).update(lowered_to=None)
        leaving, coming = above.placements.order_by("pk")[0].jobseeker, placed(classic)
        decision(leaving, classic)()
        decision(coming, above)()
        above.refresh_from_db()
        assert above.occupied > 3


def test_carried_out_twice_at_once_it_is_done_once(classic: Portfolio) -> None:
    target = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
    person = placed(classic)
    batch = planned_transfer(person, to=target, decided_by=classic.adviser.user)
    transfer = batch.transfers.select_related("batch").get()
    results = at_once(partial(carry_out, transfer), partial(carry_out, transfer))
    assert results == [None, None]
    assert open_places(person) == [target.pk]
    assert Placement.objects.filter(jobseeker=person).count() == 2


def test_an_interview_that_is_let_in_at_that_moment_stays_where_it_is(web: Portfolio) -> None:
    interview = InterviewFactory(jobseeker=on_web_track(web))
    target = PortfolioFactory(agency=web.agency)
    let_in = Event()

    def slow_admission() -> None:
        with transaction.atomic():
            admit(actor=web.adviser.user, interview=interview)
            let_in.set()
            until_somebody_waits()

    def move() -> TransferBatch:
        assert let_in.wait(PATIENCE)
        return decision(interview.jobseeker, target)()

    admitted, moved = at_once(slow_admission, move)
    assert admitted is None, admitted
    assert isinstance(moved, TransferBatch), moved
    interview.refresh_from_db()
    assert (interview.state, interview.adviser) == (InterviewState.IN_PROGRESS, web.adviser)
    assert open_places(interview.jobseeker) == [target.pk]
