"""Opens sessions and sockets without a page, as somebody who is logged in."""

from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accompaniment.models import User
from accompaniment.views.accounts import BACKEND


def session_of(user: User) -> SessionStore:
    """Return a new session of this account, as the log-in makes it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = User.objects.get(pk=user.pk).get_session_auth_hash()
    session.save()
    return session


def client_of(user: User | None) -> Client:
    """Return a browser of this account; all of one `user` share a session, for a log-in costs as much as a page."""
    client = Client(raise_request_exception=False)
    if user is not None:
        if not hasattr(user, "_session_of_tests"):
            user._session_of_tests = session_of(user).session_key
        client.cookies[settings.SESSION_COOKIE_NAME] = user._session_of_tests
    return client


class Socket(ApplicationCommunicator):
    """A socket that brings a session of its own, unless its scope has one already."""

    async def send_input(self, message: dict[str, Any]) -> None:
        user = self.scope["user"]
        if message["type"] == "websocket.connect" and user.is_authenticated and "session" not in self.scope:
            self.scope["session"] = await database_sync_to_async(session_of)(user)
        await super().send_input(message)
