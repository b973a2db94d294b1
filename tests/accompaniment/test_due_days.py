"""A deadline falls on a day on which the person's agency is open, because nothing can be held on other days."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accompaniment.models import Agency, AuditEntry, ContactPlan, Jobseeker, Obligation
from accompaniment.services import plans
from accompaniment.services.due_days import move_to_open_days
from tests.accompaniment.factories import AgencyFactory, DepartementFactory, JobseekerFactory, RegionFactory

pytestmark = pytest.mark.django_db


def agency(*, subdivision: str = "", zone: str = "Europe/Paris", hours: bool = True) -> Agency:
    departement = DepartementFactory(holidays_subdivision=subdivision, region=RegionFactory(timezone=zone))
    return AgencyFactory(departement=departement, hours=hours)


def due_by(last: date, where: Agency, *, days: int = 28) -> Obligation:
    """Return the planned obligation of a period whose last day is `last`."""
    person: Jobseeker = JobseekerFactory(agency=where)
    starts = last - timedelta(days=days - 1)
    ContactPlan.objects.create(
        jobseeker=person, channel="video", interval_days=days, reason="Suivi", review_on=last, starts_on=starts
    )
    plans.plan_obligations(today=starts)
    return Obligation.objects.get(jobseeker=person)


@pytest.mark.parametrize(
    ("last", "subdivision", "zone", "due_on"),
    [
        pytest.param(date(2026, 12, 4), "", "Europe/Paris", date(2026, 12, 4), id="a Friday stays"),
        pytest.param(date(2026, 12, 6), "", "Europe/Paris", date(2026, 12, 4), id="a Sunday"),
        pytest.param(date(2027, 1, 1), "", "Europe/Paris", date(2026, 12, 31), id="1 January"),
        pytest.param(date(2026, 12, 27), "", "Europe/Paris", date(2026, 12, 24), id="a Sunday after Christmas"),
        pytest.param(date(2025, 12, 26), "6AE", "Europe/Paris", date(2025, 12, 24), id="26 December, Alsace"),
        pytest.param(date(2025, 12, 26), "", "Europe/Paris", date(2025, 12, 26), id="26 December elsewhere"),
        pytest.param(date(2026, 4, 3), "6AE", "Europe/Paris", date(2026, 4, 2), id="Good Friday, Alsace"),
        pytest.param(date(2026, 4, 3), "", "Europe/Paris", date(2026, 4, 3), id="Good Friday elsewhere"),
        pytest.param(date(2027, 12, 20), "974", "Indian/Reunion", date(2027, 12, 17), id="20 December, La Réunion"),
        pytest.param(date(2027, 12, 20), "", "Europe/Paris", date(2027, 12, 20), id="20 December elsewhere"),
        pytest.param(date(2026, 5, 22), "972", "America/Martinique", date(2026, 5, 21), id="22 May, Martinique"),
    ],
)
def test_the_last_day_is_one_on_which_the_agency_is_open(last: date, subdivision: str, zone: str, due_on: date) -> None:
    obligation = due_by(last, agency(subdivision=subdivision, zone=zone))
    assert obligation.due_on == due_on
    assert obligation.period.upper == last + timedelta(days=1), "the period itself does not move"


def test_a_weekday_without_opening_hours_is_no_last_day() -> None:
    closed, usual = agency(), agency()
    closed.opening_hours.filter(weekday__gte=3).delete()
    friday = date(2026, 12, 4)
    assert due_by(friday, closed).due_on == date(2026, 12, 2)
    assert due_by(friday, usual).due_on == friday


def test_an_agency_whose_hours_nobody_wrote_is_open_from_monday_to_friday() -> None:
    assert due_by(date(2026, 12, 6), agency(hours=False)).due_on == date(2026, 12, 4)


def test_what_is_due_on_a_day_that_closes_moves_once_with_a_trace() -> None:
    friday = date(2026, 12, 4)
    obligation = due_by(friday, agency())
    assert move_to_open_days() == 0
    obligation.jobseeker.agency.opening_hours.filter(weekday=4).delete()
    plans.plan_obligations(today=obligation.period.lower)
    plans.plan_obligations(today=obligation.period.lower)
    obligation.refresh_from_db()
    assert obligation.due_on == date(2026, 12, 3)
    [entry] = AuditEntry.objects.filter(details__event="day_moved")
    assert entry.jobseeker == obligation.jobseeker
    assert entry.details["due_on"] == "2026-12-03"


def test_what_is_settled_stays_on_its_day() -> None:
    obligation = due_by(date(2026, 12, 4), agency())
    with transaction.atomic():
        plans.end_plan(
            actor=None,
            jobseeker=obligation.jobseeker,
            day=obligation.period.lower,
            at=timezone.now(),
            reason="Fin",
        )
    obligation.jobseeker.agency.opening_hours.filter(weekday=4).delete()
    assert move_to_open_days() == 0
