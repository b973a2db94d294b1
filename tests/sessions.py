"""Opens sessions and sockets of a logged-in user without a page."""

import secrets
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client

from accompaniment.models import User
from accompaniment.views.accounts import BACKEND


def session_of(user: User) -> SessionStore:
    """Return a new session of this account, as the log-in makes it."""
    return _write_session(User.objects.get(pk=user.pk), BACKEND)


def _write_session(user: User, backend: str) -> SessionStore:
    session = SessionStore(secrets.token_hex(16))
    session._session_cache = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: backend,
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    session.create_model_instance(session._session_cache).save(force_insert=True)
    return session


by_django = Client.force_login


def force_login(client: Client, user: User, backend: str | None = None) -> None:
    """Log a client in with one statement; Django takes ten, as it begins with an empty session and replaces it.

    A client that has a session already is left to Django, which decides what of it is kept.
    """
    if settings.SESSION_COOKIE_NAME in client.cookies:
        by_django(client, user, backend)
        return
    user.backend = backend or client._get_backend()
    request = HttpRequest()
    request.session = _write_session(user, user.backend)
    client._set_login_cookies(request)


def client_of(user: User | None) -> Client:
    """Return a client of this account.

    All clients of one `user` share a session, because a log-in costs as much as a page.
    """
    client = Client(raise_request_exception=False)
    if user is not None:
        if not hasattr(user, "_session_of_tests"):
            user._session_of_tests = session_of(user).session_key
        client.cookies[settings.SESSION_COOKIE_NAME] = user._session_of_tests
    return client


class Socket(ApplicationCommunicator):
    """A socket with a session, unless its scope already has one."""

    async def send_input(self, message: dict[str, Any]) -> None:
        user = self.scope["user"]
        if message["type"] == "websocket.connect" and user.is_authenticated and "session" not in self.scope:
            self.scope["session"] = await database_sync_to_async(session_of)(user)
        await super().send_input(message)
