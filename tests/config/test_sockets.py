"""What is checked before a websocket opens."""

import asyncio
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from config.asgi import application
from config.refused_sockets import OWN_CODES
from tests.e2e.server import LiveServer


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/messagerie/abc/", "/messagerie/"])
async def test_an_address_that_nobody_serves_is_refused_calmly(path: str) -> None:
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"origin", b"http://localhost"), (b"host", b"localhost")],
        "subprotocols": [],
    }
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    assert await socket.receive_output(5) == {"type": "websocket.accept"}, "a browser must learn the code"
    assert await socket.receive_output(5) == {"type": "websocket.close", "code": 4404}


OURS = "localhost:8000"


def handshake(origin: str | None, host: str = OURS, scheme: str = "ws", **more: str) -> dict[str, Any]:
    """Return the scope of a handshake by somebody who is not logged in."""
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    path = "/ws/bureau/"
    return {
        "type": "websocket",
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "subprotocols": [],
    }


async def close_code(scope: dict[str, Any]) -> int:
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    event = await socket.receive_output(5)
    told = event["type"] == "websocket.accept"
    if told:
        event = await socket.receive_output(5)
    assert event["type"] == "websocket.close"
    code = int(event.get("code", DENIED))
    # A browser learns a code only after the handshake. A denied origin or an oversized head gets no handshake.
    assert told == (code in OWN_CODES)
    return code


ASKED_WHO_IT_IS = 4401
DENIED = 1000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("origin", "host", "scheme", "code"),
    [
        ("http://localhost:8000", OURS, "ws", ASKED_WHO_IT_IS),
        ("http://LOCALHOST:8000", OURS, "ws", ASKED_WHO_IT_IS),
        ("https://localhost", "localhost", "wss", ASKED_WHO_IT_IS),
        ("https://localhost:443", "localhost", "wss", ASKED_WHO_IT_IS),
        ("http://[::1]:8000", "[::1]:8000", "ws", ASKED_WHO_IT_IS),
        # Another scheme, port or host, each differing by one fact.
        ("https://localhost:8000", OURS, "ws", DENIED),
        ("http://localhost", "localhost", "wss", DENIED),
        ("http://localhost:8001", OURS, "ws", DENIED),
        ("http://localhost", OURS, "ws", DENIED),
        ("http://127.0.0.1:8000", OURS, "ws", DENIED),
        ("http://evil.example", "evil.example", "ws", DENIED),
        ("http://localhost:8000.evil.example", OURS, "ws", DENIED),
        ("http://localhost:8000@evil.example", OURS, "ws", DENIED),
        ("http://evil@localhost:8000", OURS, "ws", DENIED),
        ("http://localhost:99999", OURS, "ws", DENIED),
        ("http://localhost:8000/", OURS, "ws", DENIED),
        ("null", OURS, "ws", DENIED),
        ("", OURS, "ws", DENIED),
        (None, OURS, "ws", DENIED),
    ],
)
async def test_a_socket_opens_only_from_its_own_scheme_host_and_port(
    origin: str | None, host: str, scheme: str, code: int
) -> None:
    """Kind: an origin of which only a part is compared. With 4401 the origin passed, and nobody is logged in."""
    assert await close_code(handshake(origin, host, scheme)) == code


async def test_two_origins_are_none() -> None:
    scope = handshake("http://localhost:8000")
    scope["headers"].append((b"origin", b"http://evil.example"))
    assert await close_code(scope) == DENIED


@pytest.mark.django_db(transaction=True)
async def test_a_handshake_with_an_enormous_head_is_refused_before_it_is_read() -> None:
    limit = settings.HEADERS_MAXIMUM_BYTES
    within = handshake("http://localhost:8000", cookie="a=" + "b" * (limit - 200))
    assert await close_code(within) == ASKED_WHO_IT_IS
    assert await close_code(handshake("http://localhost:8000", cookie="a=" + "b" * limit)) == 1009


async def test_a_request_with_an_enormous_head_is_refused_before_it_is_read() -> None:
    scope = handshake(None, cookie="a=" + "b" * settings.HEADERS_MAXIMUM_BYTES) | {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/healthz",
    }
    page = ApplicationCommunicator(application, scope)
    assert (await page.receive_output(5))["status"] == 431


async def first_line(port: int, size: int) -> bytes:
    """Send a handshake with one header of `size` bytes, and return the first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /ws/bureau/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Large: "
        + b"a" * size
        + b"\r\n\r\n"
    )
    async with asyncio.timeout(5):
        line = await reader.readline()
    writer.close()
    return line


async def test_a_handshake_that_is_too_long_to_be_read_is_answered_all_the_same() -> None:
    """Kind: a connection that stays open without an answer for as long as the other side likes."""
    server = LiveServer(application)
    server.start()
    try:
        port = int(server.url.rpartition(":")[2])
        assert (await first_line(port, 100)).startswith(b"HTTP/1.1 403 ")
        assert (await first_line(port, 100_000)).startswith(b"HTTP/1.1 431 ")
    finally:
        await asyncio.to_thread(server.stop)
