"""A form that arrives after the end of its session: the text comes back after the log-in, to the same person only."""

import html
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.forms import PasswordInput
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accompaniment.enums import Role
from accompaniment.forms.accounts import ConfirmAddressForm
from accompaniment.forms.tokens import SECRETS, new_token
from accompaniment.jobs import clear_sessions
from accompaniment.models import AddressChange, Enrolment, OnSiteRequest, User
from accompaniment.services.action_plan import StepFacts, add_objective, add_step, shown_line
from accompaniment.services.contact_details import details_of, shown_details
from accompaniment.views.kept_forms import KEY, LONGEST, SENT_COOKIE
from tests.accompaniment.factories import PASSWORD, JobseekerFactory
from tests.caseload.factories import PortfolioFactory, on_web_track
from tests.forms import forms_of_the_house
from tests.messaging.factories import pair

pytestmark = pytest.mark.django_db

ADDRESS = "/etre-recu/"
PAGE = f"http://testserver{ADDRESS}"
TEXT = "Un fauteuil roulant."


@pytest.fixture
def person() -> User:
    return JobseekerFactory(with_account=True).user


def enter(client: Client, user: User, password: str = PASSWORD, to: str = "") -> Any:
    return client.post(reverse("login"), {"username": user.email, "password": password, "next": to})


def send_without_session(client: Client, user: User, **differing: Any) -> Any:
    client.force_login(user)
    Session.objects.all().delete()
    data = {"once": new_token(user), "comment": TEXT, **differing}
    return client.post(ADDRESS, data, headers={"Referer": PAGE})


def test_the_text_comes_back_after_the_log_in(client: Client, person: User) -> None:
    answer = send_without_session(client, person)
    assert answer["Location"] == f"/connexion/?next={ADDRESS}"
    assert "reviendra dans le formulaire" in client.get(answer["Location"]).content.decode()
    assert not OnSiteRequest.objects.exists()
    assert enter(client, person, to=ADDRESS)["Location"] == ADDRESS
    page = client.get(ADDRESS).content.decode()
    assert "fauteuil" in page
    assert "Votre demande n'est pas encore partie\u00a0: vérifiez et envoyez" in html.unescape(page)
    assert "ce que vous aviez écrit est revenu ici" in html.unescape(page)
    # Nothing was sent by itself. Once the person sends the form, it is forgotten.
    assert not OnSiteRequest.objects.exists()
    client.post(ADDRESS, {"once": new_token(person), "comment": TEXT})
    assert OnSiteRequest.objects.get().comment == TEXT
    assert KEY not in client.session


def test_what_had_gone_through_before_the_session_ended_says_when_and_is_not_offered_again(
    client: Client, person: User
) -> None:
    """The answer to the first sending was lost. The person presses again, after the end of the session."""
    client.force_login(person)
    token = new_token(person)
    client.post(ADDRESS, {"once": token, "comment": TEXT}, headers={"Referer": PAGE})
    OnSiteRequest.objects.update(comment="")
    assert "déjà envoyée" not in client.get(ADDRESS).content.decode()
    del client.cookies[SENT_COOKIE]
    send_without_session(client, person, once=token)
    enter(client, person)
    answer = client.get(ADDRESS)
    page = html.unescape(answer.content.decode())
    assert "Votre demande était déjà envoyée le " in page
    assert "n'est pas encore partie" not in page
    assert "fauteuil" not in page
    # The browser's script is told to forget it as well, and the message is shown once.
    assert answer.cookies[SENT_COOKIE].value == token.split(".")[0]
    assert "déjà envoyée" not in client.get(ADDRESS).content.decode()
    assert OnSiteRequest.objects.count() == 1


def test_the_same_form_with_another_word_had_not_gone_through(client: Client, person: User) -> None:
    client.force_login(person)
    token = new_token(person)
    client.post(ADDRESS, {"once": token, "comment": "Le matin."}, headers={"Referer": PAGE})
    send_without_session(client, person, once=token)
    enter(client, person)
    page = html.unescape(client.get(ADDRESS).content.decode())
    assert "n'est pas encore partie" in page
    assert "fauteuil" in page


