"""« Première connexion »: a person without an account opens their own space, and nobody else learns anything."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accompaniment.enums import AuditAction, Bandwidth, EnrolmentState, NotificationKind, Track
from accompaniment.jobs import answer_access_requests
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
from accompaniment.services.enrolments.interview import refuse_enrolment
from messaging.jobs import deliver_notifications
from messaging.services.delivery import letter_for
from tests.accompaniment.factories import (
    AdviserUserFactory,
    EnrolmentFactory,
    JobseekerFactory,
    consent_text_in_force,
)
from tests.caseload.factories import PortfolioFactory, registrar, validated

pytestmark = pytest.mark.django_db

CHOSEN = "un mot de passe bien à moi"


@pytest.fixture
def person() -> Jobseeker:
    consent_text_in_force()
    return JobseekerFactory(identifier="1234567A", email="alix@example.org")


def ask(client: Client, identifier: str = "1234567A", email: str = "alix@example.org", **headers: Any) -> Any:
    answer = client.post(reverse("first_access"), {"identifier": identifier, "email": email}, **headers)
    answer_access_requests()
    return answer


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
    assert events == ["created", "first_access_asked"]


@pytest.mark.parametrize(
    "typed", ["1234 567 a", "1234567\u00a0A", "12.34.567-a", "\u202f1234\u202f567\u202fA ", "1234567\u200ba"]
)
def test_an_identifier_is_read_however_it_is_spaced(client: Client, person: Jobseeker, typed: str) -> None:
    assert ask(client, typed).headers["Location"] == reverse("first_access_sent")
    assert Notification.objects.get().kind == NotificationKind.ACCOUNT_ACTIVATION


@pytest.mark.parametrize("typed", ["1234 567", "123 4567 8a", "1234567aa", "l234567a", "１２３４５６７A"])
def test_what_is_no_identifier_is_not_made_one(client: Client, person: Jobseeker, typed: str) -> None:
    assert ask(client, typed).status_code == 422


def test_forgotten_password_leads_who_has_no_account_to_the_first_log_in(client: Client, person: Jobseeker) -> None:
    """The page offers both ways to everybody.

    The letter goes to the address in the file and contains no link that opens the account.
    """
    asked = [client.post(reverse("password_forgotten"), {"email": email}) for email in (person.email, "x@example.org")]
    answer_access_requests()
    assert asked[0]["Location"] == asked[1]["Location"]
    assert reverse("first_access") in client.get(asked[0]["Location"]).content.decode()
    assert reverse("first_access") in client.get(reverse("password_forgotten")).content.decode()
    letter = letter_for(Notification.objects.get())
    assert f"{settings.PUBLIC_URL}{reverse('first_access')}\n" in letter.body
    assert "/activation/" not in letter.body
    assert not User.objects.exists()
    events = [entry.details["event"] for entry in AuditEntry.objects.filter(jobseeker=person)]
    assert events == ["first_access_told"]


def test_the_page_of_the_lock_says_what_was_not_done(client: Client, person: Jobseeker) -> None:
    """Kind: a refusal with the wrong reason. A request by identifier involves no password, and nothing was sent."""
    for _ in range(settings.BOUNDS["first_access.identifier"][0] + 1):
        page = ask(client).content.decode()
    assert "aucun e-mail n'est parti" in page
    assert "mot de passe" not in page
    for _ in range(settings.AXES_FAILURE_LIMIT):
        page = client.post(reverse("login"), {"username": "x@example.org", "password": "faux"}).content.decode()
    assert "aucun e-mail n'a été envoyé" in page
    assert "depuis votre connexion" in page


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
    """The database now refuses such an address, but an older one may still exist."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        AdviserUserFactory(email=person.email)
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert ask(client).headers["Location"] == reverse("first_access_sent")
    assert not Notification.objects.exists()


def test_the_throttle_counts_match_or_not(client: Client, person: Jobseeker) -> None:
    for email in ("alix@example.org", "autre@example.org"):
        identifier = "1234567A" if email.startswith("alix") else "7654321B"
        most = settings.BOUNDS["first_access.identifier"][0]
        answers = [ask(client, identifier, email).status_code for _ in range(most + 2)]
        assert answers == [302] * most + [429, 429]
    assert ask(client, "1111111C", "encore@example.org").status_code == 302


def test_what_is_typed_wrongly_says_what_to_do(client: Client) -> None:
    page = ask(client, "12A", "alix@")
    assert page.status_code == 422
    assert "Entrez sept chiffres et une lettre" in page.content.decode()
    assert 'value="12A"' in page.content.decode()


@pytest.mark.parametrize(("with_account", "name"), [(False, "first_access"), (True, "home")])
def test_a_refusal_leads_where_the_person_can_enter(with_account: bool, name: str) -> None:
    enrolment = EnrolmentFactory(jobseeker=JobseekerFactory(with_account=with_account))
    refuse_enrolment(actor=registrar(enrolment.jobseeker), enrolment=enrolment, reason="ease")
    body = letter_for(Notification.objects.get()).body
    assert f"{settings.PUBLIC_URL}{reverse(name)}\n" in body
    assert ("pas encore ouvert votre espace" in body) is not with_account
