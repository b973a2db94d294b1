"""Two people want one place at once: from the waiting list, after leaving, or under a cap that is being lowered."""

from collections.abc import Callable
from functools import partial
from threading import Barrier

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accompaniment.enums import Modality, NotificationKind
from accompaniment.models import Jobseeker, Notification
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.services.enrolments.acceptance import leave_track
from caseload.enums import PlacementEnd
from caseload.models import Placement, Portfolio, Transfer
from caseload.services.moves.placements import PortfolioFullError, place
from caseload.services.steering.staff import change_adviser
from tests.accompaniment.factories import JobseekerFactory, reference
from tests.caseload.factories import (
    CapacityFactory,
    ManagerFactory,
    PortfolioFactory,
    on_web_track,
    placed,
    planned_transfer,
)
from tests.concurrency.acts import nothing_is_broken, placing
from tests.concurrency.guards import cap_dropped, dropped
from tests.concurrency.threads import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def classic() -> Portfolio:
    return PortfolioFactory(modality=Modality.GUIDE)


def waiting(portfolio: Portfolio) -> Jobseeker:
    """Return a person of the portfolio's agency who has no adviser."""
    person: Jobseeker = JobseekerFactory(agency=portfolio.agency)
    return person


def naive(person: Jobseeker, portfolio: Portfolio, all_have_looked: Barrier) -> Callable[[], bool]:
    """Return the act of placing after a check without locks on the person and the portfolio."""

    def act() -> bool:
        with transaction.atomic():
            is_placed = Placement.objects.open().filter(jobseeker=person).exists()
            free = Portfolio.objects.get(pk=portfolio.pk).places_left > 0
            all_have_looked.wait()
            Placement.objects.create(portfolio=portfolio, jobseeker=person, started_at=timezone.now())
            return free and not is_placed

    return act


class TestTheWaitingList:
    def test_a_person_whom_two_place_is_placed_once(self, classic: Portfolio) -> None:
        person, other = waiting(classic), PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
        results = at_once(*(placing(person, portfolio) for portfolio in (classic, other, classic, other)))
        (stands,) = [result for result in results if isinstance(result, Placement)]
        assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 3
        assert Placement.objects.get(jobseeker=person) == stands
        assert Notification.objects.filter(kind=NotificationKind.ADVISER_CHANGED).count() == 1
        assert nothing_is_broken()

    def test_of_two_people_one_gets_the_last_place(self) -> None:
        last = PortfolioFactory(modality=Modality.GUIDE, capacity=1)
        people = [waiting(last) for _ in range(2)]
        results = at_once(*(placing(person, last) for person in people))
        (stands,) = [result for result in results if isinstance(result, Placement)]
        assert len([result for result in results if isinstance(result, PortfolioFullError)]) == 1
        assert Placement.objects.get() == stands
        assert Notification.objects.filter(kind=NotificationKind.ADVISER_CHANGED).count() == 1
        assert nothing_is_broken()

    def test_the_index_alone_stops_the_second(self, classic: Portfolio) -> None:
        person, other = waiting(classic), PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
        looked = Barrier(2, timeout=PATIENCE)
        results = at_once(*(naive(person, portfolio, looked) for portfolio in (classic, other)))
        assert results.count(True) == 1
        assert len([result for result in results if isinstance(result, IntegrityError)]) == 1
        assert Placement.objects.filter(jobseeker=person).count() == 1

    def test_without_lock_and_index_the_person_is_in_two_portfolios(self, classic: Portfolio) -> None:
        """The control: both find the person without an adviser, and both write."""
        person, other = waiting(classic), PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
        looked = Barrier(2, timeout=PATIENCE)
        with (
            dropped("caseload_placement", "placement_one_open"),
            dropped("caseload_placement", "placement_never_overlaps"),
        ):
            assert at_once(*(naive(person, portfolio, looked) for portfolio in (classic, other))) == [True, True]
            assert Placement.objects.open().filter(jobseeker=person).count() == 2
            assert not nothing_is_broken()


