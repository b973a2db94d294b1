"""Passwords: one spelling for every keyboard, no easily guessed password, and helpful advice."""

import unicodedata

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from accompaniment.forms.accounts import ChoosePasswordForm
from accompaniment.models import User
from accompaniment.rules.passwords import ADVICE, NotTrivialValidator
from accompaniment.services import accounts
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory, UserFactory

pytestmark = pytest.mark.django_db

COMPOSED = unicodedata.normalize("NFC", "été forêt maïs œuf")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize("chosen", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED])
def test_one_password_in_two_spellings_opens_the_account(client: Client, chosen: str, typed: str) -> None:
    user = AdviserUserFactory(password=None)
    link = reverse("activation", args=[accounts.issue_activation_link(user=user)])
    client.post(link, {"password": chosen, "confirmation": typed})
    answer = Client().post(reverse("login"), {"username": user.email, "password": typed})
    assert answer.status_code == 302
    wrong = Client().post(reverse("login"), {"username": user.email, "password": typed.replace("t", "d")})
    assert wrong.status_code == 200


def test_a_hash_from_before_there_was_one_spelling_still_opens_and_is_made_anew() -> None:
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(password=make_password(DECOMPOSED))
    user.refresh_from_db()
    assert not user.check_password(COMPOSED)
    assert user.check_password(DECOMPOSED)
    user.refresh_from_db()
    assert user.check_password(COMPOSED)


class CountingHasher(MD5PasswordHasher):
    """Counts how often something is hashed."""

    algorithm = "counting"
    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashed += 1
        return str(super().encode(password, salt))


@pytest.mark.parametrize(("typed", "hashes"), [(COMPOSED, 1), (DECOMPOSED, 2)])
def test_who_has_no_account_is_refused_after_as_many_hashes(settings: Settings, typed: str, hashes: int) -> None:
    """Kind: a response time that shows whether an account exists. Two spellings mean two comparisons, for everybody."""
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    user = UserFactory(password="tout autre chose ici")
    for email in (user.email, "personne@example.org"):
        CountingHasher.hashed = 0
        assert authenticate(RequestFactory().post("/connexion/"), username=email, password=typed) is None
        assert CountingHasher.hashed == hashes


@pytest.mark.parametrize(
    "trivial",
    [
        "aaaaaaaaaaaaaaa",
        "abababababababab",
        "azertyuiopqsdf",
        "AzertyUiop2013",
        "poiuytrezaqsdfg",
        "abcdefghijklmn",
        "motdepasse2013!",
        "MotDePasse1234",
        "accompagnement100web",
        "Accompagnement 100 % web",
        "Pôle-Emploi-2013",
        "alix.martin-dubreuil",
        "MartinDubreuil!!1",
        "alix.md@exemple.fr",
        "1234567A1234567a",
        "bonjourbonjour",
    ],
)
def test_what_is_guessed_first_is_refused_with_what_to_do(trivial: str) -> None:
    person = JobseekerFactory(
        first_name="Alix", last_name="Martin-Dubreuil", email="alix.md@exemple.fr", identifier="1234567A"
    )
    user = accounts.give_account(actor=None, person=person)
    with pytest.raises(ValidationError) as refusal:
        NotTrivialValidator().validate(trivial, user)
    assert ADVICE in refusal.value.messages[0]


@pytest.mark.parametrize(
    "good", ["quatre mots sans rapport", "Zgn7!rtk2#vbm", "нет дождя над морем", "chat nuage train citron"]
)
def test_what_nobody_guesses_is_taken(good: str) -> None:
    NotTrivialValidator().validate(good, UserFactory())


@pytest.mark.parametrize("refused", ["court", "12345678901234", "aaaaaaaaaaaaaaa", "passwordpassword"])
def test_every_refusal_of_a_password_says_what_to_do_once(refused: str) -> None:
    form = ChoosePasswordForm({"password": refused, "confirmation": refused}, user=UserFactory())
    assert not form.is_valid()
    assert sum(ADVICE in sentence for sentence in form.errors["password"]) >= 1
