"""Réglages: the opening days of regions and agencies, and the delays after which requests lapse."""

import html
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import AuditAction, EnrolmentState, Track
from accompaniment.models import Accompaniment, Agency, AuditEntry, LapseDelay, Region, User
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import day_in_style
from accompaniment.services.enrolments.lapses import shown_delay
from accompaniment.services.foreseen import FIELD
from accompaniment.services.territory import set_agency_opening, set_region_opening, shown_opening
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, RegionFactory
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, validated

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> User:
    user: User = ManagerFactory().user
    return user


@pytest.fixture
def national(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def words(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def soon(days: int = 10) -> date:
    return timezone.localdate() + timedelta(days=days)


def written(day: date) -> str:
    return " ".join(day_in_style(day, "j F Y").split())


def test_the_regions_are_listed_with_their_day_and_their_agencies(national: Client) -> None:
    agency = AgencyFactory(region=RegionFactory(web_opens_on=date(2013, 12, 1)))
    RegionFactory(code="74", name="Limousin", closed=True)
    shown = words(national.get(reverse("settings")))
    assert "1er déc. 2013" in shown
    assert shown.index(agency.region.name) < shown.index("Limousin")
    assert "Sans date" in shown


def test_who_becomes_eligible_is_shown_before_it_is_confirmed(national: Client) -> None:
    region = RegionFactory(closed=True)
    agency, empty = AgencyFactory(region=region), AgencyFactory(region=region)
    JobseekerFactory(agency=agency)
    JobseekerFactory(agency=agency, email=None)
    address = reverse("region_opening", args=[region.code])
    page = national.post(address, {"web_opens_on": soon().isoformat(), "step": "voir"})
    assert "1 personne pourra demander" in words(page)
    assert [(one.agency, one.people) for one in page.context["openings"]] == sorted(
        [(agency, 1), (empty, 0)], key=lambda one: one[0].name
    )
    region.refresh_from_db()
    assert region.web_opens_on is None
    confirmed = {
        "web_opens_on": soon().isoformat(),
        "step": "confirmer",
        "seen": shown_opening(region).token,
        FIELD: page.context["foreseen"].mark,
    }
    done = national.post(address, confirmed, follow=True)
    assert f"ouverture du 100 % web le {written(soon())}" in words(done)
    assert "Derniers changements" in words(done)
    region.refresh_from_db()
    assert region.web_opens_on == soon()


def test_an_agency_with_a_later_day_of_its_own_makes_nobody_eligible_on_the_region_s(
    national: Client, manager: User
) -> None:
    region = RegionFactory(web_opens_on=soon(5))
    agency, later = AgencyFactory(region=region), AgencyFactory(region=region)
    here, elsewhere = JobseekerFactory(agency=agency), JobseekerFactory(agency=later)
    set_agency_opening(actor=manager, agency=later, opens_on=soon(30))
    address = reverse("region_opening", args=[region.code])
    page = national.post(address, {"web_opens_on": soon(10).isoformat(), "step": "voir"})
    assert "1 personne pourra demander" in words(page)
    assert {one.agency: one.own_day for one in page.context["openings"]} == {agency: None, later: soon(30)}
    assert page.context["people"] == [here]
    assert f"{here.last_name} {here.first_name}" in words(page)
    after = national.post(address, {"web_opens_on": soon(30).isoformat(), "step": "voir"})
    assert "2 personnes pourront demander" in words(after)
    assert set(after.context["people"]) == {here, elsewhere}


def test_taking_the_day_away_is_said_of_a_region_and_of_an_agency(national: Client) -> None:
    region = RegionFactory(web_opens_on=soon(5))
    agency = AgencyFactory(region=region)
    for address, said in (
        (reverse("region_opening", args=[region.code]), "Aucun jour d'ouverture"),
        (reverse("agency_opening", args=[agency.code]), "Aucun jour propre"),
    ):
        assert said in words(national.post(address, {"web_opens_on": "", "step": "voir"}))


def test_the_names_of_a_large_opening_are_the_first_fifty(national: Client) -> None:
    agency = AgencyFactory(region=RegionFactory(closed=True))
    address, typed = reverse("region_opening", args=[agency.region.code]), {"web_opens_on": "", "step": "voir"}
    sizes = []
    for more in (1, 60):
        for _ in range(more):
            JobseekerFactory(agency=agency)
        with CaptureQueriesContext(connection) as queries:
            page = national.post(address, typed)
        sizes.append(len(queries))
    assert len(page.context["people"]) == 50
    assert "les 50 premières personnes sur 61" in words(page)
    assert sizes[0] == sizes[1]


def test_a_day_is_moved_and_taken_back_until_it_comes_and_each_change_is_kept(manager: User) -> None:
    region = RegionFactory(closed=True)
    for day in (soon(10), soon(20), soon(20), None):
        set_region_opening(actor=manager, region=region, opens_on=day)
    entries = AuditEntry.objects.filter(action=AuditAction.REGION).order_by("pk")
    assert [entry.details["opens_on"] for entry in entries] == [soon(10).isoformat(), soon(20).isoformat(), None]


def test_a_day_in_the_past_is_refused(manager: User) -> None:
    region = RegionFactory(closed=True)
    today = timezone.localdate(timezone=region.zone)
    with pytest.raises(DomainError, match="passé"):
        set_region_opening(actor=manager, region=region, opens_on=today - timedelta(days=1))
    assert set_region_opening(actor=manager, region=region, opens_on=today).web_is_open(today)


def test_what_has_begun_stays_open_and_goes_on(manager: User) -> None:
    portfolio = PortfolioFactory()
    region, agency = portfolio.agency.region, portfolio.agency
    set_agency_opening(actor=manager, agency=agency, opens_on=soon())
    set_agency_opening(actor=manager, agency=agency, opens_on=None)
    validated(portfolio)
    for day in (None, soon()):
        with pytest.raises(DomainError, match="ne peut plus être repoussée"):
            set_region_opening(actor=manager, region=region, opens_on=day)
    with pytest.raises(DomainError, match="ne peut plus être repoussée"):
        set_agency_opening(actor=manager, agency=agency, opens_on=soon())


def test_another_agency_s_day_changes_no_running_track(manager: User) -> None:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    beside = AgencyFactory(region=portfolio.agency.region)
    set_agency_opening(actor=manager, agency=beside, opens_on=soon())
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB


def test_an_agency_does_not_open_before_its_region(manager: User) -> None:
    region = RegionFactory(closed=True)
    agency = AgencyFactory(region=region)
    with pytest.raises(DomainError, match="n'a pas de jour"):
        set_agency_opening(actor=manager, agency=agency, opens_on=soon())
    set_region_opening(actor=manager, region=region, opens_on=soon(10))
    with pytest.raises(DomainError, match="n'ouvre pas avant sa région"):
        set_agency_opening(actor=manager, agency=agency, opens_on=soon(9))
    set_agency_opening(actor=manager, agency=agency, opens_on=soon(11))
    agency = Agency.objects.select_related("departement__region").get(pk=agency.pk)
    assert agency.web_opening_day == soon(11)


def test_a_regional_manager_opens_their_agencies_and_no_region(client: Client) -> None:
    agency, far = AgencyFactory(), AgencyFactory()
    client.force_login(ManagerFactory(regions=[agency.region]).user)
    assert client.get(reverse("region_opening", args=[agency.region.code])).status_code == 403
    assert client.get(reverse("agency_opening", args=[far.code])).status_code == 404
    address = reverse("agency_opening", args=[agency.code])
    typed = {"web_opens_on": soon().isoformat(), "step": "confirmer", "seen": shown_opening(agency).token}
    assert f"{written(soon())}" in words(client.post(address, typed, follow=True))
    agency.refresh_from_db()
    assert agency.web_opens_on == soon()
    refused = client.post(
        address, {"web_opens_on": "2014-01-01", "seen": shown_opening(agency).token, "step": "confirmer"}
    )
    assert refused.status_code == 422
    assert 'value="2014-01-01"' in refused.content.decode()


@pytest.mark.parametrize("agencies", [1, 8])
def test_the_pages_cost_the_same_whatever_their_size(
    national: Client, agencies: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    region = RegionFactory()
    for _ in range(agencies):
        JobseekerFactory(agency=AgencyFactory(region=region))
    address = reverse("region_agencies", args=[region.code])
    national.get(address)
    with django_assert_num_queries(9):
        national.get(address)
    with django_assert_num_queries(7):
        national.get(reverse("settings"))


def test_a_delay_is_set_by_a_manager_of_the_country_with_a_day_and_a_reason(national: Client) -> None:
    address = reverse("lapse_delays")
    typed = {"state": EnrolmentState.ASKED, "days": 45, "starts_on": soon().isoformat(), "reason": "Été"}
    refused = national.post(address, {**typed, "starts_on": "2014-01-01"})
    assert refused.status_code == 422
    assert "à venir" in words(refused)
    assert f"45 jours à partir du {written(soon())}" in words(national.post(address, typed, follow=True))
    assert LapseDelay.objects.filter(days=45, starts_on=soon()).exists()


def test_a_regional_manager_reads_the_delays_only(client: Client) -> None:
    client.force_login(ManagerFactory(regions=[RegionFactory()]).user)
    assert "Un responsable de tout le pays" in words(client.get(reverse("lapse_delays")))
    assert client.post(reverse("lapse_delays"), {}).status_code == 403
    assert Region.objects.count() == 1


def test_who_sets_a_day_second_is_told_and_keeps_what_was_typed(national: Client, manager: User) -> None:
    region = RegionFactory(web_opens_on=soon(5))
    agency = AgencyFactory(region=region)
    places = (
        (agency, reverse("agency_opening", args=[agency.code]), set_agency_opening, "agency", None),
        (region, reverse("region_opening", args=[region.code]), set_region_opening, "region", soon(5)),
    )
    for place, address, service, name, shown in places:
        assert place.web_opens_on == shown
        seen = shown_opening(place).token
        assert f'name="seen" value="{seen}"' in national.get(address).content.decode()
        service(actor=manager, opens_on=soon(20), **{name: place})
        typed = {"web_opens_on": soon(30).isoformat(), "step": "confirmer"}
        second = national.post(address, {**typed, "seen": seen})
        assert second.status_code == 409
        assert f"fixé au {written(soon(20))} depuis que vous avez ouvert la page" in words(second)
        assert f'value="{soon(30).isoformat()}"' in second.content.decode()
        place.refresh_from_db()
        assert place.web_opens_on == soon(20)
        seen = shown_opening(place).token
        assert f'name="seen" value="{seen}"' in second.content.decode()
        assert national.post(address, {**typed, "seen": seen}).status_code == 302
        place.refresh_from_db()
        assert place.web_opens_on == soon(30)


def test_a_delay_of_the_same_day_is_replaced_only_once_it_was_seen(national: Client) -> None:
    address = reverse("lapse_delays")
    typed = {"state": EnrolmentState.ASKED, "days": 45, "starts_on": soon().isoformat(), "reason": "Été"}
    typed["seen"] = shown_delay(None).token
    national.post(address, typed)
    second = national.post(address, {**typed, "days": 60, "reason": "Fêtes"})
    assert second.status_code == 409
    assert "Un délai de 45 jours est déjà fixé par" in words(second)
    assert 'value="60"' in second.content.decode()
    seen = shown_delay(LapseDelay.objects.get(starts_on=soon())).token
    assert f'name="seen" value="{seen}"' in second.content.decode()
    assert LapseDelay.objects.get(starts_on=soon()).days == 45
    assert national.post(address, {**typed, "days": 60, "reason": "Fêtes", "seen": seen}).status_code == 302
    assert LapseDelay.objects.get(starts_on=soon()).days == 60


def test_a_delay_to_come_is_taken_back(national: Client) -> None:
    address = reverse("lapse_delays")
    national.post(
        address, {"state": EnrolmentState.ASKED, "days": 45, "starts_on": soon().isoformat(), "reason": "Été"}
    )
    delay = LapseDelay.objects.get(starts_on=soon())
    cancel = reverse("cancel_lapse_delay", args=[delay.pk])
    assert cancel in national.get(address).content.decode()
    done = words(national.post(cancel, follow=True))
    assert f"Le délai prévu pour le {written(soon())} est annulé." in done
    assert f"45 jours à partir du {written(soon())} (annulé)" in done
    assert not LapseDelay.objects.filter(pk=delay.pk).exists()
