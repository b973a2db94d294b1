"""Acts that meet succeed if they lock in the fixed order. With controls that break the order."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier, Event

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import Model
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from accompaniment.enums import Channel, Modality, Tier
from accompaniment.hooks.track_changes import on_track_end
from accompaniment.models import Enrolment, Jobseeker, User
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.interview import open_registration_interview
from accompaniment.services.plans import change_plan
from caseload.models import Placement, Portfolio, TransferBatch
from caseload.services.desk.summaries import write_summary
from caseload.services.moves.transfers import transfer_people
from caseload.services.registration.decisions import validate_at_interview
from messaging.models import Message
from tests.accompaniment.factories import EnrolmentFactory, plan_defaults
from tests.caseload.factories import PortfolioFactory, findings, on_web_track, placed
from tests.concurrency.acts import book
from tests.concurrency.threads import at_once, until_somebody_waits
from tests.messaging.factories import Pair, pair, say
from tests.visio.factories import bookable_portfolio, due_obligation, follower
from visio.enums import InterviewState
from visio.models import Interview

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS = 6
PATIENCE = 10  # seconds


def test_leaving_and_entering_at_once_all_go_through() -> None:
    web = PortfolioFactory()
    classic = PortfolioFactory(adviser=web.adviser, agency=web.agency, modality=Modality.GUIDE)
    leaving = [on_web_track(web) for _ in range(PAIRS)]
    entering = [placed(classic, tier=Tier.GUIDE) for _ in range(PAIRS)]
    acts: list[partial[object]] = [partial(leave_track, actor=person.user, jobseeker=person) for person in leaving]
    for person in entering:
        waiting = EnrolmentFactory(jobseeker=person)
        actor = web.adviser.user
        interview = open_registration_interview(actor=actor, jobseeker=person)
        acts.append(
            partial(
                validate_at_interview,
                actor=actor,
                enrolment=waiting,
                interview=interview,
                findings=findings(),
                portfolio=web,
            )
        )
    results = at_once(*acts)
    assert [result for result in results if not isinstance(result, (Jobseeker, Placement, Enrolment))] == []
    in_web = set(Placement.objects.open().filter(portfolio=web).values_list("jobseeker", flat=True))
    in_classic = set(Placement.objects.open().filter(portfolio=classic).values_list("jobseeker", flat=True))
    assert in_web == {person.pk for person in entering}
    assert in_classic == {person.pk for person in leaving}


def test_leaving_and_entering_with_another_tier_all_go_through() -> None:
    """A validation that changes the tier locks the web portfolio and the old one together, and none before them."""
    plan_defaults()
    web = PortfolioFactory()
    PortfolioFactory(adviser=web.adviser, agency=web.agency, modality=Modality.GUIDE)
    of_the_tier = PortfolioFactory(adviser=web.adviser, agency=web.agency, modality=Modality.SUIVI)
    leaving = [on_web_track(web) for _ in range(PAIRS)]
    entering = [placed(of_the_tier, tier=Tier.SUIVI) for _ in range(PAIRS)]
    actor = web.adviser.user
    acts: list[partial[object]] = [partial(leave_track, actor=person.user, jobseeker=person) for person in leaving]
    for person in entering:
        # The request is older than the file's change of tier: asking requires the tier, and the interview sets it.
        waiting = Enrolment.objects.create(jobseeker=person, asked_at=timezone.now())
        interview = open_registration_interview(actor=actor, jobseeker=person)
        decision = {"actor": actor, "enrolment": waiting, "interview": interview, "portfolio": web}
        acts.append(partial(validate_at_interview, findings=findings(), **decision))
    results = at_once(*acts)
    assert [result for result in results if not isinstance(result, (Jobseeker, Placement))] == []
    in_web = set(Placement.objects.open().filter(portfolio=web).values_list("jobseeker", flat=True))
    assert in_web == {person.pk for person in entering}


def test_without_the_order_one_of_two_is_ended_by_the_database() -> None:
    """The control: each holds the portfolio that it leaves and waits for the other one."""
    first, second = PortfolioFactory(), PortfolioFactory()
    both_hold_one = Barrier(2, timeout=PATIENCE)

    def cross(own: Portfolio, other: Portfolio) -> bool:
        with transaction.atomic():
            Portfolio.objects.select_for_update().get(pk=own.pk)
            both_hold_one.wait()
            Portfolio.objects.select_for_update().get(pk=other.pk)
            return True

    results = at_once(partial(cross, first, second), partial(cross, second, first))
    (ended,) = [result for result in results if result is not True]
    assert isinstance(ended, OperationalError)
    assert isinstance(ended.__cause__, DeadlockDetected)


def meets_a_message(act: Callable[[Pair], object], two: Pair) -> tuple[object, object]:
    """Start `act` when a message has written the person's summary; commit the message when `act` waits."""
    written = Event()

    def message() -> None:
        with transaction.atomic():
            say(two.conversation, two.person)
            written.set()
            until_somebody_waits()

    def meeting() -> object:
        assert written.wait(PATIENCE)
        return act(two)

    sent, done = at_once(message, meeting)
    return sent, done


def leave(two: Pair) -> object:
    return leave_track(actor=two.person, jobseeker=two.jobseeker)


def replan(two: Pair) -> object:
    return change_plan(
        actor=two.adviser,
        jobseeker=two.jobseeker,
        channel=Channel.PHONE,
        interval_days=14,
        reason="Plus souvent",
        review_on=timezone.localdate() + timedelta(days=60),
    )


