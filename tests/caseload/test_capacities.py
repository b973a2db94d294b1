"""Caps: which one is in force, who sets one, and what becomes of it on its day."""

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from accompaniment.enums import AuditAction, Modality
from accompaniment.errors import DomainError
from accompaniment.models import AuditEntry
from caseload.jobs import apply_capacities
from caseload.models import Capacity, Portfolio
from caseload.services.capacities import capacity_for, set_capacity
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import CapacityFactory, ManagerFactory, PortfolioFactory, fill

pytestmark = pytest.mark.django_db

WEB = Modality.GUIDE_WEB


def capacity(portfolio: Portfolio) -> int:
    portfolio.refresh_from_db(fields=["capacity"])
    return portfolio.capacity


def test_the_latest_cap_that_has_begun_is_in_force_and_the_agency_s_own_goes_first() -> None:
    agency, other, manager = AgencyFactory(), AgencyFactory(), ManagerFactory()
    CapacityFactory(value=250, starts_on=date(2014, 1, 1))
    CapacityFactory(value=300, starts_on=date(2015, 1, 1))
    CapacityFactory(value=120, starts_on=date(2014, 6, 1), agency=agency, reason="Ouverture", set_by=manager.user)
    found = {
        (place.code, day): capacity_for(agency=place, modality=WEB, day=day)
        for place in (agency, other)
        for day in (date(2014, 5, 31), date(2014, 6, 1), date(2015, 6, 1))
    }
    assert list(found.values()) == [250, 120, 120, 250, 250, 300]


def test_a_modality_without_a_cap_is_said_so() -> None:
    with pytest.raises(DomainError, match="Aucun plafond"):
        capacity_for(agency=AgencyFactory(), modality=WEB, day=date(2014, 1, 1))


def test_a_cap_of_today_is_in_force_at_once_for_that_agency_and_modality_only() -> None:
    mine, elsewhere = PortfolioFactory(), PortfolioFactory()
    classic = PortfolioFactory(adviser=mine.adviser, modality=Modality.GUIDE)
    manager = ManagerFactory(regions=[mine.agency.region])
    set_capacity(
        actor=manager.user,
        modality=WEB,
        agency=mine.agency,
        value=120,
        starts_on=timezone.localdate(),
        reason="Ouverture progressive",
    )
    assert [capacity(portfolio) for portfolio in (mine, elsewhere, classic)] == [120, 250, 150]
    entry = AuditEntry.objects.get(action=AuditAction.CAPACITY)
    assert entry.actor == manager.user
    assert entry.details["value"] == 120


def test_a_cap_below_the_present_occupancy_is_refused_and_names_the_portfolio() -> None:
    portfolio = PortfolioFactory(capacity=5)
    fill(portfolio, 3)
    manager = ManagerFactory()
    facts = {"actor": manager.user, "modality": WEB, "agency": portfolio.agency, "reason": "Trop de monde"}
    with pytest.raises(DomainError) as refusal:
        set_capacity(value=2, starts_on=timezone.localdate(), **facts)
    assert f"{portfolio.adviser} (3 / 5)" in refusal.value.sentence
    assert not Capacity.objects.exists()
    assert capacity(portfolio) == 5
    set_capacity(value=3, starts_on=timezone.localdate(), **facts)
    assert capacity(portfolio) == 3


def test_a_dated_cap_waits_for_its_day_however_often_the_job_runs() -> None:
    portfolio = PortfolioFactory()
    manager = ManagerFactory()
    with time_machine.travel("2026-03-02T09:00:00+01:00", tick=False) as clock:
        set_capacity(
            actor=manager.user,
            modality=WEB,
            agency=portfolio.agency,
            value=200,
            starts_on=date(2026, 3, 4),
            reason="Montée en charge",
        )
        assert capacity(portfolio) == 250
        clock.move_to("2026-03-03T22:59:00+00:00")
        assert apply_capacities() == 0
        assert capacity(portfolio) == 250
        clock.move_to("2026-03-03T23:00:00+00:00")  # midnight in Paris
        assert [apply_capacities() for _ in range(3)] == [1, 0, 0]
        assert capacity(portfolio) == 200


def test_the_day_is_the_agency_s_own() -> None:
    island = PortfolioFactory(adviser__agency__region__timezone="Indian/Reunion")
    mainland = PortfolioFactory()
    with time_machine.travel("2026-03-03T20:30:00+00:00", tick=False):  # 0 h 30 on the 4th in La Réunion
        CapacityFactory(value=200, starts_on=date(2026, 3, 4))
        apply_capacities()
    assert (capacity(island), capacity(mainland)) == (200, 250)


def test_a_portfolio_that_grew_meanwhile_is_full_and_comes_down_as_people_leave() -> None:
    portfolio = PortfolioFactory(capacity=10)
    fill(portfolio, 3)
    CapacityFactory(value=2, starts_on=timezone.localdate())
    apply_capacities()
    assert capacity(portfolio) == 3
    portfolio.placements.first().delete()
    apply_capacities()
    assert capacity(portfolio) == 2


def test_a_portfolio_without_a_cap_keeps_its_own() -> None:
    portfolio = PortfolioFactory(capacity=42)
    assert apply_capacities() == 0
    assert capacity(portfolio) == 42


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts_on": timezone.localdate() - timedelta(days=2)}, "passé"),
        ({"reason": "  "}, "motif"),
        ({"agency": None}, "plafond national"),
    ],
)
def test_what_a_regional_manager_cannot_set(changes: dict[str, object], sentence: str) -> None:
    agency = AgencyFactory()
    manager = ManagerFactory(regions=[agency.region])
    facts = {
        "actor": manager.user,
        "modality": WEB,
        "agency": agency,
        "value": 100,
        "starts_on": timezone.localdate() + timedelta(days=1),
        "reason": "Motif",
    }
    with pytest.raises(DomainError, match=sentence):
        set_capacity(**{**facts, **changes})
    assert set_capacity(**facts).value == 100


def test_a_manager_of_another_region_sets_nothing_here() -> None:
    agency = AgencyFactory()
    stranger = ManagerFactory(regions=[AgencyFactory().region])
    facts = {
        "modality": WEB,
        "agency": agency,
        "value": 100,
        "starts_on": timezone.localdate() + timedelta(days=1),
        "reason": "Motif",
    }
    with pytest.raises(DomainError, match="région"):
        set_capacity(actor=stranger.user, **facts)
    assert set_capacity(actor=ManagerFactory().user, **facts).agency == agency


def test_the_country_s_cap_leaves_agencies_that_have_their_own() -> None:
    own, usual = PortfolioFactory(), PortfolioFactory()
    manager = ManagerFactory()
    today = timezone.localdate()
    set_capacity(actor=manager.user, modality=WEB, agency=own.agency, value=99, starts_on=today, reason="Petite équipe")
    set_capacity(actor=manager.user, modality=WEB, agency=None, value=240, starts_on=today, reason="Décision nationale")
    assert (capacity(own), capacity(usual)) == (99, 240)
