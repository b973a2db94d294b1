"""Many acts at once on the cap of a portfolio and on one enrolment. With controls without the guards."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Barrier, Event

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accompaniment.enums import EnrolmentState, Modality, RefusalReason, Tier, Track
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    Contact,
    Enrolment,
    EnrolmentEvent,
    Jobseeker,
    Notification,
    RegistrationInterview,
    User,
)
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from accompaniment.services.enrolments.acceptance import accept_terms, leave_track
from accompaniment.services.enrolments.interview import conclude_registration_interview, open_registration_interview
from caseload.models import Cover, Placement, Portfolio
from caseload.services.moves.placements import PortfolioFullError, place
from caseload.services.registration.decisions import refuse_at_interview
from caseload.services.steering.capacities import set_capacity
from caseload.services.steering.staff import close_account, left_to_settle
from tests.accompaniment.factories import JobseekerFactory, consent_text_in_force, reference
from tests.caseload.factories import (
    AdviserFactory,
    CapacityFactory,
    ManagerFactory,
    PortfolioFactory,
    fill,
    findings,
    planned_absence,
    volunteer,
)
from tests.concurrency.acts import decide_unguarded, decided_twice, nothing_is_broken, validation
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)

CAPACITY = 5
TAKEN = 2
CANDIDATES = 12


@pytest.fixture
def portfolio() -> Portfolio:
    """A portfolio with three free places."""
    reference()
    nearly_full = PortfolioFactory(capacity=CAPACITY)
    fill(nearly_full, TAKEN)
    return nearly_full


def test_as_many_are_validated_as_there_are_places(portfolio: Portfolio) -> None:
    waiting = [volunteer(portfolio) for _ in range(CANDIDATES)]
    acts = [validation(enrolment, portfolio) for enrolment in waiting]
    audited = AuditEntry.objects.count()
    results = at_once(*acts)

    placed = [result for result in results if isinstance(result, Placement)]
    refused = [result for result in results if isinstance(result, PortfolioFullError)]
    assert (len(placed), len(refused)) == (CAPACITY - TAKEN, CANDIDATES - CAPACITY + TAKEN)
    portfolio.refresh_from_db()
    assert portfolio.occupied == CAPACITY
    assert nothing_is_broken()

    # Nothing was written for those who found no place: they still wait, and their interview is in progress.
    losers = [enrolment.jobseeker_id for enrolment, result in zip(waiting, results, strict=True) if result in refused]
    assert set(Enrolment.objects.filter(jobseeker__in=losers).values_list("state", flat=True)) == {EnrolmentState.ASKED}
    assert EnrolmentEvent.objects.filter(enrolment__jobseeker__in=losers).count() == len(losers)
    assert RegistrationInterview.objects.filter(jobseeker__in=losers, concluded_at=None).count() == len(losers)
    assert not Contact.objects.filter(jobseeker__in=losers).exists()
    assert not Notification.objects.filter(jobseeker__in=losers).exists()
    assert not Placement.objects.filter(jobseeker__in=losers).exists()
    assert not Jobseeker.objects.filter(pk__in=losers).exclude(user=None).exists()
    assert Accompaniment.objects.filter(jobseeker__in=losers).count() == len(losers)
    rows_of_winners = AuditEntry.objects.exclude(jobseeker__in=losers).count()
    assert AuditEntry.objects.count() == rows_of_winners + 2 * len(losers)  # the request, and the begun interview
    assert AuditEntry.objects.count() > audited


def test_who_comes_late_is_refused_before_anything_is_written(portfolio: Portfolio) -> None:
    late, there_already = volunteer(portfolio), volunteer(portfolio)
    with transaction.atomic():
        place(actor=None, jobseeker=there_already.jobseeker, portfolio=portfolio)
    fill(portfolio, CAPACITY - TAKEN - 1)
    assert portfolio.occupied == CAPACITY
    refused, accepted = validation(late, portfolio), validation(there_already, portfolio)
    with CaptureQueriesContext(connection) as sent, pytest.raises(PortfolioFullError):
        refused()
    assert not [query["sql"] for query in sent if query["sql"].startswith(("INSERT", "UPDATE"))]
    assert isinstance(accepted(), Placement)
    portfolio.refresh_from_db()
    assert portfolio.occupied == CAPACITY


class TestWithoutTheGuards:
    """The controls: all check before anybody writes."""

    def newcomers(self, portfolio: Portfolio) -> list[Jobseeker]:
        return [JobseekerFactory(agency=portfolio.agency) for _ in range(CANDIDATES)]

    def naive(self, person: Jobseeker, portfolio: Portfolio, all_have_looked: Barrier) -> bool:
        with transaction.atomic():
            seen = Portfolio.objects.get(pk=portfolio.pk)
            all_have_looked.wait(timeout=PATIENCE)
            if seen.occupied >= seen.capacity:
                return False
            Placement.objects.create(portfolio=seen, jobseeker=person, started_at=timezone.now())
            return True

    @contextmanager
    def cap_dropped(self) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'portfolio_within_capacity'"
            )
            (definition,) = cursor.fetchone()
            cursor.execute("ALTER TABLE caseload_portfolio DROP CONSTRAINT portfolio_within_capacity")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM caseload_placement")
                cursor.execute(f"ALTER TABLE caseload_portfolio ADD CONSTRAINT portfolio_within_capacity {definition}")

    def test_the_portfolio_overflows(self, portfolio: Portfolio) -> None:
        people, all_have_looked = self.newcomers(portfolio), Barrier(CANDIDATES)
        with self.cap_dropped():
            results = at_once(*(partial(self.naive, person, portfolio, all_have_looked) for person in people))
            assert results == [True] * CANDIDATES
            portfolio.refresh_from_db()
            assert portfolio.occupied == TAKEN + CANDIDATES > portfolio.capacity
            assert not nothing_is_broken()

    def test_the_check_alone_stops_it(self, portfolio: Portfolio) -> None:
        people, all_have_looked = self.newcomers(portfolio), Barrier(CANDIDATES)
        results = at_once(*(partial(self.naive, person, portfolio, all_have_looked) for person in people))
        assert results.count(True) == CAPACITY - TAKEN
        assert all(isinstance(result, IntegrityError) for result in results if result is not True)
        portfolio.refresh_from_db()
        assert portfolio.occupied == CAPACITY

    def test_the_lock_alone_stops_it(self, portfolio: Portfolio) -> None:
        people = self.newcomers(portfolio)

        def guarded(person: Jobseeker) -> Placement:
            with transaction.atomic():
                return place(actor=None, jobseeker=person, portfolio=portfolio)

        with self.cap_dropped():
            results = at_once(*(partial(guarded, person) for person in people))
            assert len([result for result in results if isinstance(result, Placement)]) == CAPACITY - TAKEN
            portfolio.refresh_from_db()
            assert portfolio.occupied == CAPACITY


class TestALowerCapAtTheSameMoment:
    """A manager lowers the cap to the present occupancy while an adviser places one more person."""

    def test_one_of_both_is_refused(self, portfolio: Portfolio) -> None:
        manager = ManagerFactory().user
        lower = partial(
            set_capacity,
            actor=manager,
            modality=Modality.GUIDE_WEB,
            agency=portfolio.agency,
            value=TAKEN,
            starts_on=timezone.now().astimezone(portfolio.agency.zone).date(),
            reason="Effectif",
        )
        cap, placed = at_once(lower, validation(volunteer(portfolio), portfolio))
        portfolio.refresh_from_db()
        if isinstance(placed, Placement):
            assert isinstance(cap, DomainError)
            assert (portfolio.occupied, portfolio.capacity) == (TAKEN + 1, CAPACITY)
        else:
            assert isinstance(placed, PortfolioFullError)
            assert (portfolio.occupied, portfolio.capacity) == (TAKEN, TAKEN)
        assert nothing_is_broken()

    def test_without_the_lock_both_go_through_what_they_saw(self, portfolio: Portfolio) -> None:
        """The control: the manager checks, then the adviser places. Only the CHECK refuses the lower cap."""
        seen, done = Barrier(2), Barrier(2)
        person = JobseekerFactory(agency=portfolio.agency)

        def lower_unguarded() -> bool:
            with transaction.atomic():
                fits = Portfolio.objects.get(pk=portfolio.pk).occupied <= TAKEN
                seen.wait(timeout=PATIENCE)
                done.wait(timeout=PATIENCE)
                Portfolio.objects.filter(pk=portfolio.pk).update(capacity=TAKEN)
                return fits

        def place_one() -> Placement:
            seen.wait(timeout=PATIENCE)
            with transaction.atomic():
                placed = place(actor=None, jobseeker=person, portfolio=portfolio)
            done.wait(timeout=PATIENCE)
            return placed

        lowered, placed = at_once(lower_unguarded, place_one)
        assert isinstance(placed, Placement)
        assert isinstance(lowered, IntegrityError)


class TestAnAccountThatCloses:
    """A manager closes an adviser's account while a colleague places a person there."""

    def test_nobody_is_placed_with_a_closed_account(self) -> None:
        reference()
        empty = PortfolioFactory()
        colleague = PortfolioFactory(agency=empty.agency).adviser.user
        CapacityFactory()
        close = partial(close_account, actor=ManagerFactory().user, user=empty.adviser.user)
        closed, placed = at_once(close, validation(volunteer(empty), empty, colleague))
        empty.refresh_from_db()
        empty.adviser.user.refresh_from_db()
        if isinstance(placed, Placement):
            assert isinstance(closed, DomainError)
            assert (empty.occupied, empty.adviser.user.is_active) == (1, True)
        else:
            assert isinstance(placed, PortfolioFullError)
            assert (empty.occupied, empty.capacity, empty.adviser.user.is_active) == (0, 0, False)
        assert nothing_is_broken()

    def test_nobody_who_leaves_is_named_as_a_cover(self) -> None:
        absent = PortfolioFactory()
        colleague = AdviserFactory(agency=absent.agency)
        close = partial(close_account, actor=ManagerFactory().user, user=colleague.user)
        closed, named = at_once(close, partial(planned_absence, absent, colleague=colleague))
        is_open = User.objects.get(pk=colleague.user_id).is_active
        assert isinstance(closed, DomainError) == is_open, closed
        assert isinstance(named, DomainError) != is_open, named
        assert Cover.objects.filter(colleague=colleague).exists() == is_open

    def test_closing_waits_for_the_absence_that_names_the_cover(self) -> None:
        absent = PortfolioFactory()
        colleague = AdviserFactory(agency=absent.agency)
        written = Event()

        def slow_absence() -> None:
            with transaction.atomic():
                planned_absence(absent, colleague=colleague)
                written.set()
                until_somebody_waits()

        def close() -> None:
            assert written.wait(PATIENCE)
            close_account(actor=ManagerFactory().user, user=colleague.user)

        named, closed = at_once(slow_absence, close)
        assert named is None, named
        assert isinstance(closed, DomainError)
        assert "relais" in closed.sentence

    def test_without_the_colleague_s_row_the_cover_is_not_seen(self) -> None:
        """The control: a check while the absence is being written does not see its cover."""
        absent = PortfolioFactory()
        colleague = AdviserFactory(agency=absent.agency)
        written, asked = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

        def absence() -> None:
            with transaction.atomic():
                planned_absence(absent, colleague=colleague)
                written.wait()
                asked.wait()

        def close() -> list[str]:
            written.wait()
            left = left_to_settle(colleague)
            User.objects.filter(pk=colleague.user_id).update(is_active=False)
            asked.wait()
            return left

        named, left = at_once(absence, close)
        assert (named, left) == (None, [])
        assert Cover.objects.filter(colleague__user__is_active=False).exists()

    def test_without_its_places_taken_away_somebody_is_placed_there(self) -> None:
        """The control: a colleague who checked before the account was closed still places a person there."""
        empty = PortfolioFactory()
        person = JobseekerFactory(agency=empty.agency)
        seen, closed = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

        def close_unguarded() -> bool:
            nobody = not Placement.objects.open().filter(portfolio=empty).exists()
            seen.wait()
            User.objects.filter(pk=empty.adviser.user_id).update(is_active=False)
            closed.wait()
            return nobody

        def place_one() -> bool:
            with transaction.atomic():
                proposed = (
                    Portfolio.objects.proposed_for(empty.agency, empty.modality, timezone.localdate())
                    .filter(pk=empty.pk)
                    .exists()
                )
                seen.wait()
                closed.wait()
                place(actor=None, jobseeker=person, portfolio=empty)
                return proposed

        assert at_once(close_unguarded, place_one) == [True, True]
        left = Placement.objects.open().get(jobseeker=person).portfolio.adviser.user
        assert not left.is_active


