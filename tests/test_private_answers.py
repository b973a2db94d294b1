"""Nobody who comes next to a browser, or to a cache on the way, sees what was made for somebody.

The kind: an answer that outlives the session for which it was made.
"""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accompaniment.views.accounts import BACKEND
from tests.accompaniment.factories import PASSWORD, UserFactory
from tests.test_access import TABLE, build_house

PRIVATE = "private, no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("actor", ["owner", "follower", "national"])
def test_every_answer_to_somebody_who_is_logged_in_is_private(actor: str) -> None:
    """Pages, parts of pages, downloads, redirections, refusals: by GET and by POST."""
    house = build_house()
    wrong = []
    for name, row in TABLE.items():
        for method in ("GET", "POST"):
            client = Client()
            with transaction.atomic():
                client.force_login(house.users[actor], backend=BACKEND)
                answer = client.generic(
                    method, reverse(name, args=row.args(house)), content_type="application/x-www-form-urlencoded"
                )
                if answer.streaming:
                    b"".join(answer)
                transaction.set_rollback(True)
            if answer.headers.get("Cache-Control") != PRIVATE:
                wrong.append(f"{method} {name}: {answer.status_code} {answer.headers.get('Cache-Control')}")
    assert not wrong, "\n".join(wrong)


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
