"""Pilotage: the figures agree with the database for the reader's own regions, and small counts stay hidden."""

import csv
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import Channel, ContactNature, EnrolmentState, Modality, RefusalReason, Role, Track
from accompaniment.models import Accompaniment, Contact, Enrolment, Region, User
from accompaniment.services import journal
from accompaniment.services.enrolments.acceptance import leave_track
from accompaniment.services.enrolments.interview import open_registration_interview
from caseload.models import Placement, Portfolio
from caseload.reads.steering.figures import Period, RegionFigures, dashboard, refusal_reasons, waiting_for_placement
from caseload.rules.portfolio import Hidden
from caseload.services.registration.decisions import refuse_at_interview
from tests.accompaniment.factories import RegionFactory
from tests.caseload.factories import (
    ManagerFactory,
    PortfolioFactory,
    findings,
    on_web_track,
    validated,
    volunteer,
)

pytestmark = pytest.mark.django_db

URL = "/pilotage/"


def refused(portfolio: Portfolio, reason: RefusalReason = RefusalReason.EASE) -> Enrolment:
    waiting = volunteer(portfolio)
    actor = portfolio.adviser.user
    interview = open_registration_interview(actor=actor, jobseeker=waiting.jobseeker)
    return refuse_at_interview(
        actor=actor, enrolment=waiting, interview=interview, findings=findings(), reason=reason, comment=""
    )


def held(portfolio: Portfolio, channel: Channel, at: datetime, number: int) -> None:
    journal.write_contact(
        jobseeker=portfolio.placements.first().jobseeker,
        at=at,
        channel=channel,
        nature=ContactNature.INTERVIEW,
        author=portfolio.adviser.user,
        summary="",
        source=f"interview:{portfolio.pk}:{number}",
    )


@pytest.fixture
def country() -> list[Portfolio]:
    """Three regions with people in every state, over two months."""
    portfolios = [PortfolioFactory(), PortfolioFactory(capacity=2), PortfolioFactory()]
    for days_ago, portfolio in ((45, portfolios[0]), (20, portfolios[0]), (3, portfolios[1]), (0, portfolios[2])):
        with time_machine.travel(timezone.now() - timedelta(days=days_ago), tick=True):
            on_web_track(portfolio)
            volunteer(portfolio)
            validated(portfolio)
            refused(portfolio)
            for number, channel in enumerate((Channel.VIDEO, Channel.VIDEO, Channel.PHONE, Channel.ON_SITE)):
                held(portfolio, channel, timezone.now(), days_ago * 10 + number)
    leave_track(actor=portfolios[0].adviser.user, jobseeker=portfolios[0].placements.first().jobseeker)
    return portfolios


def naive(region: Region, period: Period) -> dict[str, object]:
    """Count by looking at each row in Python."""

    def of_region(rows: Iterable[object]) -> list[object]:
        return [row for row in rows if row.jobseeker.agency.departement.region_id == region.pk]

    def within(at: datetime | None) -> bool:
        return at is not None and period.first <= timezone.localtime(at).date() <= period.last

    wishes = of_region(Enrolment.objects.all())
    contacts = [row for row in of_region(Contact.objects.filter(nature="interview")) if within(row.at)]
    portfolios = [
        row
        for row in Portfolio.objects.filter(modality=Modality.GUIDE_WEB)
        if row.agency.departement.region_id == region.pk
    ]
    counts = [len(row.placements.filter(ended_at=None)) for row in portfolios]
    return {
        "volunteers": sum(within(row.asked_at) for row in wishes),
        "validated": sum(within(row.validated_at) for row in wishes),
        "refused": sum(within(row.closed_at) and row.state == EnrolmentState.REFUSED for row in wishes),
        "on_track": sum(
            row.track == Track.WEB and row.ended_at is None for row in of_region(Accompaniment.objects.all())
        ),
        "portfolios": len(portfolios),
        "occupied": sum(counts),
        "capacity": sum(row.capacity for row in portfolios),
        "almost_full": sum(
            count / row.capacity >= 0.95 for count, row in zip(counts, portfolios, strict=True) if row.capacity
        ),
        "by_channel": [sum(row.channel == channel for row in contacts) for channel in ("video", "phone", "on_site")],
    }


def shown(row: RegionFigures) -> dict[str, object]:
    names = ("volunteers", "validated", "refused", "on_track", "portfolios", "occupied", "capacity", "almost_full")
    return {name: getattr(row, name) for name in names} | {"by_channel": [n for _, n in row.interviews_by_channel]}


