"""A request above the limit is stored nowhere; one below it goes through."""

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django import Settings

from config.asgi import http
from config.body_limit import LimitedBodies

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 1000
PATIENCE = 20.0  # seconds


@pytest.fixture(autouse=True)
def _small_limit(settings: Settings) -> None:
    settings.REQUEST_MAXIMUM_BYTES = LIMIT
    settings.IMPORT_MAXIMUM_MEGABYTES = 100


def post(headers: list[tuple[bytes, bytes]]) -> ApplicationCommunicator:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/connexion/",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"referer", b"http://localhost/imports/"),
            *headers,
        ],
    }
    return ApplicationCommunicator(LimitedBodies(http), scope)


async def answer(sent: ApplicationCommunicator) -> tuple[int, str]:
    start: dict[str, Any] = await sent.receive_output(PATIENCE)
    body = b""
    while (part := await sent.receive_output(PATIENCE)).get("more_body"):
        body += part["body"]
    return start["status"], (body + part.get("body", b"")).decode()


async def test_a_body_that_says_it_is_too_large_is_answered_before_it_comes() -> None:
    sent = post([(b"content-length", str(LIMIT + 1).encode())])
    await sent.send_input({"type": "http.request", "body": b"x", "more_body": True})
    status, page = await answer(sent)
    assert status == 413
    assert "dépasse 10&nbsp;Mo" in page
    assert "Découpez-le" not in page
    assert 'href="http://localhost/imports/"' in page
    await sent.send_input({"type": "http.disconnect"})
    await sent.wait(PATIENCE)


async def test_a_body_at_the_limit_comes_through() -> None:
    sent = post([(b"content-length", str(LIMIT).encode())])
    await sent.send_input({"type": "http.request", "body": b"x" * LIMIT})
    status, _ = await answer(sent)
    assert status == 403  # no CSRF token: so Django has read the form
    await sent.wait(PATIENCE)


async def test_a_body_that_does_not_say_how_large_it_is_is_cut_off_at_the_limit() -> None:
    sent = post([])
    for _ in range(3):
        await sent.send_input({"type": "http.request", "body": b"x" * (LIMIT // 2), "more_body": True})
    status, sentence = await answer(sent)
    assert (status, sentence) == (413, "L'envoi est trop volumineux.")
    await sent.wait(PATIENCE)