class TestTwoWhoLeave:
    def test_one_gets_the_last_classic_place_and_the_other_waits(self) -> None:
        reference()
        web = PortfolioFactory()
        last = PortfolioFactory(agency=web.agency, modality=Modality.GUIDE, capacity=1)
        people = [on_web_track(web) for _ in range(2)]
        results = at_once(*(partial(leave_track, actor=person.user, jobseeker=person) for person in people))
        # Leaving is never refused.
        assert all(isinstance(result, Jobseeker) for result in results), results
        assert Placement.objects.open().get().portfolio == last
        last.refresh_from_db()
        assert (last.occupied, last.capacity) == (1, 1)
        assert nothing_is_broken()

    def test_without_lock_and_check_the_classic_portfolio_overflows(self) -> None:
        """The control: both see the last place."""
        last = PortfolioFactory(modality=Modality.GUIDE, capacity=1)
        looked = Barrier(2, timeout=PATIENCE)
        with cap_dropped():
            assert at_once(*(naive(waiting(last), last, looked) for _ in range(2))) == [True, True]
            assert not nothing_is_broken()


class TestAShareThatFalls:
    """A manager halves an adviser's working share, and so the cap, while another person is placed."""

    @pytest.fixture
    def portfolio(self) -> Portfolio:
        CapacityFactory(modality=Modality.GUIDE, value=4, by_working_share=True)
        portfolio = PortfolioFactory(modality=Modality.GUIDE, capacity=4)
        for _ in range(2):
            placed(portfolio)
        portfolio.refresh_from_db()
        return portfolio

    def test_cap_and_occupancy_agree_whoever_comes_first(self, portfolio: Portfolio) -> None:
        adviser, person = portfolio.adviser, waiting(portfolio)
        halve = partial(
            change_adviser, actor=ManagerFactory().user, adviser=adviser, agency=adviser.agency, working_share=50
        )

        def place_one() -> Placement:
            with transaction.atomic():
                return place(actor=None, jobseeker=person, portfolio=portfolio)

        halved, result = at_once(halve, place_one)
        assert not isinstance(halved, Exception), halved
        portfolio.refresh_from_db()
        if isinstance(result, Placement):
            # The cap never falls below the occupancy; it comes down as people leave.
            assert (portfolio.occupied, portfolio.capacity) == (3, 3)
        else:
            assert isinstance(result, PortfolioFullError)
            assert (portfolio.occupied, portfolio.capacity) == (2, 2)
        assert nothing_is_broken()

    def test_without_lock_and_check_the_cap_is_passed(self, portfolio: Portfolio) -> None:
        """The control: one has counted two people, the other has seen two free places, and both write."""
        looked, is_there = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)
        person = waiting(portfolio)

        def halve_unguarded() -> bool:
            with transaction.atomic():
                occupied = Portfolio.objects.get(pk=portfolio.pk).occupied
                looked.wait()
                is_there.wait()
                Portfolio.objects.filter(pk=portfolio.pk).update(capacity=max(2, occupied))
                return occupied == 2

        def place_unguarded() -> bool:
            done = naive(person, portfolio, looked)()
            is_there.wait()
            return done

        with cap_dropped():
            assert at_once(halve_unguarded, place_unguarded) == [True, True]
            portfolio.refresh_from_db()
            assert portfolio.occupied == 3 > portfolio.capacity == 2
            assert not nothing_is_broken()


def test_without_the_lock_two_schedulers_move_a_person_twice(classic: Portfolio) -> None:
    """The control for planned transfers: both schedulers find the transfer planned, and both move the person."""
    target = PortfolioFactory(modality=Modality.GUIDE, agency=classic.agency)
    person, looked = placed(classic), Barrier(2, timeout=PATIENCE)
    planned_transfer(person, to=target, decided_by=classic.adviser.user)

    def carry_out_unguarded() -> bool:
        with transaction.atomic():
            is_planned = Transfer.objects.planned().filter(jobseeker=person).exists()
            looked.wait()
            Placement.objects.open().filter(jobseeker=person, portfolio=classic).update(
                ended_at=timezone.now(), end_reason=PlacementEnd.TRANSFERRED
            )
            Placement.objects.create(portfolio=target, jobseeker=person, started_at=timezone.now())
            return is_planned

    with (
        dropped("caseload_placement", "placement_one_open"),
        dropped("caseload_placement", "placement_never_overlaps"),
    ):
        assert at_once(carry_out_unguarded, carry_out_unguarded) == [True, True]
        assert Placement.objects.open().filter(jobseeker=person, portfolio=target).count() == 2
        assert not nothing_is_broken()
