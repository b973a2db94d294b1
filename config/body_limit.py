"""Refuses requests larger than `REQUEST_MAXIMUM_BYTES` before anything stores them.

Under ASGI, Django writes the whole body to disk before any of its code can refuse it. So this limit comes first. A
request that declares a larger size reaches Django without its body and gets a page that says so. A request that
declares no size is cut off at the limit.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from accompaniment.rules.parsing import number_in
from accompaniment.services.documents import LARGEST
from config.middleware import Around

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

REFUSED = "config.body_refused"
STATUS = 413
SENTENCE = "L'envoi est trop volumineux."


class LimitedBodies:
    """An ASGI application that never reads a body beyond the limit."""

    def __init__(self, application: Any) -> None:
        self.application: Application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, without its body if that is too large."""
        if _declared_length(scope) > settings.REQUEST_MAXIMUM_BYTES:
            await self.application(without_body(scope, REFUSED), Drained(receive), send)
        else:
            limited = _Limited(receive, send)
            await self.application(scope, limited.receive, limited.send)
            await limited.refuse_if_cut_off()


class Drained:
    """Discards what is received. The application gets an empty body, and learns when the client leaves."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._told = False

    async def __call__(self) -> Message:
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        while (message := await self._receive())["type"] != "http.disconnect":
            pass
        return message


class _Limited:
    """Counts what is received. Beyond the limit the application is told that the client has left."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._size = 0
        self._cut_off = False
        self._answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > settings.REQUEST_MAXIMUM_BYTES:
            self._cut_off = True
            return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        self._answered = True
        await self._send(message)

    async def refuse_if_cut_off(self) -> None:
        if self._cut_off and not self._answered:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await self._send({"type": "http.response.start", "status": STATUS, "headers": headers})
            await self._send({"type": "http.response.body", "body": SENTENCE.encode()})


class RefusedBodyMiddleware(Around):
    """Answer a request whose body was too large with a page that says so. Comes after the log-in."""

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        return _refusal(request) if _is_refused(request) else self.get_response(request)

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        if _is_refused(request):
            return await sync_to_async(_refusal)(request)
        response: HttpResponseBase = await self.get_response(request)
        return response


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            number = number_in(value.decode("ascii"))
            return settings.REQUEST_MAXIMUM_BYTES + 1 if number is None else number
    return 0


def without_body(scope: Scope, mark: str) -> Scope:
    """Return the request with an empty body, marked for the middleware that answers it."""
    kept = [(name, value) for name, value in scope["headers"] if name not in {b"content-length", b"content-type"}]
    return {**scope, "headers": [*kept, (b"content-length", b"0")], mark: True}


def _is_refused(request: HttpRequest) -> bool:
    return bool(getattr(request, "scope", {}).get(REFUSED))


def _refusal(request: HttpRequest) -> HttpResponse:
    before = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure())
    loads_files = request.user.is_authenticated and request.user.is_manager
    context = {
        "loads_files": loads_files,
        "maximum": settings.IMPORT_MAXIMUM_MEGABYTES if loads_files else LARGEST // (1024 * 1024),
        "before": before if safe else "/",
    }
    return render(request, "413.html", context, status=STATUS)
