"""Moves to and fro between two portfolios never wait for each other; and what happens without the order."""

from functools import partial
from threading import Barrier

import pytest
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from accompaniment.enums import Modality, Tier
from accompaniment.models import Enrolment, Jobseeker
from accompaniment.services import enrolments
from caseload.models import Placement, Portfolio
from caseload.services.enrolments import validate_at_interview
from tests.accompaniment.factories import EnrolmentFactory
from tests.caseload.factories import PortfolioFactory, findings, on_web_track, placed
from tests.concurrency.test_messages import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS = 6
PATIENCE = 10  # seconds


def test_leaving_and_entering_at_once_all_go_through() -> None:
    web = PortfolioFactory()
    classic = PortfolioFactory(adviser=web.adviser, agency=web.agency, modality=Modality.GUIDE)
    leaving = [on_web_track(web) for _ in range(PAIRS)]
    entering = [placed(classic, tier=Tier.GUIDE) for _ in range(PAIRS)]
    acts: list[partial[object]] = [
        partial(enrolments.leave_track, actor=person.user, jobseeker=person) for person in leaving
    ]
    for person in entering:
        waiting = EnrolmentFactory(jobseeker=person)
        actor = web.adviser.user
        interview = enrolments.open_registration_interview(actor=actor, jobseeker=person)
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
