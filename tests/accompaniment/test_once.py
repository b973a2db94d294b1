"""A form that is sent twice acts once."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accompaniment.forms.tokens import new_token
from accompaniment.jobs import forget_sent_forms
from accompaniment.models import Note, SentForm, User
from accompaniment.views.kept_forms import SENT_COOKIE
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accompaniment.note_urls")]


@pytest.fixture
def writer(client: Client) -> User:
    JobseekerFactory()
    user = AdviserUserFactory()
    client.force_login(user)
    return user


def test_sent_twice_it_acts_once_and_leads_to_the_same_page(client: Client, writer: User) -> None:
    sending = {"once": new_token(writer), "body": "Appelée."}
    first, second = client.post("/once/", sending), client.post("/once/", sending)
    note = Note.objects.get()
    assert first["Location"] == second["Location"] == f"/note/{note.pk}/"
    assert not list(get_messages(first.wsgi_request))
    assert "n'a compté qu'une fois" in str(next(iter(get_messages(second.wsgi_request))))


def test_another_token_is_another_act(client: Client, writer: User) -> None:
    for _ in range(2):
        client.post("/once/", {"once": new_token(writer), "body": "Appelée."})
    assert Note.objects.count() == 2


def test_back_and_changed_it_is_another_act(client: Client, writer: User) -> None:
    token = new_token(writer)
    for body in ("Appelée.", "Appelée, sans réponse."):
        client.post("/once/", {"once": token, "body": body})
    assert Note.objects.count() == 2


def test_another_file_is_another_act(client: Client, writer: User) -> None:
    token = new_token(writer)
    for content in (b"one", b"two", b"two"):
        client.post("/once/", {"once": token, "body": "x", "file": SimpleUploadedFile("a.txt", content)})
    assert Note.objects.count() == 2


def test_a_refusal_is_not_a_sending(client: Client, writer: User) -> None:
    empty = {"once": new_token(writer), "body": ""}
    assert client.post("/once/", empty).status_code == 422
    assert client.post("/once/", empty).status_code == 422
    assert not SentForm.objects.exists()


def test_an_error_leaves_nothing_and_may_be_sent_again(client: Client, writer: User) -> None:
    client.raise_request_exception = False
    breaking = {"once": new_token(writer), "body": "breaks"}
    assert client.post("/once/", breaking).status_code == 500
    assert not Note.objects.exists()
    assert not SentForm.objects.exists()


@pytest.mark.parametrize("token", ["", "forged", "b52ab33a-1f50-4d6a-8a3a-0d2b4cbb6f0f.1~forged"])
def test_without_a_token_nothing_is_watched(client: Client, writer: User, token: str) -> None:
    for _ in range(2):
        client.post("/once/", {"once": token, "body": "Appelée."})
    assert Note.objects.count() == 2


def test_the_token_of_somebody_else_leads_nowhere_of_theirs(client: Client, writer: User) -> None:
    sending = {"once": new_token(AdviserUserFactory()), "body": "Appelée."}
    assert [client.post("/once/", sending)["Location"] for _ in range(2)] == [
        f"/note/{note.pk}/" for note in Note.objects.order_by("pk")
    ]


def test_the_script_is_told_what_went_through(client: Client, writer: User) -> None:
    tokens = [new_token(writer) for _ in range(2)]
    for token in tokens:
        client.post("/once/", {"once": token, "body": "Appelée."})
    assert client.cookies[SENT_COOKIE].value == ".".join(token.split(".")[0] for token in tokens)
    assert not client.cookies[SENT_COOKIE]["httponly"]


def test_old_tokens_are_forgotten(client: Client, writer: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        client.force_login(writer)
        client.post("/once/", {"once": new_token(writer), "body": "Lundi."})
    client.force_login(writer)
    client.post("/once/", {"once": new_token(writer), "body": "Jeudi."})
    assert forget_sent_forms() == 1
    assert SentForm.objects.count() == 1
