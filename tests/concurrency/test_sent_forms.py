"""One form sent several times at the same moment acts once. With a control without the token."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accompaniment.forms.tokens import new_token
from accompaniment.models import Note, SentForm, User
from tests.accompaniment.factories import AdviserUserFactory, JobseekerFactory
from tests.concurrency.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.accompaniment.note_urls")]

SENDINGS = 4


def sender(user: User, address: str, token: str) -> Callable[[], Any]:
    client = Client()
    client.force_login(user)
    return lambda: client.post(address, {"once": token, "body": "Appelée."})["Location"]


def test_one_form_sent_at_once_acts_once_and_leads_to_one_page() -> None:
    JobseekerFactory()
    user = AdviserUserFactory()
    token = new_token(user)
    led_to = at_once(*[sender(user, "/once/", token) for _ in range(SENDINGS)])
    assert led_to == [f"/note/{Note.objects.get().pk}/"] * SENDINGS
    assert SentForm.objects.get().answer == led_to[0]


def test_without_the_guard_each_sending_acts() -> None:
    """The control: the same form and token, with a view that does not check it."""
    JobseekerFactory()
    user = AdviserUserFactory()
    token = new_token(user)
    led_to = at_once(*[sender(user, "/each-time/", token) for _ in range(SENDINGS)])
    assert sorted(led_to) == sorted(f"/note/{note.pk}/" for note in Note.objects.all())
    assert Note.objects.count() == SENDINGS
