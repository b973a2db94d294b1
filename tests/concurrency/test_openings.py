"""A region's opening is postponed while a person is validated there: never both. With a control without the guard."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.enums import EnrolmentState
from accompaniment.models import Enrolment, Region
from accompaniment.reads.standing import why_not_eligible
from accompaniment.rules.errors import DomainError
from accompaniment.services.enrolments.interview import conclude_registration_interview, open_registration_interview
from accompaniment.services.territory import set_agency_opening, set_region_opening
from caseload.models import Placement, Portfolio
from tests.accompaniment.factories import reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, findings, volunteer
from tests.concurrency.acts import nothing_is_broken, validation
from tests.concurrency.threads import PATIENCE, at_once, until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portfolio() -> Portfolio:
    reference()
    return PortfolioFactory()


def tomorrow(portfolio: Portfolio) -> date:
    day: date = timezone.now().astimezone(portfolio.agency.zone).date() + timedelta(days=1)
    return day


def putting_off(portfolio: Portfolio) -> Callable[[], object]:
    """Return the act of a manager who postpones the opening of the portfolio's region until tomorrow."""
    return partial(
        set_region_opening,
        actor=ManagerFactory().user,
        region=portfolio.agency.departement.region,
        opens_on=tomorrow(portfolio),
    )


def putting_off_the_agency(portfolio: Portfolio) -> Callable[[], object]:
    return partial(
        set_agency_opening, actor=ManagerFactory().user, agency=portfolio.agency, opens_on=tomorrow(portfolio)
    )


def first(act: Callable[[], Any], done: Event) -> Callable[[], object]:
    """Return the act in a transaction that stays open until somebody waits for it."""

    def run() -> object:
        with transaction.atomic():
            result = act()
            done.set()
            until_somebody_waits()
            return result

    return run


def second(act: Callable[[], Any], done: Event) -> Callable[[], object]:
    def run() -> object:
        assert done.wait(PATIENCE)
        return act()

    return run


@pytest.mark.parametrize("opening", [putting_off, putting_off_the_agency])
def test_an_opening_waits_for_the_validation_that_is_being_written(portfolio: Portfolio, opening: Any) -> None:
    validate, put_off, done = validation(volunteer(portfolio), portfolio), opening(portfolio), Event()
    validated, moved = at_once(first(validate, done), second(put_off, done))
    assert isinstance(validated, Placement), validated
    assert isinstance(moved, DomainError), moved
    assert nothing_is_broken()


@pytest.mark.parametrize("opening", [putting_off, putting_off_the_agency])
def test_a_validation_waits_for_the_opening_that_is_being_written(portfolio: Portfolio, opening: Any) -> None:
    enrolment, done = volunteer(portfolio), Event()
    moved, validated = at_once(first(opening(portfolio), done), second(validation(enrolment, portfolio), done))
    assert not isinstance(moved, Exception), moved
    assert isinstance(validated, DomainError), validated
    assert not Placement.objects.exists()
    assert nothing_is_broken()


def test_without_the_guard_somebody_is_validated_before_the_region_opens(portfolio: Portfolio) -> None:
    """The control: the opening moves between its check and the validation."""
    enrolment, put_off = volunteer(portfolio), putting_off(portfolio)
    adviser = portfolio.adviser.user
    interview = conclude_registration_interview(
        actor=adviser,
        interview=open_registration_interview(actor=adviser, jobseeker=enrolment.jobseeker),
        findings=findings(),
    )
    looked, moved = Barrier(2, timeout=PATIENCE), Barrier(2, timeout=PATIENCE)

    def validate_unguarded() -> list[str]:
        with transaction.atomic():
            obstacles = why_not_eligible(enrolment.jobseeker, timezone.now())
            looked.wait()
            moved.wait()
            Enrolment.objects.filter(pk=enrolment.pk).update(
                state=EnrolmentState.VALIDATED,
                validated_at=timezone.now(),
                validated_by=adviser,
                interview=interview,
                equipment_declared_at=interview.concluded_at,
            )
            return obstacles

    def open_later() -> object:
        looked.wait()
        region = put_off()
        moved.wait()
        return region

    obstacles, region = at_once(validate_unguarded, open_later)
    assert obstacles == []
    assert isinstance(region, Region)
    assert not nothing_is_broken()