def transfer(two: Pair) -> object:
    return transfer_people(
        actor=two.adviser,
        people=Placement.objects.open().filter(jobseeker=two.jobseeker),
        targets=[bookable_portfolio(agency=two.portfolio.agency)],
        reason="Renfort",
    )


@pytest.mark.parametrize("act", [leave, replan, transfer])
def test_a_message_and_a_change_of_the_file_both_go_through(act: Callable[[Pair], object]) -> None:
    two = pair(bookable_portfolio())
    due_obligation(two.jobseeker)
    book(two.jobseeker)
    sent, done = meets_a_message(act, two)
    assert sent is None, sent
    assert not isinstance(done, Exception), done
    assert Message.objects.count() == 1


def test_with_the_strongest_lock_one_of_message_and_change_is_ended() -> None:
    """The control: a full lock on the person waits for the summary, whose writer waits for the person."""
    two = pair()

    def change(two: Pair) -> None:
        with transaction.atomic():
            Jobseeker.objects.select_for_update().get(pk=two.jobseeker.pk)
            write_summary(jobseeker_id=two.jobseeker.pk, to_place_by=None)

    (ended,) = [result for result in meets_a_message(change, two) if result is not None]
    assert isinstance(ended, OperationalError)
    assert isinstance(ended.__cause__, DeadlockDetected)


def same_hour() -> tuple[Jobseeker, Jobseeker, Portfolio]:
    """Return two people with interviews at the same hour with two advisers, and the first one's portfolio."""
    web = bookable_portfolio()
    other = bookable_portfolio(agency=web.agency)
    leaving, coming = on_web_track(web), on_web_track(other)
    book(coming, book(leaving).starts_at)
    return leaving, coming, web


def test_leaving_and_a_transfer_to_the_same_adviser_both_go_through() -> None:
    leaving, coming, web = same_hour()
    portfolio_is_held = Event()
    seen: list[bool] = []

    def pause(person: Jobseeker, actor: User | None, at: datetime) -> None:
        """Pause between the floors: portfolios are done, interviews are not, and the transfer comes to wait."""
        seen.append(Interview.objects.live().filter(jobseeker=person).exists())
        portfolio_is_held.set()
        until_somebody_waits()

    def move() -> object:
        assert portfolio_is_held.wait(PATIENCE)
        return transfer_people(
            actor=follower(coming).user,
            people=Placement.objects.open().filter(jobseeker=coming),
            targets=[web],
            reason="Renfort",
        )

    on_track_end.insert(1, pause)
    try:
        left, moved = at_once(partial(leave_track, actor=leaving.user, jobseeker=leaving), move)
    finally:
        on_track_end.remove(pause)
    assert isinstance(left, Jobseeker), left
    assert isinstance(moved, TransferBatch), moved
    assert seen == [True]
    assert Interview.objects.live().get().adviser == web.adviser


def test_interviews_before_portfolios_one_of_the_two_is_ended() -> None:
    """The control: the leaver has freed the hour and wants the portfolio; the newcomer holds it and wants the hour."""
    leaving, coming, web = same_hour()
    freed, held = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)
    now = timezone.now()

    def leave() -> bool:
        with transaction.atomic():
            Interview.objects.filter(jobseeker=leaving).update(
                state=InterviewState.CANCELLED, closed_at=now, closed_by=leaving.user
            )
            freed.wait()
            held.wait()
            Portfolio.objects.select_for_update().get(pk=web.pk)
            return True

    def move() -> bool:
        with transaction.atomic():
            Portfolio.objects.select_for_update().get(pk=web.pk)
            freed.wait()
            held.wait()
            Interview.objects.filter(jobseeker=coming).update(adviser=web.adviser)
            return True

    ended = [result for result in at_once(leave, move) if isinstance(result, Exception)]
    # If the database ends the one who leaves, the hour is taken again, and the other one is refused.
    assert any(isinstance(error.__cause__, DeadlockDetected) for error in ended), ended


LATER = {
    Jobseeker: {"accompaniment_user", "caseload_portfolio", "caseload_adviser", "caseload_transfer"},
    Portfolio: {"caseload_adviser", "caseload_absence"},
}
"""For each model: the tables of which a transaction that waits for one of its rows may hold no lock."""


def locked_by_who_waits() -> set[str]:
    """Return the tables in which the waiting transaction has locked rows, according to the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relation::regclass::text FROM pg_locks WHERE mode = 'RowShareLock' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid IN"
            " (SELECT pid FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple'))"
        )
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("held", [Jobseeker, Portfolio])
@pytest.mark.parametrize("act", [leave, transfer])
def test_who_waits_has_locked_nothing_that_comes_later(act: Callable[[Pair], object], held: type[Model]) -> None:
    two = pair(bookable_portfolio())
    row = two.jobseeker if held is Jobseeker else two.portfolio
    is_held = Event()

    def hold() -> set[str]:
        with transaction.atomic():
            held._default_manager.select_for_update(no_key=True).get(pk=row.pk)
            is_held.set()
            until_somebody_waits()
            return locked_by_who_waits()

    def meeting() -> object:
        assert is_held.wait(PATIENCE)
        return act(two)

    seen, done = at_once(hold, meeting)
    assert not isinstance(done, Exception), done
    assert isinstance(seen, set), seen
    assert held._meta.db_table in seen, "the waiting transaction has asked for the row"
    assert "accompaniment_jobseeker" in seen
    assert not seen & LATER[held]
