"""What stands around every request: health answers, the request log, and static files under ASGI."""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from config import health
from config.logs import request_id, without_secrets
from config.views import bare_page

Handler = Callable[[HttpRequest], Any]

REQUEST_ID = "X-Request-ID"

ERROR_SUMMARY = b" data-error-summary"
"""What every summary of a refused form has (`partials/_form_errors.html`)."""
ERROR_TITLE = "<title>Erreur – ".encode()

request_log = logging.getLogger("config.requests")


class Around:
    """Base of a middleware that stays on the side, threads or event loop, on which it was built.

    Django would otherwise hop to a thread and back for every middleware that knows one side only.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self.on_loop(request) if self.is_async else self.in_thread(request)

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request that came from a synchronous handler."""
        raise NotImplementedError

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request that came from an asynchronous handler."""
        raise NotImplementedError


class HealthMiddleware(Around):
    """Answer the two health addresses before anything else has a say.

    A probe knows no host name, speaks no HTTPS and holds no session, so it must pass neither the check of the
    host, nor the redirection, nor the log-in.
    """

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        probe = health.PROBES.get(request.path_info)
        return self.get_response(request) if probe is None else _health(probe())

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        probe = health.PROBES.get(request.path_info)
        if probe is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        return _health(await asyncio.to_thread(probe))


def _health(report: health.Report) -> HttpResponse:
    answer = HttpResponse(
        report.text + "\n",
        status=report.status,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )
    # Django writes an error for each 503. Whoever probes knows already, and asks again every few seconds.
    answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return answer


class RequestLogMiddleware(Around):
    """Write one line for each request: method, path, status, milliseconds, number of the person, address.

    Neither the query nor a secret part of the address, and no name, appears in it. The id of the request stands in
    each line that is written meanwhile, and in the answer.
    """

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        with _named(request):
            began = time.perf_counter()
            response: HttpResponseBase = self.get_response(request)
            _write_line(request, response, began)
        return response

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        with _named(request):
            began = time.perf_counter()
            response: HttpResponseBase = await self.get_response(request)
            _write_line(request, response, began)
        return response


@contextmanager
def _named(request: HttpRequest) -> Iterator[None]:
    """Give the request the id that the proxy has given it, or a new one where it gave none that looks like one."""
    given = request.headers.get(REQUEST_ID, "")
    token = request_id.set(given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else uuid.uuid4().hex)
    try:
        yield
    finally:
        request_id.reset(token)


def _write_line(request: HttpRequest, response: HttpResponseBase, began: float) -> None:
    response.headers[REQUEST_ID] = request_id.get()
    milliseconds = (time.perf_counter() - began) * 1000
    # Only a person who was looked up anyway: the log must not cost a query of its own.
    person = getattr(request, "_cached_user", None)
    facts = {
        "method": request.method,
        "path": _speakable_path(request),
        "status": response.status_code,
        "milliseconds": round(milliseconds),
        "user": getattr(person, "pk", None) or "-",
        "address": request.META.get("REMOTE_ADDR") or "-",
    }
    request_log.info(
        "%(method)s %(path)s %(status)d %(milliseconds)d ms user=%(user)s from=%(address)s", facts, extra=facts
    )


def _speakable_path(request: HttpRequest) -> str:
    # No line break gets into the log.
    return without_secrets(request.path.encode("unicode_escape").decode("ascii"), request)


class PrivateAnswersMiddleware(Around):
    """Let no cache keep what was made for somebody: neither one on the way, nor the browser for who comes next.

    Whoever brings or gets a session is somebody. Static files are answered further out.
    """

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        _keep_private(request, response)
        return response

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await self.get_response(request)
        _keep_private(request, response)
        return response


def _keep_private(request: HttpRequest, response: HttpResponseBase) -> None:
    name = settings.SESSION_COOKIE_NAME
    if name in request.COOKIES or name in response.cookies:
        response["Cache-Control"] = "private, no-store"


class ErrorTitleMiddleware(Around):
    """Begin the title of a page that shows a refused form with « Erreur – »: it is the first thing that is read out."""

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        _say_error_first(request, response)
        return response

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await self.get_response(request)
        _say_error_first(request, response)
        return response


def _say_error_first(request: HttpRequest, response: HttpResponseBase) -> None:
    if request.method != "POST" or not isinstance(response, HttpResponse) or ERROR_SUMMARY not in response.content:
        return
    response.content = response.content.replace(b"<title>", ERROR_TITLE, 1)


class WrongMethodMiddleware(Around):
    """Say in words that an address only takes what a form sends: Django's answer to who opens it is an empty page."""

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        return _say_wrong_method(request, self.get_response(request))

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        return _say_wrong_method(request, await self.get_response(request))


def _say_wrong_method(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, HttpResponseNotAllowed) and not response.content:
        response.content = bare_page(request, "405.html", status=405).content
    return response


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise on whichever side the request came from; on the event loop a thread reads the file.

    WhiteNoise itself answers with a synchronous iterator, which Django reads whole into memory under ASGI, with
    a warning, and it sends every page through a thread, static or not.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        super().__init__(get_response)
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._on_loop(request)
        answer: HttpResponseBase = super().__call__(request)
        return answer

    async def _on_loop(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        found: StaticFile | None = None
        if path.startswith(self.static_prefix):
            found = await asyncio.to_thread(self.find_file, path) if self.autorefresh else self.files.get(path)
        if found is None:
            response: HttpResponseBase = await self.get_response(request)
            return response
        status, headers, body = await asyncio.to_thread(_read_static, found, request)
        static = HttpResponse(body, status=status)
        del static["Content-Type"]
        for name, value in headers:
            static[name] = value
        return static


def _read_static(found: StaticFile, request: HttpRequest) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of a static file, at most a few hundred kilobytes.

    One thread opens, reads and closes, so that a person who leaves meanwhile leaves no open file behind.
    """
    answer = found.get_response(request.method, request.META)
    if answer.file is None:
        return int(answer.status), list(answer.headers), b""
    with closing(answer.file) as file:
        return int(answer.status), list(answer.headers), file.read()
