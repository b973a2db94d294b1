"""The next user of a browser, or a cache on the way, sees nothing that was made for somebody else.

Kind: an answer that outlives the session for which it was made. `tests/test_access.py` requests every URL as everybody,
and checks this too.
"""

import pytest
from django.test import Client
from django.urls import reverse

from accompaniment.views.accounts import BACKEND
from tests.access.table import PRIVATE
from tests.accompaniment.factories import PASSWORD, UserFactory


@pytest.mark.django_db
def test_an_address_that_does_not_exist_and_the_log_in_itself_are_private_too() -> None:
    user, client = UserFactory(), Client()
    answer = client.post(reverse("login"), {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Cache-Control"] == PRIVATE
    assert client.get("/nulle-part/")["Cache-Control"] == PRIVATE


@pytest.mark.django_db
def test_what_is_for_everybody_may_be_kept() -> None:
    assert PRIVATE not in Client().get(reverse("accessibility")).headers.get("Cache-Control", "")


@pytest.mark.django_db
def test_the_log_out_clears_what_the_browser_has_kept() -> None:
    client = Client()
    client.force_login(UserFactory(), backend=BACKEND)
    answer = client.post(reverse("log_out"))
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert answer["Cache-Control"] == PRIVATE
