"""A file moves people between portfolios while others are moved by hand. With a control without locks.

Kind: one transaction that takes many portfolios, while others take two.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Event

import pytest
from django.db import DatabaseError, transaction
from psycopg.errors import DeadlockDetected
from pytest_django import Settings

from accompaniment.enums import Modality, Tier
from accompaniment.hooks.track_changes import TierFollower, on_tier_change
from accompaniment.models import Jobseeker, User
from accompaniment.rules.imports.outcome import JobseekerOutcome
from accompaniment.services.imports import load_jobseekers
from caseload.models import Placement, Portfolio, TransferBatch
from caseload.services.moves import placements
from caseload.services.moves.placements import PortfolioFullError
from tests.accompaniment.factories import JobseekerFactory
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import PortfolioFactory, placed
from tests.concurrency.acts import decision, nothing_is_broken, open_places, placing
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def load(*people: Jobseeker, tier: Tier = Tier.SUIVI) -> JobseekerOutcome:
    rows = [
        registration(
            one.agency, identifiant=one.identifier, email=one.email or "", volontaire_web="N", modalite=tier.value
        )
        for one in people
    ]
    return load_jobseekers(actor=None, source=as_file(*rows))


class Meeting:
    """Two people of one file, and a third person whom a manager moves between the portfolios that they leave.

    The file's first person leaves the portfolio with the higher key, the second one the other. So taking them in the
    order of the file is the wrong order.
    """

    def __init__(self) -> None:
        self.low = PortfolioFactory(modality=Modality.GUIDE)
        self.high = PortfolioFactory(modality=Modality.GUIDE, agency=self.low.agency)
        self.target = PortfolioFactory(modality=Modality.SUIVI, agency=self.low.agency)
        self.first, self.second = placed(self.high), placed(self.low)
        self.moved_by_hand = placed(self.low)
        load(self.first, self.second, tier=Tier.GUIDE)

    def transfer(self) -> TransferBatch:
        """Move the third person as a manager does. If the database ends the transaction, try again."""
        return decision(self.moved_by_hand, self.high)()

    def one_try(self) -> int:
        """Lock the portfolios of this move once, as every move does."""
        with transaction.atomic():
            placements.lock_in_order(jobseeker=self.moved_by_hand, portfolios=[self.high])
        return self.high.pk

    def take_place(self, by_hand: Callable[[], object]) -> tuple[object, object]:
        """Move the first person by the file, let the manager come to wait, and move the second."""
        first_has_moved = Event()

        def pause(person: Jobseeker, actor: User | None, at: datetime) -> None:
            if person == self.first:
                first_has_moved.set()
                until_somebody_waits()

        def meanwhile() -> object:
            assert first_has_moved.wait(PATIENCE)
            return by_hand()

        with following(TierFollower(foresee=lambda person, tier: [], follow=pause)):
            loaded, moved = at_once(partial(load, self.first, self.second), meanwhile)
        return loaded, moved


@contextmanager
def following(follower: TierFollower) -> Iterator[None]:
    """Add one more handler, which runs after all floors."""
    on_tier_change.append(follower)
    try:
        yield
    finally:
        on_tier_change.remove(follower)


def test_a_file_and_a_transfer_both_go_through() -> None:
    meeting = Meeting()
    loaded, moved = meeting.take_place(meeting.transfer)
    assert isinstance(loaded, JobseekerOutcome), loaded
    assert isinstance(moved, TransferBatch), moved
    assert loaded.followed == {meeting.first.pk, meeting.second.pk}
    assert open_places(meeting.first) == open_places(meeting.second) == [meeting.target.pk]
    assert open_places(meeting.moved_by_hand) == [meeting.high.pk]
    assert nothing_is_broken()


def test_a_file_and_one_try_to_move_somebody_both_go_through() -> None:
    meeting = Meeting()
    loaded, taken = meeting.take_place(meeting.one_try)
    assert isinstance(loaded, JobseekerOutcome), loaded
    assert taken == meeting.high.pk


def test_without_all_portfolios_taken_first_one_of_the_two_is_ended(settings: Settings) -> None:
    """The control: the file takes the portfolios person by person, and each side waits for what the other holds."""
    settings.LOCKS_OUT_OF_ORDER_RAISE = False
    meeting = Meeting()
    (place,) = [number for number, one in enumerate(on_tier_change) if one.hold is placements.hold_for_tier_changes]
    guarded = on_tier_change[place]
    on_tier_change[place] = replace(guarded, hold=set)
    try:
        results = meeting.take_place(meeting.one_try)
    finally:
        on_tier_change[place] = guarded
    (ended,) = [result for result in results if isinstance(result, Exception)]
    cause = ended if isinstance(ended, DatabaseError) else ended.__cause__
    assert isinstance(cause, DatabaseError)
    assert isinstance(cause.__cause__, DeadlockDetected), ended
    assert nothing_is_broken()


@pytest.mark.parametrize("file_comes_first", [True, False])
def test_of_a_file_and_a_placement_one_gets_the_last_place(file_comes_first: bool) -> None:
    """The later one waits and finds the portfolio full.

    By hand it is refused; the file puts the person on the waiting list.
    """
    guide = PortfolioFactory(modality=Modality.GUIDE)
    last = PortfolioFactory(modality=Modality.SUIVI, agency=guide.agency, capacity=1)
    person = placed(guide)
    load(person, tier=Tier.GUIDE)
    waiting = JobseekerFactory(agency=guide.agency, tier=Tier.SUIVI)
    by_file: Callable[[], object] = partial(load, person)
    by_hand: Callable[[], object] = placing(waiting, last)
    loaded, stands = at_once(by_file, by_hand) if not file_comes_first else _while_the_file_holds(by_file, by_hand)
    assert isinstance(loaded, JobseekerOutcome), loaded
    last.refresh_from_db()
    assert last.occupied == 1
    if isinstance(stands, PortfolioFullError):
        assert (open_places(person), open_places(waiting)) == ([last.pk], [])
    else:
        assert isinstance(stands, Placement), stands
        assert not file_comes_first
        assert (open_places(person), open_places(waiting)) == ([], [last.pk])
    assert Portfolio.objects.get(pk=guide.pk).occupied == 0
    assert nothing_is_broken()


def _while_the_file_holds(by_file: Callable[[], object], by_hand: Callable[[], object]) -> tuple[object, object]:
    holds = Event()

    def hold(changes: object) -> set[int]:
        holds.set()
        until_somebody_waits()
        return set()

    def later() -> object:
        assert holds.wait(PATIENCE)
        return by_hand()

    follower = TierFollower(foresee=lambda person, tier: [], follow=lambda person, actor, at: None, hold=hold)
    with following(follower):
        loaded, stands = at_once(by_file, later)
    return loaded, stands
