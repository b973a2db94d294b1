"""How long a session lasts, and that asking does not make it longer."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.accompaniment.factories import UserFactory

pytestmark = pytest.mark.django_db


def ends_at() -> datetime:
    return Session.objects.get().expire_date


def test_asking_tells_the_time_left_and_only_staying_makes_it_longer(client: Client) -> None:
    address = reverse("session_time")
    with time_machine.travel(datetime(2026, 11, 30, 9, tzinfo=UTC), tick=False) as clock:
        client.force_login(UserFactory())
        first = ends_at()
        clock.shift(timedelta(hours=11, minutes=55))
        assert client.get(address).json() == {"left": 300}
        assert ends_at() == first
        assert 'data-session-warning="0"' in client.get(reverse("accessibility")).content.decode()
        assert client.post(address).json() == {"left": settings.SESSION_COOKIE_AGE}
        assert ends_at() == timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
        assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == settings.SESSION_COOKIE_AGE
        later = settings.SESSION_COOKIE_AGE - settings.SESSION_WARNING
        assert f'data-session-warning="{later}"' in client.get(reverse("accessibility")).content.decode()


def test_a_session_that_has_ended_is_not_brought_back(client: Client) -> None:
    """The same as above, a minute too late."""
    with time_machine.travel(datetime(2026, 11, 30, 9, tzinfo=UTC), tick=False) as clock:
        client.force_login(UserFactory())
        clock.shift(timedelta(hours=12, minutes=1))
        answer = client.post(reverse("session_time"))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("login"))
