"""Histories of settings have their own tables, because the audit grows without end.

Kind: a page that searches the JSON of the audit for the history of a setting.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Modality
from accompaniment.models import Agency, AuditEntry, Jobseeker, User
from accompaniment.services.contact_details import change_phone
from accompaniment.services.enrolments.lapses import cancel_lapse_delay, set_lapse_delay, shown_delay
from accompaniment.services.territory import set_agency_opening, set_region_opening
from caseload.services.steering.agencies import set_agency_phone
from caseload.services.steering.capacities import cancel_capacity, set_capacity
from tests.accompaniment.factories import AgencyFactory, RegionFactory, reference
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db

TABLES = ("OpeningChange", "AgencyPhoneChange", "DelayChange", "CapacityChange")
MANY = 20_000


def words(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def soon(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


@pytest.fixture
def manager() -> User:
    user: User = ManagerFactory(whole_country=True).user
    return user


@pytest.fixture
def agency() -> Agency:
    agency: Agency = AgencyFactory(name="Colmar", region=RegionFactory(name="Alsace", closed=True))
    return agency


@pytest.fixture
def changed(manager: User, agency: Agency) -> None:
    """Each setting, changed in each way by the services."""
    region = agency.region
    set_region_opening(actor=manager, region=region, opens_on=soon(10))
    set_region_opening(actor=manager, region=region, opens_on=soon(12))
    set_agency_opening(actor=manager, agency=agency, opens_on=soon(20))
    set_agency_opening(actor=manager, agency=agency, opens_on=None)
    set_agency_phone(actor=manager, agency=agency, phone="01 23 45 67 89")
    set_agency_phone(actor=manager, agency=agency, phone="")
    delay = set_lapse_delay(actor=manager, state="asked", days=20, starts_on=soon(3), reason="Vite")
    set_lapse_delay(
        actor=manager, state="asked", days=25, starts_on=soon(3), reason="Moins vite", seen=shown_delay(delay).state
    )
    cancel_lapse_delay(actor=manager, delay=delay)
    facts: dict[str, Any] = {"actor": manager, "modality": Modality.GUIDE, "starts_on": soon(5), "reason": "Essai"}
    set_capacity(agency=None, value=140, **facts)
    cap = set_capacity(agency=agency, value=120, by_working_share=True, **facts)
    cancel_capacity(actor=manager, capacity=cap)


def told(name: str) -> list[tuple[Any, ...]]:
    app = "caseload" if name == "CapacityChange" else "accompaniment"
    model = apps.get_model(app, name)
    fields = [field.attname for field in model._meta.concrete_fields if field.attname not in {"id", "at"}]
    return list(model.objects.order_by("pk").values_list(*fields))


@pytest.mark.usefixtures("changed")
def test_each_change_has_its_row_beside_the_one_of_the_audit() -> None:
    assert [len(told(name)) for name in TABLES] == [4, 2, 3, 3]
    assert AuditEntry.objects.filter(action__in=("region", "agency_phone", "lapse_delay", "capacity")).count() == 12


@pytest.mark.usefixtures("changed")
def test_what_only_the_audit_told_is_brought_over_as_it_would_have_been_written() -> None:
    written = {name: told(name) for name in TABLES}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in TABLES:
            app = "caseload" if name == "CapacityChange" else "accompaniment"
            cursor.execute(f"DELETE FROM {app}_{name.lower()}")
        cursor.execute("SET LOCAL session_replication_role = origin")
        for module in (
            "accompaniment.migrations.0033_setting_changes_from_the_audit",
            "caseload.migrations.0015_capacity_changes_from_the_audit",
        ):
            cursor.execute(import_module(module).BRING)
    assert {name: told(name) for name in TABLES} == written


def lengthen_the_audit(action: str, *, of: Jobseeker | None = None) -> None:
    """Make the audit much larger than what any page shows of it; one row in nine hundred belongs to `of`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accompaniment_auditentry (at, jobseeker_id, action, details) "
            "SELECT now() - n * interval '1 minute', CASE WHEN n %% 900 = 0 THEN %s::bigint END, %s, "
            '\'{"fields": ["phone"]}\' FROM generate_series(1, %s) n',
            [of.pk if of else None, action, MANY],
        )
        cursor.execute("ANALYZE accompaniment_auditentry")


def scans_of_the_audit(look: Callable[[], Any]) -> tuple[int, list[str]]:
    """Return the number of a page's statements that read the audit, and those that scan all of it."""
    with CaptureQueriesContext(connection) as captured:
        assert look().status_code == 200
    reading = [
        one["sql"] for one in captured if one["sql"].startswith("SELECT") and '"accompaniment_auditentry"' in one["sql"]
    ]
    scans = []
    for statement in reading:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"), [])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        if "Seq Scan on accompaniment_auditentry" in plan:
            scans.append(plan)
    return len(reading), scans


@pytest.mark.usefixtures("changed")
def test_no_page_of_the_settings_reads_the_audit(client: Client, manager: User, agency: Agency) -> None:
    lengthen_the_audit("read")
    client.force_login(manager)
    for address, shown in (
        (reverse("settings"), "Colmar (Alsace) : ouverture le"),
        (reverse("region_agencies", args=[agency.region.code]), "Colmar (Alsace) : téléphone 01 23 45 67 89"),
        (reverse("lapse_delays"), "25 jours à partir du"),
        (reverse("capacities"), "Guidé, Colmar : 120 à partir du"),
    ):
        assert scans_of_the_audit(lambda address=address: client.get(address)) == (0, [])
        assert shown in words(client.get(address))


def test_a_search_of_the_json_would_read_all_of_it() -> None:
    """The control: the statement that these pages used before."""
    lengthen_the_audit("read")
    before = AuditEntry.objects.filter(action="capacity", details__agency=None).order_by("-at", "-pk")[:30]

    class Page:
        status_code = 200

    def look() -> Page:
        list(before)
        return Page()

    count, scans = scans_of_the_audit(look)
    assert (count, len(scans)) == (1, 1)


def test_a_person_s_pages_find_their_rows_by_the_index(client: Client) -> None:
    """The file's timeline and « Mes données » read the audit rows of one person."""
    reference()
    portfolio = PortfolioFactory()
    person = on_web_track(portfolio)
    change_phone(actor=portfolio.adviser.user, jobseeker=person, phone="06 12 34 56 78")
    client.force_login(portfolio.adviser.user)
    lengthen_the_audit("updated", of=person)
    count, scans = scans_of_the_audit(lambda: client.get(reverse("person", args=[person.pk])))
    assert count >= 1
    assert scans == []
    client.force_login(person.user)
    count, scans = scans_of_the_audit(lambda: client.get(reverse("own_data")))
    assert count >= 1
    assert scans == []
