"""Two who act on one call-back at the same moment. With a control of each race without its guard."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from accompaniment.models import User
from messaging.enums import AttemptOutcome, CallbackState
from messaging.models import CallbackAttempt, CallbackEvent, CallbackRequest, Message
from messaging.reads.invariants import MESSAGING_CHECKS
from messaging.rules import closes_unreached
from messaging.services.callback_clock import lapse_claims, tell_unreached
from messaging.services.callback_steps import CallbackClosedError, CallbackInHandError
from messaging.services.callbacks import cancel_callback, claim_callback, claim_next, close_callback, miss_callback
from tests.caseload.factories import AdviserFactory
from tests.concurrency.threads import PATIENCE, at_once
from tests.messaging.callback_days import MONDAY, asked, at, offered
from tests.messaging.factories import Pair, pair

pytestmark = pytest.mark.django_db(transaction=True)

MISSED = AttemptOutcome.NO_ANSWER


@pytest.fixture
def two() -> Pair:
    return pair()


@pytest.fixture
def request_now(two: Pair) -> Iterator[CallbackRequest]:
    """A request of which half of the time has passed; the clock stands still there."""
    request = asked(two)
    with time_machine.travel(request.team_at, tick=False):
        yield request


def colleague_of(two: Pair) -> User:
    colleague: User = AdviserFactory(agency=two.jobseeker.agency).user
    return colleague


def breaches() -> list[str]:
    return [breach for check in MESSAGING_CHECKS for breach in check()]


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def rows(request: CallbackRequest) -> list[tuple[str, str]]:
    return list(CallbackEvent.objects.filter(request=request).order_by("pk").values_list("from_state", "to_state"))


# --- Two who claim --------------------------------------------------------------------------------------------------


def test_of_two_who_claim_one_has_it(two: Pair, request_now: CallbackRequest) -> None:
    colleague = colleague_of(two)
    results = at_once(
        lambda: claim_callback(actor=two.adviser, request=request_now),
        lambda: claim_callback(actor=colleague, request=request_now),
    )
    assert kinds(results) == ["CallbackInHandError", "CallbackRequest"]
    assert rows(request_now) == [("", "open"), ("open", "claimed")]
    assert breaches() == []


def test_of_four_who_take_the_next_one_each_gets_another(two: Pair, request_now: CallbackRequest) -> None:
    for other in (pair(two.portfolio), pair(two.portfolio)):
        asked_before(other)
    colleagues = [two.adviser, *(colleague_of(two) for _ in range(3))]
    results = at_once(*[lambda user=user: claim_next(actor=user) for user in colleagues])
    taken = [result.pk for result in results if isinstance(result, CallbackRequest)]
    assert len(taken) == len(set(taken)) == 3
    assert results.count(None) == 1
    assert CallbackRequest.objects.filter(state=CallbackState.CLAIMED).count() == 3
    assert breaches() == []


def asked_before(other: Pair) -> CallbackRequest:
    with at(MONDAY):
        return asked(other, offered(other)[0])


def test_without_the_lock_two_have_the_same_in_hand(two: Pair, request_now: CallbackRequest) -> None:
    """The control: both read the open request before either claims it."""
    colleague = colleague_of(two)
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def claim_unguarded(user: User) -> int:
        with transaction.atomic():
            request = CallbackRequest.objects.get(pk=request_now.pk)
            assert request.state == CallbackState.OPEN
            both_have_looked.wait()
            request.state, request.claimed_by, request.claimed_at = CallbackState.CLAIMED, user, timezone.now()
            request.save()
            CallbackEvent.objects.create(
                request=request, at=timezone.now(), actor=user, from_state="open", to_state="claimed"
            )
            return user.pk

    results = at_once(lambda: claim_unguarded(two.adviser), lambda: claim_unguarded(colleague))
    assert sorted(results) == sorted([two.adviser.pk, colleague.pk])
    assert rows(request_now) == [("", "open"), ("open", "claimed"), ("open", "claimed")]


# --- A claim and its lapse ------------------------------------------------------------------------------------------


def test_a_claim_that_lapses_while_another_claims_lapses_once(two: Pair, request_now: CallbackRequest) -> None:
    colleague = colleague_of(two)
    claim_callback(actor=two.adviser, request=request_now)
    with time_machine.travel(timezone.now() + timedelta(minutes=15), tick=False):
        results = at_once(
            lapse_claims, lapse_claims, lambda: claim_callback(actor=colleague, request=request_now), lapse_claims
        )
    assert not any(isinstance(result, Exception) for result in results)
    assert rows(request_now) == [("", "open"), ("open", "claimed"), ("claimed", "open"), ("open", "claimed")]
    request_now.refresh_from_db()
    assert request_now.claimed_by == colleague
    assert breaches() == []


def test_without_the_lock_a_claim_lapses_twice(two: Pair, request_now: CallbackRequest) -> None:
    """The control: two jobs read the lapsed claim before either writes."""
    claim_callback(actor=two.adviser, request=request_now)
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def lapse_unguarded(now: Any) -> int:
        with transaction.atomic():
            requests = list(CallbackRequest.objects.lapsed(now))
            both_have_looked.wait()
            for request in requests:
                request.state, request.claimed_by, request.claimed_at = CallbackState.OPEN, None, None
                request.save()
                CallbackEvent.objects.create(request=request, at=now, from_state="claimed", to_state="open")
            return len(requests)

    now = timezone.now() + timedelta(minutes=15)
    assert at_once(lambda: lapse_unguarded(now), lambda: lapse_unguarded(now)) == [1, 1]
    assert rows(request_now).count(("claimed", "open")) == 2


# --- An attempt and a withdrawal ------------------------------------------------------------------------------------


@pytest.mark.parametrize("reached", [True, False])
def test_an_attempt_and_a_withdrawal_come_one_after_the_other(
    two: Pair, request_now: CallbackRequest, reached: bool
) -> None:
    claim_callback(actor=two.adviser, request=request_now)

    def attempt() -> CallbackRequest:
        if reached:
            return close_callback(actor=two.adviser, request=request_now, outcome="Dit.")
        return miss_callback(actor=two.adviser, request=request_now, outcome=MISSED)

    results = at_once(attempt, lambda: cancel_callback(actor=two.person, request=request_now))
    request_now.refresh_from_db()
    tried = CallbackAttempt.objects.filter(request=request_now).count()
    if isinstance(results[0], CallbackClosedError):
        assert (request_now.state, tried) == (CallbackState.CANCELLED, 0)
    elif reached:
        assert isinstance(results[1], CallbackClosedError)
        assert (request_now.state, tried) == (CallbackState.DONE, 1)
    else:
        assert (request_now.state, tried) == (CallbackState.CANCELLED, 1)
    assert breaches() == []


def test_without_the_lock_a_withdrawn_request_is_done(two: Pair, request_now: CallbackRequest) -> None:
    """The control: both read the open request, so the later one writes over the earlier one."""
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def end_unguarded(user: User, state: CallbackState) -> bool:
        with transaction.atomic():
            request = CallbackRequest.objects.get(pk=request_now.pk)
            assert request.state == CallbackState.OPEN
            both_have_looked.wait()
            request.state, request.closed_at, request.closed_by = state, timezone.now(), user
            request.save()
            CallbackEvent.objects.create(
                request=request, at=timezone.now(), actor=user, from_state="open", to_state=state
            )
            return True

    assert at_once(
        lambda: end_unguarded(two.adviser, CallbackState.DONE),
        lambda: end_unguarded(two.person, CallbackState.CANCELLED),
    ) == [True, True]
    assert len(rows(request_now)) == 3


# --- The third attempt ----------------------------------------------------------------------------------------------


def tried_twice(two: Pair) -> CallbackRequest:
    """Return a request with two attempts, of yesterday."""
    request = asked(two)
    for hours in (2, 3):
        with at(MONDAY + timedelta(hours=hours)):
            miss_callback(actor=two.adviser, request=request, outcome=MISSED)
    return request


def test_of_two_third_attempts_one_closes_the_request_and_one_message_leaves(two: Pair) -> None:
    request, colleague = tried_twice(two), colleague_of(two)
    with time_machine.travel(MONDAY + timedelta(days=1, hours=9), tick=False):
        results = at_once(
            lambda: miss_callback(actor=two.adviser, request=request, outcome=MISSED),
            lambda: miss_callback(actor=colleague, request=request, outcome=MISSED),
            tell_unreached,
            tell_unreached,
        )
        tell_unreached()
    assert [type(result) for result in results[:2] if isinstance(result, Exception)] == [CallbackClosedError]
    request.refresh_from_db()
    assert request.state == CallbackState.UNREACHED
    assert request.attempts.count() == 3
    assert Message.objects.count() == 1
    assert rows(request).count(("open", "unreached")) == 1
    assert breaches() == []


def test_without_the_lock_two_third_attempts_close_it_twice(two: Pair) -> None:
    """The control: both count two attempts and their own."""
    request = tried_twice(two)
    both_have_looked = Barrier(2, timeout=PATIENCE)
    now = MONDAY + timedelta(days=1, hours=9)

    def miss_unguarded() -> bool:
        with transaction.atomic():
            CallbackAttempt.objects.create(request_id=request.pk, at=now, actor=two.adviser, outcome=MISSED)
            tried = list(request.attempts.values_list("at", flat=True))
            both_have_looked.wait()
            if closes_unreached(tried, zone=two.jobseeker.agency.zone):
                CallbackEvent.objects.create(
                    request=request, at=now, actor=two.adviser, from_state="open", to_state="unreached"
                )
                return True
            return False

    assert at_once(miss_unguarded, miss_unguarded) == [True, True]
    assert request.attempts.count() == 4
    assert rows(request).count(("open", "unreached")) == 2


def test_who_has_it_in_hand_is_not_overtaken(two: Pair, request_now: CallbackRequest) -> None:
    """Of one who claims and one who records an attempt without a claim, one is refused or both come in order."""
    colleague = colleague_of(two)
    claimed, missed = at_once(
        lambda: claim_callback(actor=two.adviser, request=request_now),
        lambda: miss_callback(actor=colleague, request=request_now, outcome=MISSED),
    )
    assert isinstance(claimed, CallbackRequest)
    assert isinstance(missed, (CallbackRequest, CallbackInHandError))
    assert breaches() == []
