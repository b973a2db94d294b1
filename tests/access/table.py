"""Every URL, for nine people, and how one of them requests it."""

from collections.abc import Iterator

from django.db import transaction
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accompaniment.models import User
from tests.access import accompaniment_rows, caseload_rows, messaging_rows, visio_rows
from tests.access.row import Row
from tests.sessions import client_of

TABLE: dict[str, Row] = accompaniment_rows.ROWS | caseload_rows.ROWS | messaging_rows.ROWS | visio_rows.ROWS


def addresses() -> Iterator[str]:
    """Yield the name of every URL of the project; its pattern if it has no name."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            else:
                yield pattern.name or str(pattern.pattern)

    yield from walk(get_resolver().url_patterns)


def outcome(response: HttpResponseBase) -> str:
    if response.status_code in {301, 302, 303}:
        return "login" if response["Location"].startswith(reverse("login") + "?next=") else ">"
    return str(response.status_code)


PRIVATE = "private, no-store"
"""The Cache-Control of every answer to a logged-in user: pages, parts, downloads and refusals."""


def ask(user: User | None, method: str, url: str) -> str:
    """Send one request as a user, check its Cache-Control, and roll back whatever it changed."""
    client = client_of(user)
    with transaction.atomic():
        response = client.generic(method, url, content_type="application/x-www-form-urlencoded")
        answer = outcome(response)
        if user is not None:
            assert response.headers.get("Cache-Control") == PRIVATE, f"{method} {url}"
        if response.streaming:
            b"".join(response)
        transaction.set_rollback(True)
    return answer
