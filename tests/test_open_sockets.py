"""An open socket ends with the session that opened it, and no account opens sockets without end.

Kind: a connection that is accepted once and never checked again. No test makes a request in between, because a request
would check the session itself.
"""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from accompaniment.models import User
from accompaniment.services import accounts
from config.routing import websocket_urlpatterns
from config.settings.connections import cache, channel_layers
from messaging.consumers.sessions import NOT_LOGGED_IN, TOO_MANY, AccountSocket, compare_with_sessions
from messaging.consumers.socket_count import SocketCount, Ticket
from messaging.models import Message
from messaging.services import live
from messaging.services.conversations import open_conversation
from tests.frozen_redis import Door
from tests.messaging.sockets import PATIENCE
from tests.sessions import Socket, session_of
from tests.visio.factories import InterviewFactory
from visio.consumers import RoomConsumer
from visio.models import Interview

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "un mot de passe tout neuf 42"
SOCKETS = ("conversation", "desk", "room")


@database_sync_to_async
def the_house() -> tuple[User, dict[str, str]]:
    """Return an adviser, and the URLs of the three sockets that may be open."""
    interview: Interview = InterviewFactory()
    conversation = open_conversation(actor=interview.jobseeker.user, jobseeker=interview.jobseeker)
    paths = {
        "conversation": f"/ws/messagerie/{conversation.pk}/",
        "desk": "/ws/bureau/",
        "room": f"/ws/visio/{interview.token}/",
    }
    return interview.adviser.user, paths


class Opened(Socket):
    """An accepted socket."""

    async def code(self) -> int:
        """Return the code with which the server closes; earlier frames are dropped."""
        code = await self.closing()
        await self.leave()
        return code

    async def closing(self) -> int:
        """As `code`, but without disconnecting."""
        while (event := await self.receive_output(PATIENCE))["type"] != "websocket.close":
            pass
        return int(event["code"])

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(PATIENCE)

    async def stays(self) -> bool:
        silent: bool = await self.receive_nothing(timeout=0.2, interval=0.02)
        return silent


def scope(user: User, path: str, session: Any) -> dict[str, Any]:
    return {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "user": user,
        "session": session,
    }


async def knock(user: User, path: str, session: Any) -> tuple[Opened, dict[str, Any]]:
    socket = Opened(URLRouter(websocket_urlpatterns), scope(user, path, session))
    await socket.send_input({"type": "websocket.connect"})
    return socket, await socket.receive_output(PATIENCE)


async def opened(user: User, path: str, session: Any = None) -> Opened:
    session = session or await database_sync_to_async(session_of)(user)
    socket, event = await knock(user, path, session)
    assert event["type"] == "websocket.accept", event
    return socket


def log_out(user: User, session: Any) -> None:
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    assert client.post(reverse("log_out")).status_code == 302


def change(user: User, _session: Any) -> None:
    accounts.change_password(actor=User.objects.get(pk=user.pk), password=PASSWORD)


def reset(user: User, _session: Any) -> None:
    user.set_password("celui d'avant 42")
    user.save(update_fields=["password"])
    _, _, uidb64, token, _ = accounts.issue_password_reset_link(user=user).split("/")
    accounts.reset_password(uidb64=uidb64, token=token, password=PASSWORD)


def close(user: User, _session: Any) -> None:
    accounts.close(user=User.objects.get(pk=user.pk))


