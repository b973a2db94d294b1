"""Two advisers set a person's contact plan at once: the second is told. With controls without the lock."""

from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel
from accompaniment.models import ContactPlan, Jobseeker, PlanRequest, User
from accompaniment.reads.contact_plans import plan_states
from accompaniment.rules.errors import NotAllowedNowError
from accompaniment.rules.meanwhile import ChangedMeanwhileError, State
from accompaniment.services import plans
from accompaniment.services.plan_reviews import answer_plan_request, ask_plan_change, decide_plan, withdraw_plan_request
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.concurrency.guards import dropped
from tests.concurrency.threads import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def change(actor: User, person: Jobseeker, *, seen: State, interval_days: int) -> ContactPlan:
    return plans.change_plan(
        actor=actor,
        jobseeker=person,
        channel=Channel.PHONE,
        interval_days=interval_days,
        reason="À deux",
        review_on=timezone.localdate() + timedelta(days=60),
        seen=seen,
    )


def test_of_two_changes_at_once_one_stands_and_the_other_is_told() -> None:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    seen = plan_states([person.pk])[person.pk].state
    results = at_once(
        *[lambda days=days: change(portfolio.adviser.user, person, seen=seen, interval_days=days) for days in (14, 42)]
    )
    (stands,) = [result for result in results if isinstance(result, ContactPlan)]
    (told,) = [result for result in results if isinstance(result, ChangedMeanwhileError)]
    assert told.now.state["plan"] == str(stands.pk)
    assert ContactPlan.objects.current().get(jobseeker=person) == stands


def test_of_two_wishes_at_once_one_stands() -> None:
    person = on_web_track(PortfolioFactory())
    results = at_once(*[lambda: ask_plan_change(actor=person.user, jobseeker=person, comment="Le matin")] * 3)
    assert len([result for result in results if isinstance(result, PlanRequest)]) == 1
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 2
    assert PlanRequest.objects.open().count() == 1


def test_without_lock_and_index_two_wishes_stand() -> None:
    """The control: both check before either writes, so only the index can refuse one."""
    person = on_web_track(PortfolioFactory())
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def ask_unguarded() -> bool:
        with transaction.atomic():
            assert not PlanRequest.objects.open().filter(jobseeker=person).exists()
            both_have_looked.wait()
            PlanRequest.objects.create(jobseeker=person, asked_at=timezone.now(), comment="Le matin")
            return True

    with dropped("accompaniment_planrequest", "plan_request_one_open"):
        assert at_once(ask_unguarded, ask_unguarded) == [True, True]
        assert PlanRequest.objects.open().count() == 2


def test_a_wish_at_the_moment_of_a_decision_is_answered_by_nobody_who_did_not_see_it() -> None:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    seen = plan_states([person.pk])[person.pk].state
    wish, decided = at_once(
        lambda: ask_plan_change(actor=person.user, jobseeker=person, comment="Le matin"),
        lambda: decide_plan(
            actor=portfolio.adviser.user,
            jobseeker=person,
            new_plan=None,
            reason="Tout va bien.",
            review_on=timezone.localdate() + timedelta(days=60),
            seen=seen,
        ),
    )
    assert decided is None or isinstance(decided, ChangedMeanwhileError)
    wish.refresh_from_db()
    assert wish.answered_at is None


def test_a_wish_that_is_taken_back_while_it_is_answered_is_one_or_the_other() -> None:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    wish = ask_plan_change(actor=person.user, jobseeker=person, comment="Le matin")
    results = at_once(
        lambda: withdraw_plan_request(actor=person.user, request=wish),
        lambda: answer_plan_request(actor=portfolio.adviser.user, request=wish, accepted=False, answer="Non"),
    )
    (done,) = [result for result in results if isinstance(result, PlanRequest)]
    assert len([result for result in results if isinstance(result, NotAllowedNowError)]) == 1
    wish.refresh_from_db()
    assert (wish.withdrawn_at is None) == (wish.answered_at is not None) == (done.answered_at is not None)


def test_without_lock_and_check_a_wish_is_taken_back_and_answered() -> None:
    """The control: both have found it open, and each writes."""
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    wish = ask_plan_change(actor=person.user, jobseeker=person, comment="Le matin")
    both_have_looked = Barrier(2, timeout=PATIENCE)
    now = timezone.now()

    def settle_unguarded(**facts: Any) -> bool:
        with transaction.atomic():
            assert PlanRequest.objects.open().filter(pk=wish.pk).exists()
            both_have_looked.wait()
            return bool(PlanRequest.objects.filter(pk=wish.pk).update(**facts))

    with dropped("accompaniment_planrequest", "plan_request_withdrawn_or_answered"):
        assert at_once(
            lambda: settle_unguarded(withdrawn_at=now, withdrawn_by=person.user),
            lambda: settle_unguarded(
                answered_at=now, answered_by=portfolio.adviser.user, accepted=False, answer="Non."
            ),
        ) == [True, True]
        wish.refresh_from_db()
        assert wish.withdrawn_at == wish.answered_at == now


def test_without_the_lock_the_second_overrides_the_first() -> None:
    """The control: both find the plan that they saw, so neither is told, and only the unique index notices."""
    person = on_web_track(PortfolioFactory())
    seen = ContactPlan.objects.current().get(jobseeker=person)
    both_have_looked = Barrier(2, timeout=PATIENCE)

    def change_unguarded(interval_days: int) -> bool:
        with transaction.atomic():
            assert ContactPlan.objects.current().get(jobseeker=person) == seen
            both_have_looked.wait()
            ContactPlan.objects.filter(pk=seen.pk).update(ended_on=seen.starts_on)
            ContactPlan.objects.create(
                jobseeker=person,
                channel=Channel.PHONE,
                interval_days=interval_days,
                starts_on=seen.starts_on,
                review_on=seen.review_on,
                reason="À deux",
            )
            return True

    changes = [partial(change_unguarded, days) for days in (14, 42)]
    with dropped("accompaniment_contactplan", "contact_plan_one_current"):
        assert at_once(*changes) == [True, True]
        stand = ContactPlan.objects.current().filter(jobseeker=person)
        assert sorted(stand.values_list("interval_days", flat=True)) == [14, 42]
