"""Caps: which one is in force, who may set one, and what happens on its first day."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import AuditAction, Modality
from accompaniment.models import AuditEntry
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from caseload.enums import PlacementEnd
from caseload.jobs import apply_capacities
from caseload.models import Capacity, Portfolio
from caseload.services.moves.placements import PortfolioFullError
from caseload.services.steering.capacities import cancel_capacity, capacity_for, set_capacity
from tests.accompaniment.factories import AgencyFactory
from tests.caseload.factories import CapacityFactory, CoverFactory, ManagerFactory, PortfolioFactory, fill, validated

pytestmark = pytest.mark.django_db

WEB = Modality.GUIDE_WEB


def capacity(portfolio: Portfolio) -> int:
    portfolio.refresh_from_db(fields=["capacity", "lowered_to", "occupied"])
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
    assert portfolio.cap == 2
    first, second = portfolio.placements.all()[:2]
    first.delete()
    assert capacity(portfolio) == 2
    second.ended_at, second.end_reason = timezone.now(), PlacementEnd.LEFT
    second.save()
    assert capacity(portfolio) == 2
    assert (portfolio.occupied, portfolio.lowered_to) == (1, None)
    assert apply_capacities() == 0


def test_a_place_freed_above_a_lowered_cap_is_not_taken_again(client: Client) -> None:
    portfolio = PortfolioFactory(capacity=10)
    fill(portfolio, 4)
    CapacityFactory(value=2, starts_on=timezone.localdate())
    apply_capacities()
    client.force_login(ManagerFactory().user)
    page = client.get("/portefeuilles/").content.decode()
    assert "Plafond dépassé" in page
    assert "4 sur 2" in page
    for left in (3, 2):
        portfolio.placements.first().delete()
        with pytest.raises(PortfolioFullError, match=f"{left} / 2"):
            validated(portfolio)
    portfolio.placements.first().delete()
    validated(portfolio)
    call_command("check_invariants")


def test_a_portfolio_without_a_cap_keeps_its_own() -> None:
    portfolio = PortfolioFactory(capacity=42)
    assert apply_capacities() == 0
    assert capacity(portfolio) == 42


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts_on": timezone.localdate() - timedelta(days=2)}, "passé"),
        ({"reason": "  "}, "motif"),
        ({"agency": None}, "tout le pays"),
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


def test_a_cap_of_an_agency_that_begins_later_does_not_let_the_country_s_pass_below() -> None:
    portfolio, manager, today = PortfolioFactory(), ManagerFactory(), timezone.localdate()
    fill(portfolio, 2)
    facts = {"actor": manager.user, "modality": WEB, "reason": "Motif"}
    later = today + timedelta(days=5)
    set_capacity(agency=portfolio.agency, value=99, starts_on=later, **facts)
    with pytest.raises(DomainError, match="inférieur à l'occupation"):
        set_capacity(agency=None, value=1, starts_on=later - timedelta(days=1), **facts)
    assert set_capacity(agency=None, value=1, starts_on=later, **facts).value == 1


class TestBackToTheCountry:
    def test_an_agency_has_the_cap_of_the_country_again(self, client: Client) -> None:
        portfolio, manager, today = PortfolioFactory(), ManagerFactory(), timezone.localdate()
        CapacityFactory(value=250)
        facts = {"actor": manager.user, "modality": WEB, "agency": portfolio.agency, "reason": "Motif"}
        set_capacity(value=99, starts_on=today, **facts)
        assert capacity(portfolio) == 99
        client.force_login(manager.user)
        tomorrow = today + timedelta(days=1)
        typed = {"place": portfolio.agency.code, "modality": WEB, "national": "on", "reason": "Fin de l'essai"}
        page = client.post("/reglages/plafonds/", {**typed, "starts_on": tomorrow.isoformat()}, follow=True)
        assert "celui du pays à partir du" in page.content.decode()
        assert capacity(portfolio) == 99
        with time_machine.travel(timezone.now() + timedelta(days=1, hours=1)):
            apply_capacities()
        assert capacity(portfolio) == 250
        assert capacity_for(agency=portfolio.agency, modality=WEB, day=today) == 99
        assert capacity_for(agency=portfolio.agency, modality=WEB, day=tomorrow) == 250

    def test_not_below_who_is_there(self) -> None:
        portfolio, today = PortfolioFactory(), timezone.localdate()
        fill(portfolio, 2)
        facts = {"actor": ManagerFactory().user, "modality": WEB, "agency": portfolio.agency, "reason": "Motif"}
        set_capacity(value=99, starts_on=today, **facts)
        small = CapacityFactory(value=1)
        with pytest.raises(DomainError, match="Le plafond de 1 est inférieur"):
            set_capacity(value=None, starts_on=today, **facts)
        small.value = 2
        small.save()
        set_capacity(value=None, starts_on=today, **facts)
        assert capacity(portfolio) == 2

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"value": 80}, "Laissez le nombre vide"),
            ({"place": "pays"}, "Choisissez une agence"),
            ({"national": ""}, "Indiquez un nombre"),
        ],
    )
    def test_what_is_said_of_it_has_to_fit(self, client: Client, changes: dict[str, object], sentence: str) -> None:
        client.force_login(ManagerFactory().user)
        agency = AgencyFactory()
        typed = {"place": agency.code, "modality": WEB, "national": "on", "reason": "Fin de l'essai"}
        page = client.post("/reglages/plafonds/", {**typed, "starts_on": timezone.localdate().isoformat(), **changes})
        assert page.status_code == 422
        assert sentence in page.content.decode()


def part_time(share: int, **facts: object) -> Portfolio:
    return PortfolioFactory(adviser__working_share=share, **facts)


def test_a_cap_by_working_share_is_in_proportion_rounded_down_and_never_nothing() -> None:
    portfolio, short = part_time(80), part_time(10)
    facts = {"modality": WEB, "agency": None, "starts_on": timezone.localdate(), "reason": "Quotités"}
    manager = ManagerFactory().user
    set_capacity(actor=manager, value=249, by_working_share=True, **facts)
    assert (capacity(portfolio), capacity(short)) == (199, 24)
    assert capacity_for(agency=portfolio.agency, modality=WEB, day=timezone.localdate(), working_share=80) == 199
    portfolio.refresh_from_db()
    assert portfolio.capacity_share == 80
    set_capacity(actor=manager, value=5, by_working_share=True, **facts)
    assert (capacity(portfolio), capacity(short)) == (4, 1)
    set_capacity(actor=manager, value=249, by_working_share=False, **facts)
    portfolio.refresh_from_db()
    assert (portfolio.capacity, portfolio.capacity_share) == (249, 100)


def test_a_cap_by_working_share_below_the_occupancy_of_part_time_is_refused() -> None:
    portfolio = part_time(50, capacity=5)
    fill(portfolio, 3)
    facts = {
        "actor": ManagerFactory().user,
        "modality": WEB,
        "agency": portfolio.agency,
        "starts_on": timezone.localdate(),
        "reason": "Quotités",
        "by_working_share": True,
    }
    with pytest.raises(DomainError, match="3 / 5"):
        set_capacity(value=5, **facts)
    set_capacity(value=6, **facts)
    assert capacity(portfolio) == 3


def test_only_a_cap_to_come_can_be_cancelled() -> None:
    portfolio = PortfolioFactory()
    today = timezone.localdate()
    facts = {"actor": ManagerFactory().user, "modality": WEB, "agency": portfolio.agency, "reason": "Effectif"}
    now_on = set_capacity(value=200, starts_on=today, **facts)
    later = set_capacity(value=180, starts_on=today + timedelta(days=5), **facts)
    with pytest.raises(NotAllowedNowError, match="déjà en vigueur"):
        cancel_capacity(actor=facts["actor"], capacity=now_on)
    cancel_capacity(actor=facts["actor"], capacity=later)
    assert list(Capacity.objects.all()) == [now_on]
    with pytest.raises(NotAllowedNowError, match="déjà annulé"):
        cancel_capacity(actor=facts["actor"], capacity=later)
    assert AuditEntry.objects.filter(action=AuditAction.CAPACITY, details__event="cancelled").count() == 1


def test_a_cap_of_the_country_to_come_is_not_a_regional_manager_s_to_cancel() -> None:
    agency = AgencyFactory()
    later = CapacityFactory(value=240, starts_on=timezone.localdate() + timedelta(days=5))
    with pytest.raises(DomainError, match="tout le pays"):
        cancel_capacity(actor=ManagerFactory(regions=[agency.region]).user, capacity=later)
    cancel_capacity(actor=ManagerFactory().user, capacity=later)
    assert not Capacity.objects.exists()


class TestPage:
    URL = "/reglages/plafonds/"

    def typed(self, portfolio: Portfolio, **facts: object) -> dict[str, object]:
        return {
            "place": portfolio.agency.code,
            "modality": WEB,
            "value": 200,
            "starts_on": timezone.localdate().isoformat(),
            "reason": "Ouverture progressive",
            **facts,
        }

    def test_sets_a_cap_and_shows_it_with_its_history(self, client: Client) -> None:
        portfolio = part_time(80)
        client.force_login(ManagerFactory(regions=[portfolio.agency.region]).user)
        response = client.post(self.URL, self.typed(portfolio, by_working_share="on"), follow=True)
        text = response.content.decode()
        assert "200 pour un temps plein, selon le temps de travail" in text
        assert text.count("Ouverture progressive") == 2  # in the current caps and in the history
        assert capacity(portfolio) == 160
        assert "0</span> / 160" in client.get("/portefeuilles/").content.decode()
        assert "(temps partiel 80&nbsp;%)" in client.get("/portefeuilles/").content.decode()
        assert "(temps partiel 80&nbsp;%)" in client.get("/equipes/").content.decode()

    def test_a_refusal_keeps_what_was_typed(self, client: Client) -> None:
        portfolio = PortfolioFactory(capacity=5)
        fill(portfolio, 2)
        client.force_login(ManagerFactory().user)
        response = client.post(self.URL, self.typed(portfolio, value=1))
        assert response.status_code == 422
        text = response.content.decode()
        assert "(2 / 5)" in text
        assert 'value="Ouverture progressive"' in text
        assert not Capacity.objects.exists()

    def test_a_regional_manager_chooses_among_their_agencies(self, client: Client) -> None:
        portfolio, far = PortfolioFactory(), PortfolioFactory()
        CapacityFactory(agency=far.agency, value=99, reason="Ailleurs", set_by=ManagerFactory().user)
        client.force_login(ManagerFactory(regions=[portfolio.agency.region]).user)
        assert "Ailleurs" not in client.get(self.URL).content.decode()
        for place in (far.agency.code, "pays"):
            assert client.post(self.URL, self.typed(portfolio, place=place)).status_code == 422
        assert client.post(self.URL, self.typed(portfolio)).status_code == 302

    def test_cancels_a_cap_to_come(self, client: Client) -> None:
        portfolio = PortfolioFactory()
        client.force_login(ManagerFactory().user)
        later = (timezone.localdate() + timedelta(days=5)).isoformat()
        client.post(self.URL, self.typed(portfolio, starts_on=later))
        response = client.post(f"{self.URL}{Capacity.objects.get().pk}/annuler/", follow=True)
        assert "est annulé" in response.content.decode()
        assert not Capacity.objects.exists()

    @pytest.mark.parametrize("agencies", [1, 12])
    def test_costs_the_same_whatever_its_size(
        self, client: Client, agencies: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        manager = ManagerFactory()
        for _ in range(agencies):
            CapacityFactory(agency=AgencyFactory(), reason="Effectif", set_by=manager.user)
        client.force_login(manager.user)
        client.get(self.URL)
        with django_assert_num_queries(8):
            client.get(self.URL)


def test_a_gauge_shows_the_people_covered_beside_it(client: Client) -> None:
    cover = CoverFactory()
    fill(cover.portfolio, 2)
    PortfolioFactory(adviser=cover.colleague)
    client.force_login(ManagerFactory().user)
    for address in ("/portefeuilles/", "/equipes/"):
        assert client.get(address).content.decode().count("+ 2 en relais") == 1