def test_a_form_of_one_button_says_too_that_it_is_not_sent(client: Client, person: User) -> None:
    client.force_login(person)
    Session.objects.all().delete()
    space = reverse("space")
    form = {"once": new_token(person)}
    client.post(reverse("ask_enrolment"), form, headers={"Referer": f"http://testserver{space}"})
    enter(client, person)
    page = html.unescape(client.get(space).content.decode())
    assert "Votre demande n'est pas encore partie" in page
    assert "est revenu ici" not in page
    assert not Enrolment.objects.exists()
    client.post(reverse("ask_enrolment"), form)
    assert "n'est pas encore partie" not in html.unescape(client.get(space).content.decode())


def test_another_account_does_not_see_it(client: Client, person: User) -> None:
    send_without_session(client, person)
    other = JobseekerFactory(with_account=True).user
    enter(client, other)
    assert "fauteuil" not in client.get(ADDRESS).content.decode()
    assert KEY not in client.session


def test_a_message_sent_without_a_script_is_gone_from_its_composer(client: Client) -> None:
    two = pair()
    address = reverse("conversation", args=[two.conversation.pk])
    client.force_login(two.person)
    Session.objects.all().delete()
    typed = {"once": new_token(two.person), "body": "Un fauteuil roulant.", "client_id": str(uuid4())}
    client.post(address, typed, headers={"Referer": f"http://testserver{address}"})
    enter(client, two.person)
    assert "fauteuil" in client.get(address).content.decode()
    client.post(address, typed)
    assert client.get(address).content.decode().count("fauteuil") == 1
    assert KEY not in client.session


def test_it_waits_half_an_hour(client: Client, person: User) -> None:
    start = timezone.now()
    send_without_session(client, person)
    with time_machine.travel(start + timedelta(minutes=31)):
        enter(client, person)
        assert "fauteuil" not in client.get(ADDRESS).content.decode()


def test_the_session_after_the_log_in_lasts_as_long_as_any(client: Client, person: User) -> None:
    send_without_session(client, person)
    assert client.session.get_expiry_age() == 30 * 60
    enter(client, person)
    client.get(ADDRESS)
    assert client.session.get_expiry_age() == 12 * 60 * 60


def test_only_its_own_page_has_it(client: Client, person: User) -> None:
    send_without_session(client, person)
    enter(client, person)
    assert "fauteuil" not in client.get(reverse("ask_callback")).content.decode()
    assert "fauteuil" in client.get(ADDRESS).content.decode()


def test_a_password_is_never_stored(client: Client, person: User) -> None:
    """Kind: a secret that waits in the session, or whose digest does, because it was typed into a form."""
    client.force_login(person)
    Session.objects.all().delete()
    address = reverse("change_address")
    keys = set()
    token = new_token(person)
    for word in (PASSWORD, "un autre mot de passe"):
        typed = {"once": token, "email": "nouvelle@exemple.fr", **dict.fromkeys(SECRETS, word)}
        client.post(address, typed, headers={"Referer": f"http://testserver{address}"})
        kept = client.session[KEY]
        assert kept["typed"] == {"email": ["nouvelle@exemple.fr"]}
        assert word not in str(dict(client.session))
        keys.add(kept["key"])
    assert len(keys) == 1


def test_every_field_for_a_password_is_known_as_one() -> None:
    in_classes = {
        name
        for form in forms_of_the_house()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field.widget, PasswordInput)
    }
    proof = ConfirmAddressForm(change=AddressChange(user=User(role=Role.ADVISER)))
    added = {name for name, field in proof.fields.items() if isinstance(field.widget, PasswordInput)}
    assert (in_classes, added) == ({"password", "confirmation", "current"}, {"proof"})
    assert in_classes | added == SECRETS


@pytest.mark.parametrize("differing", [{"once": "forged"}, {"comment": "x" * (LONGEST + 1)}])
def test_what_is_not_kept_is_not_promised(client: Client, person: User, differing: dict[str, str]) -> None:
    answer = send_without_session(client, person, **differing)
    assert KEY not in client.session
    (said,) = get_messages(answer.wsgi_request)
    assert "Reconnectez-vous." in str(said)


