"""The log-in pages, seen from outside."""

import logging

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accompaniment.jobs import answer_access_requests
from accompaniment.models import Notification, User
from accompaniment.services import accounts
from config.demonstration.logins import LOGINS
from tests.accompaniment.factories import PASSWORD, AdviserUserFactory, JobseekerFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "quatre mots sans rapport"
CHOICE = {"password": NEW_PASSWORD, "confirmation": NEW_PASSWORD}
REFUSAL = "L&#x27;adresse e-mail ou le mot de passe ne convient pas."


def log_in(client: Client, user: User, password: str = PASSWORD, **data: str):
    return client.post(reverse("login"), {"username": user.email, "password": password, **data})


def is_in(client: Client) -> bool:
    return client.get(reverse("password_change")).status_code == 200


def test_log_in_leads_home(client: Client) -> None:
    assert log_in(client, UserFactory())["Location"] == reverse("home")
    assert is_in(client)


def test_address_may_be_typed_in_any_case(client: Client) -> None:
    user = UserFactory()
    client.post(reverse("login"), {"username": f" {user.email.upper()} ", "password": PASSWORD})
    assert is_in(client)


def test_stranger_closed_account_and_wrong_password_get_the_same_answer() -> None:
    closed = UserFactory(is_active=False)
    answers = [
        Client().post(reverse("login"), {"username": email, "password": password})
        for email, password in (
            ("personne@example.org", PASSWORD),
            (UserFactory().email, "faux"),
            (closed.email, PASSWORD),
        )
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert REFUSAL in answer.content.decode()


def test_log_in_goes_on_to_the_page_that_was_asked_for(client: Client) -> None:
    assert log_in(client, UserFactory(), next=reverse("password_change"))["Location"] == reverse("password_change")


def test_log_in_never_leads_to_another_site(client: Client) -> None:
    assert log_in(client, UserFactory(), next="https://example.org/")["Location"] == reverse("home")


def test_fifth_wrong_password_closes_the_door_even_to_the_right_one(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    user = UserFactory()
    with caplog.at_level(logging.WARNING):
        for attempt in range(settings.AXES_FAILURE_LIMIT - 1):
            # Another spelling of the same address is not a new attempt.
            email = user.email.upper() if attempt % 2 else user.email
            assert client.post(reverse("login"), {"username": email, "password": "faux"}).status_code == 200
        last = log_in(client, user, "faux")
    assert last.status_code == 429
    assert "15\u00a0minutes" in last.content.decode()
    assert log_in(client, user).status_code == 429
    assert not is_in(client)
    # Other accounts can still log in.
    assert log_in(client, UserFactory()).status_code == 302
    assert not [record for record in caplog.records if "deprecat" in record.getMessage().lower()]


def test_four_wrong_passwords_leave_the_door_open(client: Client) -> None:
    user = UserFactory()
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        log_in(client, user, "faux")
    assert log_in(client, user).status_code == 302


def test_new_password_by_link_lifts_the_lock(client: Client) -> None:
    user = UserFactory()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(client, user, "faux")
    client.post(accounts.issue_password_reset_link(user=user), CHOICE)
    assert log_in(Client(), user, NEW_PASSWORD).status_code == 302


def test_log_out_is_a_post(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(reverse("log_out")).status_code == 405
    assert is_in(client)
    assert client.post(reverse("log_out"))["Location"] == reverse("login")
    assert not is_in(client)


def test_home_asks_a_stranger_to_log_in(client: Client) -> None:
    assert client.get(reverse("home"))["Location"] == f"{reverse('login')}?next=/"


def test_forgotten_password_answers_the_same_whoever_asks(client: Client) -> None:
    known = client.post(reverse("password_forgotten"), {"email": UserFactory().email})
    unknown = client.post(reverse("password_forgotten"), {"email": "personne@example.org"})
    assert known["Location"] == unknown["Location"] == reverse("password_forgotten_sent")
    answer_access_requests()
    assert Notification.objects.count() == 1


def test_forgotten_password_wants_a_whole_address(client: Client) -> None:
    answer = client.post(reverse("password_forgotten"), {"email": "camille"})
    assert "Entrez une adresse e-mail complète" in answer.content.decode()


def test_reset_logs_in_here_and_ends_the_other_sessions(client: Client) -> None:
    user, elsewhere = UserFactory(), Client()
    elsewhere.force_login(user)
    assert is_in(elsewhere)
    assert client.post(accounts.issue_password_reset_link(user=user), CHOICE)["Location"] == reverse("home")
    assert is_in(client)
    assert not is_in(elsewhere)


def test_activation_logs_in(client: Client) -> None:
    user = AdviserUserFactory(password=None)
    url = reverse("activation", args=[accounts.issue_activation_link(user=user)])
    assert client.get(url).status_code == 200
    assert client.get(url).status_code == 200
    assert client.post(url, CHOICE)["Location"] == reverse("home")
    assert is_in(client)
    assert client.post(url, CHOICE).status_code == 410


def test_activation_takes_over_from_whoever_was_logged_in(client: Client) -> None:
    client.force_login(UserFactory())
    user = AdviserUserFactory(password=None)
    client.post(reverse("activation", args=[accounts.issue_activation_link(user=user)]), CHOICE)
    assert client.get(reverse("password_change")).context["user"] == user


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"password": "court", "confirmation": "court"}, "trop court"),
        ({"password": "12345678901234", "confirmation": "12345678901234"}, "entièrement numérique"),
        ({**CHOICE, "confirmation": "autre chose ici"}, "ne sont pas les mêmes"),
        ({"password": "", "confirmation": ""}, "Choisissez un mot de passe."),
    ],
)
def test_activation_says_what_is_wrong_with_a_password(client: Client, data: dict[str, str], sentence: str) -> None:
    user = AdviserUserFactory(password=None)
    answer = client.post(reverse("activation", args=[accounts.issue_activation_link(user=user)]), data)
    assert sentence in answer.content.decode()
    assert not User.objects.get(pk=user.pk).has_usable_password()


