"""A request made by word of mouth at the interview: whom the search finds, who may record it, and what prevents it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accompaniment.enums import AuditAction, EnrolmentState, Tier
from accompaniment.models import AuditEntry, Enrolment, EnrolmentEvent, Jobseeker, RegistrationInterview
from caseload.models import Portfolio
from tests.accompaniment.factories import JobseekerFactory
from tests.caseload.factories import PortfolioFactory, placed, volunteer
from tests.caseload.registration.page import address, answers, text_of

pytestmark = pytest.mark.django_db

BUTTON = "Enregistrer sa demande et commencer l'entretien"
SEARCH_QUERIES = 8
"""Session, account, adviser, the agency's people, their tiers, recent readings; nothing per person."""


def person_of(portfolio: Portfolio, **facts: object) -> Jobseeker:
    person: Jobseeker = JobseekerFactory(agency=portfolio.agency, first_name="Hélène", last_name="Dupré", **facts)
    return person


def found(client: Client, words: str = "dupre") -> str:
    return text_of(client.get(reverse("record_wish"), {"q": words}))


def record(client: Client, person: Jobseeker) -> object:
    return client.post(reverse("record_wish"), {"person": person.pk, "q": "dupre"})


def test_from_the_search_to_the_decision(adviser: Client, portfolio: Portfolio) -> None:
    person = person_of(portfolio)
    assert reverse("record_wish") in adviser.get(reverse("registrations")).content.decode()
    assert BUTTON in found(adviser, "dupré helene")
    answer = record(adviser, person)
    enrolment = Enrolment.objects.get(jobseeker=person)
    assert answer.headers["Location"] == address(enrolment)  # type: ignore[attr-defined]
    assert EnrolmentEvent.objects.get(enrolment=enrolment).actor == portfolio.adviser.user
    assert RegistrationInterview.objects.get(jobseeker=person).conducted_by == portfolio.adviser.user
    assert AuditEntry.objects.filter(
        jobseeker=person, action=AuditAction.ENROLMENT, actor=portfolio.adviser.user
    ).exists()
    assert "Personne ne correspond." in found(adviser)
    adviser.post(address(enrolment), answers(portfolio))
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.VALIDATED


def test_tier_and_address_are_settled_at_the_interview(adviser: Client, portfolio: Portfolio) -> None:
    person = person_of(portfolio, tier=Tier.SUIVI, email=None)
    page = found(adviser)
    assert "Sa modalité est « suivi »" in page
    assert "Pas d'adresse e-mail : à noter pendant l'entretien." in page
    record(adviser, person)
    enrolment = Enrolment.objects.get(jobseeker=person)
    assert adviser.post(address(enrolment), answers(portfolio)).status_code == 422
    assert adviser.post(address(enrolment), answers(portfolio, email="helene@example.org")).status_code == 302
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.VALIDATED


@pytest.mark.parametrize(("opens_in", "words"), [(None, "pas encore de date"), (9, "n'y ouvre que le")])
def test_a_region_that_is_not_open_stands_in_the_way(
    adviser: Client, portfolio: Portfolio, opens_in: int | None, words: str
) -> None:
    person = person_of(portfolio)
    region = portfolio.agency.departement.region
    opens_on = timezone.localdate() + timedelta(days=opens_in) if opens_in else None
    type(region).objects.filter(pk=region.pk).update(web_opens_on=opens_on)
    assert words in found(adviser)
    assert BUTTON not in found(adviser)
    refused = record(adviser, person)
    assert refused.status_code == 409  # type: ignore[attr-defined]
    assert "n'est pas encore ouvert" in text_of(refused)
    assert not Enrolment.objects.exists()


def test_who_asked_meanwhile_is_said(adviser: Client, portfolio: Portfolio) -> None:
    refused = record(adviser, volunteer(portfolio).jobseeker)
    assert refused.status_code == 409  # type: ignore[attr-defined]
    assert "déjà en cours" in text_of(refused)


def test_it_is_for_the_agency_s_web_advisers(client: Client, portfolio: Portfolio) -> None:
    person = person_of(portfolio)
    stranger, classic = PortfolioFactory(), PortfolioFactory(agency=portfolio.agency, modality="guide")
    client.force_login(stranger.adviser.user)
    assert "Hélène Dupré" not in found(client)
    assert record(client, person).status_code == 404  # type: ignore[attr-defined]
    client.force_login(classic.adviser.user)
    assert client.get(reverse("record_wish")).status_code == 404
    assert record(client, person).status_code == 404  # type: ignore[attr-defined]
    assert not Enrolment.objects.exists()


def test_who_is_found_reads_it_in_the_journal_of_the_file(adviser: Client, portfolio: Portfolio) -> None:
    person = person_of(portfolio)
    own = placed(PortfolioFactory(adviser=portfolio.adviser, modality="guide"), last_name="Dupré")
    for _ in range(2):
        found(adviser)
    readings = AuditEntry.objects.filter(action=AuditAction.READ)
    assert [(entry.jobseeker, entry.details["part"]) for entry in readings] == [(person, "found_by_search")]
    assert not AuditEntry.objects.filter(action=AuditAction.READ, jobseeker=own).exists()


def test_many_are_not_all_shown(
    adviser: Client, portfolio: Portfolio, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        person_of(portfolio)
    assert "10 premières personnes" in found(adviser)
    with django_assert_max_num_queries(SEARCH_QUERIES):
        found(adviser)
