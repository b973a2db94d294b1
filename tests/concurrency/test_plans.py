"""Two advisers set a person's contact plan at once: the second is told; and what happens without the lock."""

from datetime import timedelta
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import Channel
from accompaniment.models import ContactPlan, Jobseeker, User
from accompaniment.services import plans
from accompaniment.services.plans import PlanChangedMeanwhileError
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.concurrency.test_messages import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def change(actor: User, person: Jobseeker, *, seen: int, interval_days: int) -> ContactPlan:
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
    seen = ContactPlan.objects.current().get(jobseeker=person).pk
    results = at_once(
        *[lambda days=days: change(portfolio.adviser.user, person, seen=seen, interval_days=days) for days in (14, 42)]
    )
    (stands,) = [result for result in results if isinstance(result, ContactPlan)]
    (told,) = [result for result in results if isinstance(result, PlanChangedMeanwhileError)]
    assert told.current == stands
    assert ContactPlan.objects.current().get(jobseeker=person) == stands


def test_without_the_lock_both_find_the_plan_that_they_saw() -> None:
    """The control: looking without the lock lets both believe that nothing has changed."""
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    seen = ContactPlan.objects.current().get(jobseeker=person).pk
    both_have_looked = Barrier(2, timeout=5)

    def look() -> bool:
        with transaction.atomic():
            unchanged = ContactPlan.objects.current().get(jobseeker=person).pk == seen
            both_have_looked.wait()
            return unchanged

    assert at_once(look, look) == [True, True]