def test_an_address_that_is_no_page_leads_back_to_the_form(client: Client, person: User) -> None:
    client.force_login(person)
    Session.objects.all().delete()
    answer = client.post("/mon-espace/demander/", headers={"Referer": "http://testserver/mon-espace/"})
    assert answer["Location"] == "/connexion/?next=/mon-espace/"
    foreign = client.post("/mon-espace/demander/", headers={"Referer": "https://example.org/"})
    assert foreign["Location"] == "/connexion/?next=/mon-espace/demander/"


def test_a_part_of_a_page_takes_the_whole_page_to_the_log_in(client: Client, person: User) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/mon-espace/"}
    for answer in (
        client.get(reverse("panel_next_step"), headers=headers),
        client.post(ADDRESS, {"once": new_token(person), "comment": TEXT}, headers=headers),
    ):
        assert (answer.status_code, answer["HX-Redirect"]) == (204, "/connexion/?next=/mon-espace/")


def test_sessions_that_are_over_are_deleted_with_their_texts(client: Client, person: User) -> None:
    send_without_session(client, person)
    clear_sessions()
    assert Session.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        clear_sessions()
    assert not Session.objects.exists()


class TestExpiredForm:
    """The CSRF token belongs to an earlier log-in."""

    @pytest.fixture
    def client(self) -> Client:
        return Client(enforce_csrf_checks=True)

    def send(self, client: Client, user: User, **headers: str) -> Any:
        data = {"once": new_token(user), "comment": TEXT}
        return client.post(ADDRESS, data, headers={"Referer": PAGE, **headers})

    def test_leads_back_to_the_form_with_its_text(self, client: Client, person: User) -> None:
        client.force_login(person)
        answer = self.send(client, person)
        assert answer.status_code == 403
        assert f'href="{ADDRESS}">Rouvrir le formulaire' in answer.content.decode()
        assert "fauteuil" in client.get(ADDRESS).content.decode()
        assert not OnSiteRequest.objects.exists()

    def test_keeps_it_for_who_has_to_log_in_first(self, client: Client, person: User) -> None:
        answer = self.send(client, person, Origin="http://testserver")
        assert "reconnectez-vous" in answer.content.decode()
        client.force_login(person)
        assert "fauteuil" in client.get(ADDRESS).content.decode()

    def test_another_site_puts_nothing_into_a_session(self, client: Client, person: User) -> None:
        answer = self.send(client, person, Origin="https://example.org")
        assert "Revenez en arrière" in answer.content.decode()
        assert not Session.objects.exists()

    def test_nobody_puts_words_into_the_form_of_another(self, client: Client, person: User) -> None:
        client.force_login(person)
        answer = self.send(client, JobseekerFactory(with_account=True).user)
        assert "Revenez en arrière" in answer.content.decode()
        assert "fauteuil" not in client.get(ADDRESS).content.decode()


@pytest.mark.parametrize("page", ["details", "step"])
def test_what_was_saved_does_not_come_back_over_a_colleague_s_newer_word(client: Client, page: str) -> None:
    portfolio = PortfolioFactory()
    person, adviser = on_web_track(portfolio, commune="Colmar"), portfolio.adviser.user
    objective = add_objective(actor=adviser, jobseeker=person, title="Passer le permis")
    step = add_step(actor=adviser, objective=objective, facts=StepFacts(title="S'inscrire"))
    adviser.set_password(PASSWORD)
    adviser.save()
    if page == "details":
        address = reverse("edit_details", args=[person.pk])
        typed = {"seen": shown_details(person).token, **details_of(person), "commune": "Sélestat"}
    else:
        address = reverse("edit_step", args=[step.pk])
        typed = {"seen": shown_line(step).token, "title": "Sélestat", "due_on": ""}
    client.force_login(adviser)
    Session.objects.all().delete()
    client.post(address, {"once": new_token(adviser), **typed}, headers={"Referer": f"http://testserver{address}"})
    enter(client, adviser)
    assert "Sélestat" in client.get(address).content.decode()
    assert client.post(address, {"once": new_token(adviser), **typed}).status_code == 302
    assert KEY not in client.session
    type(person).objects.filter(pk=person.pk).update(commune="Mulhouse")
    type(step).objects.filter(pk=step.pk).update(title="Mulhouse")
    again = client.get(address).content.decode()
    assert "Mulhouse" in again
    assert "Sélestat" not in again
