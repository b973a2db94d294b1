"""A test's client that is logged in quickly has the session that Django gives it."""

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from tests.accompaniment.factories import UserFactory
from tests.sessions import by_django


@pytest.mark.django_db
def test_a_quick_log_in_leaves_the_session_and_the_cookie_of_django() -> None:
    user = UserFactory()
    quick, slow = Client(), Client()
    quick.force_login(user)
    by_django(slow, user)
    cookies = [client.cookies[settings.SESSION_COOKIE_NAME] for client in (quick, slow)]
    facts = [Session.objects.get(pk=cookie.value).get_decoded() for cookie in cookies]
    assert facts[0] == facts[1]
    assert dict(cookies[0]) == dict(cookies[1])
    assert [client.get(reverse("password_change")).status_code for client in (quick, slow)] == [200, 200]
    assert Client().get(reverse("password_change")).status_code == 302


@pytest.mark.django_db
def test_another_account_takes_nothing_over_from_the_session_of_the_first() -> None:
    client = Client()
    client.force_login(UserFactory())
    session = client.session
    session["typed"] = "of the first"
    session.save()
    other = UserFactory()
    client.force_login(other)
    assert client.session["_auth_user_id"] == str(other.pk)
    assert "typed" not in client.session
    assert Session.objects.count() == 1
