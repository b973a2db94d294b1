"""A lapse and a decision at the same moment: one of them counts. With a control without the lock."""

from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
import time_machine
from django.utils import timezone

from accompaniment.enums import EnrolmentState
from accompaniment.models import Enrolment, EnrolmentEvent, Notification
from accompaniment.reads.invariants import GROUND_CHECKS
from accompaniment.rules.errors import NotAllowedNowError
from caseload.models import Placement, Portfolio
from caseload.reads.invariants import CASELOAD_CHECKS
from caseload.services.registration import lapses
from tests.accompaniment.factories import lapse_delays, reference
from tests.caseload.factories import PortfolioFactory, volunteer
from tests.concurrency.acts import decide_unguarded, decided_twice, validation
from tests.concurrency.threads import PATIENCE, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    lapse_delays()
    return PortfolioFactory()


def overdue(portfolio: Portfolio) -> Enrolment:
    """Return an enrolment whose time for a decision ends today."""
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        return volunteer(portfolio)


def test_a_lapse_and_a_validation_at_once_are_one_or_the_other(portfolio: Portfolio) -> None:
    for _ in range(5):
        enrolment = overdue(portfolio)
        validated, lapsed = at_once(validation(enrolment, portfolio), partial(lapses.lapse_due, now=timezone.now()))
        enrolment.refresh_from_db()
        if isinstance(validated, Placement):
            assert (enrolment.state, lapsed) == (EnrolmentState.VALIDATED, 0)
        else:
            assert isinstance(validated, NotAllowedNowError)
            assert (enrolment.state, lapsed) == (EnrolmentState.LAPSED, 1)
            assert not Placement.objects.open().filter(jobseeker=enrolment.jobseeker).exists()
        assert EnrolmentEvent.objects.filter(enrolment=enrolment).count() == 2
        assert [breach for check in (*GROUND_CHECKS, *CASELOAD_CHECKS) for breach in check()] == []


def test_five_schedulers_at_once_lapse_each_person_once(portfolio: Portfolio) -> None:
    enrolments = [overdue(portfolio) for _ in range(6)]
    results = at_once(*[partial(lapses.lapse_due, now=timezone.now())] * 5)
    assert sum(result for result in results if isinstance(result, int)) == len(enrolments)
    assert not [result for result in results if isinstance(result, Exception)]
    assert Notification.objects.filter(kind="enrolment_lapsed").count() == len(enrolments)
    digests = Notification.objects.filter(kind="volunteer_lapsed")
    told = [line["identifier"] for digest in digests for line in digest.context["lines"]]
    assert sorted(told) == sorted(enrolment.jobseeker.identifier for enrolment in enrolments)


def test_without_the_lock_both_decide(portfolio: Portfolio) -> None:
    """The control: both find it waiting and both write, so the second silently overrides the first."""
    enrolment, both_have_looked = overdue(portfolio), Barrier(2, timeout=PATIENCE)
    lapse, withdraw = (
        decide_unguarded(enrolment, both_have_looked, state=state)
        for state in (EnrolmentState.LAPSED, EnrolmentState.WITHDRAWN)
    )
    assert at_once(lapse, withdraw) == [True, True]
    decided_twice(enrolment)
