"""The telephone number of an agency: entered by its manager, shown where nobody else can be reached."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction
from accompaniment.models import Agency, AuditEntry
from accompaniment.rules.errors import DomainError, NotAllowedNowError
from caseload.models import Manager
from caseload.services.steering.agencies import set_agency_phone
from tests.accompaniment.factories import AgencyFactory, JobseekerFactory, RegionFactory
from tests.caseload.factories import ManagerFactory, on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency() -> Agency:
    agency: Agency = AgencyFactory()
    return agency


@pytest.fixture
def manager(agency: Agency) -> Manager:
    manager: Manager = ManagerFactory(regions=[agency.region])
    return manager


def entries() -> Any:
    return AuditEntry.objects.filter(action=AuditAction.AGENCY_PHONE)


def test_its_manager_writes_it_once_with_a_trace_and_takes_it_away(agency: Agency, manager: Manager) -> None:
    for _ in range(2):
        assert set_agency_phone(actor=manager.user, agency=agency, phone="01 23 45 67 89").phone == "+33123456789"
    assert entries().get().details["phone"] == "+33123456789"
    assert set_agency_phone(actor=manager.user, agency=agency, phone="").phone == ""
    assert entries().count() == 2


def test_the_manager_of_another_region_does_not(agency: Agency) -> None:
    stranger = ManagerFactory(regions=[RegionFactory()])
    with pytest.raises(NotAllowedNowError):
        set_agency_phone(actor=stranger.user, agency=agency, phone="01 23 45 67 89")
    assert not entries().exists()


def test_what_is_no_number_is_refused(agency: Agency, manager: Manager) -> None:
    with pytest.raises(DomainError, match="pas valable"):
        set_agency_phone(actor=manager.user, agency=agency, phone="12345")


@pytest.mark.parametrize("number", ["0123456789", "+33 1 23", "rien"])
def test_the_database_keeps_numbers_that_can_be_dialled_only(agency: Agency, number: str) -> None:
    with pytest.raises(IntegrityError, match="agency_phone_e164"), transaction.atomic():
        Agency.objects.filter(pk=agency.pk).update(phone=number)
    Agency.objects.filter(pk=agency.pk).update(phone="+33123456789")


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(client: Client, agency: Agency, manager: Manager) -> None:
    client.force_login(manager.user)
    address = reverse("agency_phone", args=[agency.code])
    wrong = client.post(address, {"phone": "12345"})
    assert wrong.status_code == 422
    assert 'value="12345"' in wrong.content.decode()
    right = client.post(address, {"phone": "01 23 45 67 89"}, follow=True).content.decode().replace("\u00a0", " ")
    assert f"{agency.name} : 01 23 45 67 89." in right
    assert "téléphone 01 23 45 67 89" in right, "the history names its author"


@pytest.mark.parametrize("followed", [True, False], ids=["followed", "waiting for an adviser"])
def test_the_person_reads_it_with_the_name_of_the_agency(client: Client, followed: bool) -> None:
    person = on_web_track() if followed else JobseekerFactory(with_account=True)
    client.force_login(person.user)
    address = reverse("space_adviser_panel")
    assert "tel:" not in client.get(address).content.decode()
    Agency.objects.update(phone="+33123456789")
    assert 'href="tel:+33123456789"' in client.get(address).content.decode()
