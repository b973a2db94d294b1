"""What an adviser records for a person who calls: a request for a meeting on site, and leaving the web track."""

import html

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.enums import LeavingReason, Track
from accompaniment.models import Accompaniment, AuditEntry, Enrolment, Jobseeker, OnSiteRequest
from accompaniment.rules.french import of_name
from caseload.models import Portfolio
from tests.caseload.factories import PortfolioFactory, on_web_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def person(client: Client, portfolio: Portfolio) -> Jobseeker:
    client.force_login(portfolio.adviser.user)
    return on_web_track(portfolio)


def test_leaving_is_noted_after_one_page_that_says_what_it_entails(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    address = reverse("person_leaves", args=[person.pk])
    assert address in client.get(reverse("person", args=[person.pk])).content.decode()
    assert "prend effet tout de suite" in client.get(address).content.decode()
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB
    page = html.unescape(client.post(address, follow=True).content.decode())
    assert "sur la liste d'attente de l'agence" in page
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.CLASSIC
    enrolment = Enrolment.objects.get(jobseeker=person)
    assert (enrolment.leaving_reason, enrolment.closed_by) == (LeavingReason.BY_REQUEST, portfolio.adviser.user)


def test_a_request_to_be_received_is_noted_once_and_stands_first(
    client: Client, portfolio: Portfolio, person: Jobseeker
) -> None:
    address = reverse("record_on_site", args=[person.pk])
    assert address in client.get(reverse("person", args=[person.pk])).content.decode()
    for said in ("est enregistrée.", "est déjà en cours, depuis le "):
        answer = client.post(address, follow=True)
        assert answer.redirect_chain[-1][0] == reverse("person", args=[person.pk])
        assert f"La demande {of_name(person)} {said}" in html.unescape(answer.content.decode())
    assert OnSiteRequest.objects.open().filter(jobseeker=person).count() == 1
    (row,) = AuditEntry.objects.filter(jobseeker=person, action="on_site_request")
    assert (row.actor, row.details["event"]) == (portfolio.adviser.user, "asked")


def test_who_has_nothing_to_leave_is_led_back(client: Client, person: Jobseeker) -> None:
    address = reverse("person_leaves", args=[person.pk])
    classic = PortfolioFactory(adviser=Portfolio.objects.get().adviser, modality="guide")
    client.post(address)
    assert classic.placements.filter(jobseeker=person, ended_at=None).exists()
    page = html.unescape(client.get(address, follow=True).content.decode())
    assert "n'a pas de 100\u00a0% web à quitter" in page