@pytest.mark.parametrize(("first", "last"), [(29, 0), (60, 25), (365, 0), (0, 0), (10, 5)])
def test_the_figures_agree_with_the_database(country: list[Portfolio], first: int, last: int) -> None:
    today = timezone.localdate()
    period = Period(today - timedelta(days=first), today - timedelta(days=last))
    found = dashboard(user=ManagerFactory().user, period=period)
    expected = {region.name: naive(region, period) for region in Region.objects.all()}
    assert {row.name: shown(row) for row in found.regions} == expected
    for name in ("volunteers", "validated", "refused", "on_track", "portfolios", "occupied", "capacity", "almost_full"):
        assert getattr(found.total, name) == sum(row[name] for row in expected.values())
    before = [naive(region, period.before) for region in Region.objects.all()]
    assert found.earlier.volunteers == sum(row["volunteers"] for row in before)
    assert found.earlier.validated == sum(row["validated"] for row in before)
    assert found.earlier.interviews_held == sum(sum(row["by_channel"]) for row in before)


def test_a_manager_sees_the_figures_of_their_own_regions(country: list[Portfolio]) -> None:
    region = country[0].agency.region
    today = timezone.localdate()
    found = dashboard(user=ManagerFactory(regions=[region]).user, period=Period(today - timedelta(days=90), today))
    assert [row.name for row in found.regions] == [region.name]
    assert shown(found.total) == naive(region, found.period)


def test_days_are_days_of_the_region() -> None:
    island = PortfolioFactory(adviser__agency__region__timezone="Indian/Reunion")
    mainland = PortfolioFactory()
    with time_machine.travel("2026-03-03T20:30:00+00:00", tick=False):  # 0 h 30 on the 4th in La Réunion
        volunteer(island)
        volunteer(mainland)
    user = ManagerFactory().user
    found = {
        day: {
            row.name: row.volunteers
            for row in dashboard(user=user, period=Period(date(2026, 3, day), date(2026, 3, day))).regions
        }
        for day in (3, 4)
    }
    here, there = mainland.agency.region.name, island.agency.region.name
    assert found == {3: {here: 1, there: 0}, 4: {here: 0, there: 1}}


def test_a_region_that_has_not_begun_is_named_below_the_table_until_it_has(client: Client) -> None:
    RegionFactory(closed=True, name="Guyane")
    portfolio = PortfolioFactory(adviser__agency__region__name="Île-de-France")
    RegionFactory(name="Alsace")
    RegionFactory(name="Lorraine")
    client.force_login(ManagerFactory().user)
    page = client.get(URL)
    assert [row.name for row in page.context["figures"].begun] == ["Alsace", "Île-de-France", "Lorraine"]
    assert [row.name for row in page.context["figures"].not_begun] == ["Guyane"]
    assert "Sans date d'ouverture et sans activité&nbsp;: Guyane." in page.content.decode()
    Region.objects.filter(pk=portfolio.agency.region.pk).update(web_opens_on=None)
    assert "Île-de-France" in [row.name for row in client.get(URL).context["figures"].begun]


@pytest.mark.parametrize("size", [1, 3])
def test_the_page_costs_the_same_whatever_its_size(
    client: Client, size: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(size):
        portfolio = PortfolioFactory()
        for _ in range(size):
            on_web_track(portfolio)
            refused(portfolio)
        held(portfolio, Channel.VIDEO, timezone.now(), 0)
    client.force_login(ManagerFactory().user)
    # session, account, manager; regions, enrolments, track, portfolios, interviews; waiting, on site, refusals, ends;
    # absences without a cover; what waits
    with django_assert_num_queries(14):
        client.get(URL)


def test_the_file_holds_the_table(client: Client, country: list[Portfolio]) -> None:
    client.force_login(ManagerFactory().user)
    answer = client.get(URL + "regions.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    text = answer.content.decode("utf-8-sig")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "\r\n" in text
    rows = list(csv.DictReader(StringIO(text), delimiter=";"))
    figures = client.get(URL).context["figures"]
    assert [row["Région"] for row in rows] == [*(row.name for row in figures.regions), "Ensemble"]
    assert [int(row["Volontaires"]) for row in rows][-1] == figures.total.volunteers
    assert [int(row["Entretiens tenus"]) for row in rows][-1] == figures.total.interviews_held


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?du=2026-03-10&au=2026-03-01", "avant son début"),
        ("?du=2010-01-01&au=2026-03-01", "trois ans"),
        ("?du=hier&au=2026-03-01", "date valide"),
        ("?du=2026-03-01", "obligatoire"),
    ],
)
def test_a_period_that_does_not_hold_says_why_and_shows_the_usual_one(
    client: Client, query: str, sentence: str
) -> None:
    client.force_login(ManagerFactory(regions=[PortfolioFactory().agency.region]).user)
    page = client.get(URL + query)
    assert sentence in page.content.decode()
    assert page.context["figures"].period.last == timezone.localdate()
    good = client.get(URL + "?du=2026-03-01&au=2026-03-10").context["figures"].period
    assert good == Period(date(2026, 3, 1), date(2026, 3, 10))