class TestTwoDecisionsAtOnce:
    def test_one_wins(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        colleague = PortfolioFactory(agency=portfolio.agency).adviser.user
        interview = open_registration_interview(actor=colleague, jobseeker=enrolment.jobseeker)
        results = at_once(
            validation(enrolment, portfolio),
            partial(
                refuse_at_interview,
                actor=colleague,
                enrolment=enrolment,
                interview=interview,
                findings=findings(),
                reason=RefusalReason.EASE,
                comment="",
            ),
        )
        assert [isinstance(result, NotAllowedNowError) for result in results].count(True) == 1
        (won,) = [result for result in results if not isinstance(result, NotAllowedNowError)]
        enrolment.refresh_from_db()
        portfolio.refresh_from_db()
        if isinstance(won, Placement):
            assert (enrolment.state, portfolio.occupied) == (EnrolmentState.VALIDATED, TAKEN + 1)
        else:
            assert (enrolment.state, portfolio.occupied) == (EnrolmentState.REFUSED, TAKEN)
        assert EnrolmentEvent.objects.filter(enrolment=enrolment).count() == 2
        assert Contact.objects.filter(jobseeker=enrolment.jobseeker).count() == 1
        assert nothing_is_broken()

    def test_the_same_one_sent_twice_counts_once(self, portfolio: Portfolio) -> None:
        enrolment = volunteer(portfolio)
        results = at_once(*[validation(enrolment, portfolio)] * 4)
        assert len([result for result in results if isinstance(result, Placement)]) == 1
        assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 3
        portfolio.refresh_from_db()
        assert portfolio.occupied == TAKEN + 1

    def test_without_the_lock_both_decide(self, portfolio: Portfolio) -> None:
        """The control: both find it undecided and both write, so the second silently overrides the first."""
        enrolment, both_have_looked = volunteer(portfolio), Barrier(2, timeout=PATIENCE)
        refuse, withdraw = (
            decide_unguarded(enrolment, both_have_looked, **facts)
            for facts in (
                {
                    "state": EnrolmentState.REFUSED,
                    "refusal_reason": RefusalReason.EASE,
                    "closed_by": portfolio.adviser.user,
                },
                {"state": EnrolmentState.WITHDRAWN, "refusal_reason": ""},
            )
        )
        assert at_once(refuse, withdraw) == [True, True]
        decided_twice(enrolment)


def test_acceptance_and_validation_at_once_start_the_track(portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio, with_account=True)
    person = enrolment.jobseeker
    results = at_once(
        validation(enrolment, portfolio),
        partial(accept_terms, actor=person.user, jobseeker=person, text=consent_text_in_force()),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.ACTIVE
    assert nothing_is_broken()


def test_without_the_lock_each_of_the_two_waits_for_the_other(portfolio: Portfolio) -> None:
    """The control: neither sees what the other writes, so the validated and accepted track never begins."""
    enrolment = volunteer(portfolio, with_account=True)
    person, adviser = enrolment.jobseeker, portfolio.adviser.user
    interview = conclude_registration_interview(
        actor=adviser,
        interview=open_registration_interview(actor=adviser, jobseeker=person),
        findings=findings(),
    )
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def validate_unguarded() -> bool:
        with transaction.atomic():
            accepted = Consent.objects.standing().filter(jobseeker=person).exists()
            both_have_looked.wait()
            Enrolment.objects.filter(pk=enrolment.pk).update(
                state=EnrolmentState.VALIDATED,
                validated_at=timezone.now(),
                validated_by=adviser,
                interview=interview,
                equipment_declared_at=interview.concluded_at,
            )
            return accepted

    def accept_unguarded() -> bool:
        with transaction.atomic():
            is_validated = Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.VALIDATED
            both_have_looked.wait()
            Consent.objects.create(
                jobseeker=person, text=consent_text_in_force(), accepted_at=timezone.now(), shown="Le texte"
            )
            return is_validated

    assert at_once(validate_unguarded, accept_unguarded) == [False, False]
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.VALIDATED
    assert Consent.objects.standing().filter(jobseeker=person).exists()
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.CLASSIC


def test_leaving_and_accepting_at_once_leaves_one_current_period(portfolio: Portfolio) -> None:
    enrolment = volunteer(portfolio, with_account=True)
    person = enrolment.jobseeker
    validation(enrolment, portfolio)()
    person.refresh_from_db()
    at_once(
        partial(leave_track, actor=person.user, jobseeker=person),
        partial(accept_terms, actor=person.user, jobseeker=person, text=consent_text_in_force()),
    )
    assert Accompaniment.objects.current().filter(jobseeker=person).count() == 1
    assert not Enrolment.objects.open().filter(jobseeker=person).exists()
    assert nothing_is_broken()


def test_without_the_lock_who_has_left_is_followed_at_a_distance(portfolio: Portfolio) -> None:
    """The control: the acceptance relies on what it read before the person left."""
    enrolment = volunteer(portfolio, with_account=True)
    person = enrolment.jobseeker
    validation(enrolment, portfolio)()
    person.refresh_from_db()
    looked, left = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def accept_unguarded() -> bool:
        with transaction.atomic():
            seen = Enrolment.objects.get(pk=enrolment.pk)
            looked.wait()
            left.wait()
            now = timezone.now()
            seen.consent = Consent.objects.create(
                jobseeker=person, text=consent_text_in_force(), accepted_at=now, shown="Le texte"
            )
            seen.state, seen.started_at = EnrolmentState.ACTIVE, now
            seen.save()
            Accompaniment.objects.current().filter(jobseeker=person).update(ended_at=now)
            Accompaniment.objects.create(
                jobseeker=person, tier=Tier.GUIDE, track=Track.WEB, enrolment=seen, started_at=now
            )
            return True

    def leave() -> bool:
        looked.wait()
        leave_track(actor=person.user, jobseeker=person)
        gone = Enrolment.objects.get(pk=enrolment.pk).state == EnrolmentState.WITHDRAWN
        left.wait()
        return gone

    assert at_once(accept_unguarded, leave) == [True, True]
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB
    assert not nothing_is_broken()
