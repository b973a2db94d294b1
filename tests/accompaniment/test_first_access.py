"""« Première connexion »: a person without an account opens their own space, and nobody else learns anything."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, Bandwidth, EnrolmentState, NotificationKind, Track
from accompaniment.models import (
    Accompaniment,
    AuditEntry,
    Consent,
    DeviceCheck,
    Enrolment,
    Jobseeker,
    Notification,
    User,
)
from accompaniment.services.enrolments import refuse_enrolment
from messaging.jobs import deliver_notifications
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import (
    AdviserUserFactory,
    EnrolmentFactory,
    JobseekerFactory,
    consent_text_in_force,
)
from tests.caseload.factories import PortfolioFactory, validated

pytestmark = pytest.mark.django_db

CHOSEN = "un mot de passe bien à moi"


@pytest.fixture
def person() -> Jobseeker:
    consent_text_in_force()
    return JobseekerFactory(identifier="1234567A", email="alix@example.org")


def ask(client: Client, identifier: str = "1234567A", email: str = "alix@example.org", **headers: Any) -> Any:
    return client.post(reverse("first_access"), {"identifier": identifier, "email": email}, **headers)


def link_in(body: str) -> str:
    (path,) = re.findall(rf"{re.escape(settings.PUBLIC_URL)}(/activation/\S+)", body)
    return str(path)


def test_the_whole_way_before_the_registration_interview(client: Client, person: Jobseeker) -> None:
    assert reverse("first_access") in client.get(reverse("login")).content.decode()
    assert ask(client, "1234567a ", "Alix@Example.org").headers["Location"] == reverse("first_access_sent")
    deliver_notifications()
    (message,) = mail.outbox
    assert message.to == ["alix@example.org"]
    link = link_in(message.body)
    client.post(link, {"password": CHOSEN, "confirmation": CHOSEN})
    assert client.get(reverse("space")).status_code == 200
    assert client.get(link).status_code == 410
    client.post(reverse("ask_enrolment"))
    enrolment = Enrolment.objects.get(jobseeker=person)
    assert enrolment.state == EnrolmentState.ASKED
    client.post(reverse("acceptance"), {"accepted": "on", "version": consent_text_in_force().version})
    assert Consent.objects.standing().filter(jobseeker=person).exists()
    found = {
        "camera": "on",
        "microphone": "on",
        "connection": Bandwidth.GOOD,
        "round_trip_ms": "20",
        "device": "Firefox",
    }
    assert client.post(reverse("device_test_result"), found).status_code == 200
    assert DeviceCheck.objects.filter(jobseeker=person).exists()
    validated(PortfolioFactory(agency=person.agency), enrolment=enrolment)
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.WEB


@pytest.mark.parametrize(("identifier", "email"), [("1234567B", "alix@example.org"), ("1234567A", "autre@example.org")])
def test_without_a_match_the_answer_is_the_same_and_nothing_leaves(
    client: Client, person: Jobseeker, identifier: str, email: str
) -> None:
    assert ask(client, identifier, email).headers["Location"] == ask(client).headers["Location"]
    assert Notification.objects.count() == 1
    events = [entry.details["event"] for entry in AuditEntry.objects.filter(action=AuditAction.ACCOUNT).order_by("pk")]
    assert events == ["first_access_without_match", "created", "first_access_asked"]


def test_asking_twice_makes_one_account_and_sends_one_letter(client: Client, person: Jobseeker) -> None:
    for _ in range(2):
        ask(client)
    assert User.objects.count() == 1
    assert Notification.objects.count() == 1


def test_who_has_a_password_gets_the_link_for_a_new_one(client: Client) -> None:
    person = JobseekerFactory(with_account=True)
    ask(client, person.identifier, person.email)
    assert Notification.objects.get().kind == NotificationKind.PASSWORD_RESET


def test_an_address_that_opens_a_colleague_s_account_opens_no_second_one(client: Client, person: Jobseeker) -> None:
    AdviserUserFactory(email=person.email)
    assert ask(client).headers["Location"] == reverse("first_access_sent")
    assert not Notification.objects.exists()


def test_the_throttle_of_the_log_in_counts_match_or_not(client: Client, person: Jobseeker) -> None:
    for email in ("alix@example.org", "autre@example.org"):
        identifier = "1234567A" if email.startswith("alix") else "7654321B"
        answers = [ask(client, identifier, email).status_code for _ in range(settings.AXES_FAILURE_LIMIT + 1)]
        assert answers == [302] * (settings.AXES_FAILURE_LIMIT - 1) + [429, 429]
    assert ask(client, "1111111C", "encore@example.org").status_code == 302


def test_what_is_typed_wrongly_says_what_to_do(client: Client) -> None:
    page = ask(client, "12A", "alix@")
    assert page.status_code == 422
    assert "Entrez sept chiffres et une lettre" in page.content.decode()
    assert 'value="12A"' in page.content.decode()


@pytest.mark.parametrize(("with_account", "name"), [(False, "first_access"), (True, "home")])
def test_a_refusal_leads_where_the_person_can_enter(with_account: bool, name: str) -> None:
    enrolment = EnrolmentFactory(jobseeker=JobseekerFactory(with_account=with_account))
    refuse_enrolment(actor=AdviserUserFactory(), enrolment=enrolment, reason="ease")
    body = letter_for(Notification.objects.get()).body
    assert f"{settings.PUBLIC_URL}{reverse(name)}\n" in body
    assert ("pas encore ouvert votre espace" in body) is not with_account