ENDS: dict[str, Callable[[User, Any], None]] = {
    "log-out": log_out,
    "password changed": change,
    "password reset": reset,
    "account closed": close,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", SOCKETS)
async def test_the_end_of_a_session_closes_its_sockets_at_once(name: str, end: str) -> None:
    """The regular check does not run here, so the announcement alone closes the sockets."""
    user, paths = await the_house()
    session = await database_sync_to_async(session_of)(user)
    socket = await opened(user, paths[name], session)
    assert await socket.stays()
    await database_sync_to_async(ENDS[end])(user, session)
    assert await socket.code() == NOT_LOGGED_IN


def forget_row(_user: User, session: Any) -> None:
    type(session)(session.session_key).delete()


def other_hash(user: User, _session: Any) -> None:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def inactive(user: User, _session: Any) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


UNTOLD: dict[str, Callable[[User, Any], None]] = {
    "row gone": forget_row,
    "other password": other_hash,
    "account inactive": inactive,
}


@pytest.mark.parametrize("end", UNTOLD)
@pytest.mark.parametrize("name", SOCKETS)
async def test_what_nobody_announces_is_seen_by_the_clock(name: str, end: str) -> None:
    """Kind: an end that nobody announces, as by another process while Redis is away, or by hand in the database."""
    user, paths = await the_house()
    session = await database_sync_to_async(session_of)(user)
    socket = await opened(user, paths[name], session)
    await compare_with_sessions(live.hub())
    assert await socket.stays()
    await database_sync_to_async(UNTOLD[end])(user, session)
    await compare_with_sessions(live.hub())
    assert await socket.code() == NOT_LOGGED_IN


async def test_within_five_seconds_the_clock_closes_them_all_while_redis_is_silent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each way to end a session, an account with three sockets. Redis neither announces nor answers."""
    monkeypatch.setattr("messaging.consumers.sessions.open_sockets", SocketCount())
    door = Door(settings.REDIS_URL)
    settings.CHANNEL_LAYERS = channel_layers(door.address, prefix="frozen")
    settings.CACHES = cache(door.address)
    open_ones: list[tuple[str, Opened]] = []
    ends: list[tuple[Callable[[User, Any], None], User, Any]] = []
    for cause, end in UNTOLD.items():
        user, paths = await the_house()
        session = await database_sync_to_async(session_of)(user)
        open_ones += [(f"{cause}, {name}", await opened(user, paths[name], session)) for name in SOCKETS]
        ends.append((end, user, session))
    door.freeze()
    for end, user, session in ends:
        await database_sync_to_async(end)(user, session)
    began = time.monotonic()

    async def seconds(socket: Opened) -> float:
        assert await socket.closing() == NOT_LOGGED_IN
        return time.monotonic() - began

    took = await asyncio.gather(*[seconds(socket) for _, socket in open_ones])
    assert max(took) < 5, dict(zip([what for what, _ in open_ones], took, strict=True))
    for _, socket in open_ones:
        await socket.leave()
    door.close()


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_session_that_expires_closes_its_sockets(name: str) -> None:
    user, paths = await the_house()
    socket = await opened(user, paths[name])
    over = timezone.now() + timedelta(seconds=django_settings.SESSION_COOKIE_AGE)
    with time_machine.travel(over - timedelta(minutes=1), tick=False):
        await compare_with_sessions(live.hub())
        assert await socket.stays()
    with time_machine.travel(over + timedelta(minutes=1), tick=False):
        await compare_with_sessions(live.hub())
        assert await socket.code() == NOT_LOGGED_IN


@pytest.mark.parametrize("end", UNTOLD)
@pytest.mark.parametrize("name", ["conversation", "room"])
async def test_nothing_is_written_after_the_end_of_a_session(name: str, end: str) -> None:
    """The end was neither announced nor found by the regular check: the frame itself is refused."""
    user, paths = await the_house()
    session = await database_sync_to_async(session_of)(user)
    socket = await opened(user, paths[name], session)
    await database_sync_to_async(UNTOLD[end])(user, session)
    frames = {
        "conversation": {"type": "send", "client_id": str(uuid4()), "body": "Encore moi"},
        "room": {"type": "join", "tab": str(uuid4())},
    }
    await socket.send_input({"type": "websocket.receive", "text": json.dumps(frames[name])})
    event = await socket.receive_output(PATIENCE)
    assert event == {"type": "websocket.close", "code": NOT_LOGGED_IN}
    assert not await Message.objects.aexists()
    await socket.leave()


@pytest.mark.parametrize("end", UNTOLD)
@pytest.mark.parametrize("name", SOCKETS)
async def test_a_session_that_is_over_opens_no_socket(name: str, end: str) -> None:
    """The handshake read the account before the session ended."""
    user, paths = await the_house()
    session = await database_sync_to_async(session_of)(user)
    (await (await opened(user, paths[name], session)).leave())
    await database_sync_to_async(UNTOLD[end])(user, session)
    _, event = await knock(user, paths[name], session)
    assert event == {"type": "websocket.close", "code": NOT_LOGGED_IN}
    assert not live.hub().rooms


async def test_a_session_of_somebody_else_opens_no_socket() -> None:
    user, paths = await the_house()
    other, _ = await the_house()
    _, event = await knock(user, paths["desk"], await database_sync_to_async(session_of)(other))
    assert event == {"type": "websocket.close", "code": NOT_LOGGED_IN}


async def test_a_log_out_ends_this_session_and_leaves_the_others_of_the_account() -> None:
    user, paths = await the_house()
    here, elsewhere = [await database_sync_to_async(session_of)(user) for _ in range(2)]
    this, that = await opened(user, paths["desk"], here), await opened(user, paths["desk"], elsewhere)
    await database_sync_to_async(log_out)(user, here)
    assert await this.code() == NOT_LOGGED_IN
    assert await that.stays()
    await that.leave()


async def test_a_password_change_ends_all_other_sessions_and_keeps_the_one_in_which_it_was_made() -> None:
    """The session goes on under a new key: the same browser connects again, a copy of its old cookie does not."""
    user, paths = await the_house()
    here, elsewhere = [await database_sync_to_async(session_of)(user) for _ in range(2)]
    this, that = await opened(user, paths["desk"], here), await opened(user, paths["desk"], elsewhere)
    client = Client()
    client.cookies[django_settings.SESSION_COOKIE_NAME] = here.session_key
    await database_sync_to_async(user.set_password)("l'ancien mot de passe 42")
    await database_sync_to_async(renew)(user, here, elsewhere)
    answer = await database_sync_to_async(client.post)(
        reverse("password_change"),
        {"current": "l'ancien mot de passe 42", "password": PASSWORD, "confirmation": PASSWORD},
    )
    assert answer.status_code == 302, answer.context["form"].errors
    assert await this.code() == await that.code() == NOT_LOGGED_IN
    for old in (here, elsewhere):
        _, event = await knock(user, paths["desk"], old)
        assert event == {"type": "websocket.close", "code": NOT_LOGGED_IN}
    again = await opened(user, paths["desk"], await database_sync_to_async(lambda: client.session)())
    await again.leave()


def renew(user: User, *sessions: Any) -> None:
    """Give the account this password, and the sessions its hash."""
    user.save(update_fields=["password"])
    for session in sessions:
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.save()


async def test_without_redis_the_sockets_of_the_process_hear_of_the_end_all_the_same(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = channel_layers("unix:///nowhere/valkey.sock")
    user, paths = await the_house()
    session = await database_sync_to_async(session_of)(user)
    socket = await opened(user, paths["conversation"], session)
    await database_sync_to_async(log_out)(user, session)
    assert await socket.code() == NOT_LOGGED_IN


async def test_another_process_hears_of_the_end_through_the_layer() -> None:
    user, paths = await the_house()
    session = await database_sync_to_async(session_of)(user)
    socket = await opened(user, paths["room"], session)
    await database_sync_to_async(forget_row)(user, session)
    await live.get_channel_layer().group_send(
        live.GROUP, {"origin": "another process", "events": [["SessionsEnded", {"user_pk": user.pk}]]}
    )
    assert await socket.code() == NOT_LOGGED_IN


# --- Limits of sockets and frames ---------------------------------------------------------------------


async def test_an_account_opens_so_many_sockets_and_no_more(settings: Settings) -> None:
    settings.SOCKETS_PER_ACCOUNT = 3
    user, paths = await the_house()
    other, theirs = await the_house()
    sockets = [await opened(user, paths[name]) for name in SOCKETS]
    _, event = await knock(user, paths["desk"], await database_sync_to_async(session_of)(user))
    assert event == {"type": "websocket.close", "code": TOO_MANY}
    sockets.append(await opened(other, theirs["desk"]))
    await sockets.pop(0).leave()
    sockets.append(await opened(user, paths["desk"]))
    for socket in sockets:
        await socket.leave()


async def test_the_sockets_of_other_processes_count_too(settings: Settings) -> None:
    settings.SOCKETS_PER_ACCOUNT = 3
    user, paths = await the_house()
    elsewhere = [Ticket(user.pk, uuid4().hex) for _ in range(2)]
    await SocketCount().stay(elsewhere)
    socket = await opened(user, paths["desk"])
    session = await database_sync_to_async(session_of)(user)
    _, event = await knock(user, paths["conversation"], session)
    assert event == {"type": "websocket.close", "code": TOO_MANY}
    await SocketCount().leave(elsewhere.pop())
    for again in (socket, await opened(user, paths["conversation"])):
        await again.leave()
    await SocketCount().leave(elsewhere.pop())


async def test_without_redis_a_process_counts_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # A new counter: after a failure, the process's own counter does not ask Redis again for a while.
    monkeypatch.setattr("messaging.consumers.sessions.open_sockets", SocketCount())
    settings.SOCKETS_PER_ACCOUNT = 2
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere?db=0"}}
    user, paths = await the_house()
    sockets = [await opened(user, paths[name]) for name in ("desk", "conversation")]
    session = await database_sync_to_async(session_of)(user)
    _, event = await knock(user, paths["desk"], session)
    assert event == {"type": "websocket.close", "code": TOO_MANY}
    for socket in sockets:
        await socket.leave()


@pytest.mark.parametrize("name", SOCKETS)
async def test_a_flood_closes_the_socket_with_its_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (AccountSocket, RoomConsumer):  # a slow machine lets none through
        monkeypatch.setattr(kind, "frames_per_second", 0.0)
    user, paths = await the_house()
    socket = await opened(user, paths[name])
    for _ in range(500):
        await socket.send_input({"type": "websocket.receive", "text": "{}"})
    assert await socket.code() == TOO_MANY