@pytest.mark.parametrize("address", ["/activation/inconnu/", "/mot-de-passe/MQ/abc-def/"])
def test_dead_link_says_how_to_get_a_new_one(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 410
    assert reverse("password_forgotten") in answer.content.decode()


def test_secret_in_an_address_goes_into_no_referer_and_no_cache(client: Client) -> None:
    user = UserFactory()
    addresses = [
        accounts.issue_password_reset_link(user=user),
        reverse("activation", args=[accounts.issue_activation_link(user=user)]),
        "/activation/inconnu/",
    ]
    for address in addresses:
        answer = client.get(address)
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer["Cache-Control"]


def test_password_change_wants_the_present_one(client: Client) -> None:
    user, elsewhere = UserFactory(), Client()
    client.force_login(user)
    elsewhere.force_login(user)
    url = reverse("password_change")
    assert "pas votre mot de passe actuel" in client.post(url, {**CHOICE, "current": "faux"}).content.decode()
    assert client.post(url, {**CHOICE, "current": PASSWORD}).status_code == 302
    assert is_in(client)
    assert not is_in(elsewhere)


def test_old_form_says_how_to_go_on() -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("login"), {"username": "a@example.org", "password": "b"})
    assert answer.status_code == 403
    assert "Ce formulaire a expiré" in answer.content.decode()


def test_unknown_page_is_said_in_the_frame(client: Client) -> None:
    client.force_login(JobseekerFactory(with_account=True).user)
    answer = client.get("/inconnu/")
    assert answer.status_code == 404
    assert "Cette page n'existe pas" in answer.content.decode()


@pytest.mark.parametrize("name", ["accessibility", "personal_data", "legal_notice"])
def test_footer_pages_are_open_to_everybody(client: Client, name: str) -> None:
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize(("role", "queries"), [("adviser", 3), ("manager", 3), ("jobseeker", 4)])
def test_frame_reads_the_person_and_what_waits_and_of_a_jobseeker_what_it_offers(
    client: Client, django_assert_num_queries, role: str, queries: int
) -> None:
    client.force_login(UserFactory(role=role))
    with django_assert_num_queries(queries):  # the session, the account, what waits, the rights
        client.get(reverse("accessibility"))


@pytest.mark.parametrize("demonstration", [True, False])
def test_log_ins_of_the_demonstration_are_shown_nowhere_else(
    client: Client, settings: Settings, demonstration: bool
) -> None:
    settings.DEMONSTRATION = demonstration
    page = client.get(reverse("login")).content.decode()
    assert LOGINS
    for demonstration_login in LOGINS:
        assert (demonstration_login.email in page) is demonstration
        assert (demonstration_login.password in page) is demonstration
    assert ("E-mails de la démonstration" in page) is demonstration


def test_the_log_out_empties_the_browser_s_drafts(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.post(reverse("log_out"))["Clear-Site-Data"] == '"cache", "storage"'