def test_reasons_hide_small_counts_and_what_would_tell_them(client: Client) -> None:
    portfolio = PortfolioFactory()
    for reason, people in ((RefusalReason.EQUIPMENT, 6), (RefusalReason.EASE, 5), (RefusalReason.NEEDS_ON_SITE, 2)):
        for _ in range(people):
            refused(portfolio, reason)
    manager = ManagerFactory().user
    cells = refusal_reasons(manager).counts.cells
    assert cells[RefusalReason.EQUIPMENT.label] == 6
    assert cells[RefusalReason.EASE.label] is Hidden.WITHHELD
    assert cells[RefusalReason.NEEDS_ON_SITE.label] is Hidden.SMALL
    client.force_login(manager)
    assert "masqué" in client.get(URL).content.decode()


def test_who_waits_for_a_portfolio_is_counted_in_one_s_regions() -> None:
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    mine, other = ManagerFactory(regions=[portfolio.agency.region]).user, ManagerFactory(regions=[]).user
    assert waiting_for_placement(mine) == 0
    Placement.objects.filter(jobseeker=person).delete()
    assert waiting_for_placement(mine) == 1
    assert waiting_for_placement(other) == 0


@pytest.mark.parametrize("address", [URL, URL + "regions.csv", "/portefeuilles/", "/equipes/"])
def test_these_are_pages_of_managers(client: Client, address: str) -> None:
    portfolio = PortfolioFactory()
    assert client.get(address).status_code == 302
    for user in (portfolio.adviser.user, on_web_track(portfolio).user):
        client.force_login(user)
        assert client.get(address).status_code == 403
    client.force_login(ManagerFactory().user)
    assert client.get(address).status_code == 200


def test_a_manager_without_a_region_is_told_so(client: Client) -> None:
    client.force_login(ManagerFactory(regions=[]).user)
    assert "Aucune région ne vous est confiée" in client.get(URL).content.decode()


def test_portfolios_come_most_filled_first_and_by_filter(client: Client) -> None:
    full, empty = PortfolioFactory(capacity=1), PortfolioFactory()
    half = PortfolioFactory(capacity=2, agency=empty.agency)
    classic = PortfolioFactory(adviser=empty.adviser, modality=Modality.GUIDE)
    on_web_track(full)
    on_web_track(half)
    client.force_login(ManagerFactory().user)

    def listed(query: str = "") -> list[Portfolio]:
        return list(client.get(f"/portefeuilles/{query}").context["page"].object_list)

    assert listed()[:2] == [full, half]
    assert set(listed()) == {full, half, empty, classic}
    assert listed(f"?agence={full.agency.code}") == [full]
    assert set(listed(f"?region={empty.agency.region.code}")) == {half, empty, classic}
    assert listed("?modalite=guide") == [classic]
    client.force_login(ManagerFactory(regions=[full.agency.region]).user)
    assert listed() == [full]
    assert set(listed(f"?region={empty.agency.region.code}")) == {full}, "another manager's region cannot be chosen"


def test_teams_go_by_agency_and_name_and_measure_nobody(client: Client) -> None:
    one, other = PortfolioFactory(), PortfolioFactory()
    person = on_web_track(one)
    manager: User = ManagerFactory(regions=[one.agency.region]).user
    assert manager.role == Role.MANAGER
    client.force_login(manager)
    page = client.get("/equipes/")
    assert [adviser.pk for adviser in page.context["page"].object_list] == [one.adviser_id]
    text = page.content.decode()
    assert str(one.adviser) in text
    assert "1</span> / 250" in text
    assert str(other.adviser) not in text
    assert person.full_name not in text


@pytest.mark.parametrize(("address", "queries"), [("/portefeuilles/", 10), ("/equipes/", 12)])
@pytest.mark.parametrize("size", [1, 4])
def test_a_manager_s_lists_cost_the_same_whatever_their_size(
    client: Client, address: str, queries: int, size: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    PortfolioFactory.create_batch(size)
    client.force_login(ManagerFactory().user)
    with django_assert_max_num_queries(queries):
        client.get(address)


def test_each_cell_under_two_rows_of_titles_names_its_titles(client: Client, country: list[Portfolio]) -> None:
    """Kind: a table whose cells a screen reader cannot tie to their titles (RGAA 5.7)."""
    client.force_login(ManagerFactory().user)
    page = client.get(URL).content.decode()
    table = re.search(r'<table class="desk-figures-table">.*?</table>', page, re.DOTALL)
    assert table is not None
    titles = dict(re.findall(r'<th[^>]* id="([^"]+)"[^>]*>\s*(?:<a[^>]*>)?([^<]+)', table[0]))
    cells = re.findall(r"<td([^>]*)>", table[0])
    assert cells
    for cell in cells:
        named = re.search(r'headers="([^"]+)"', cell)
        assert named is not None, cell
        assert set(named[1].split()) <= set(titles), cell
    assert "t-entretiens t-canal-2" in cells[8]
    assert titles["t-canal-2"] == "Téléphone"
