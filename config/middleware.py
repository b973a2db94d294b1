"""Middleware around every request: health checks, the request log, and static files under ASGI."""

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
from django.middleware.gzip import GZipMiddleware
from django.views.defaults import permission_denied
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from accompaniment.rules.errors import NoRightError
from config import health
from config.compressed import compressed_copy, may_be_compressed
from config.logs import request_id, without_secrets
from config.views import bare_page

Handler = Callable[[HttpRequest], Any]

REQUEST_ID = "X-Request-ID"

ERROR_SUMMARY = b" data-error-summary"
"""An attribute of every summary of a refused form (`partials/_form_errors.html`)."""
ERROR_TITLE = "<title>Erreur – ".encode()

request_log = logging.getLogger("config.requests")


class Around:
    """Base of middleware that stays in the thread or on the event loop where it was built.

    Otherwise Django changes to a thread and back for every middleware that supports one side only.
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
    """Answer the two health addresses before all other middleware.

    A probe sends no known host name, uses no HTTPS and has no session, so the checks of host, redirection and log-in
    must not apply.
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
    # Django logs an error for each 503. The probe knows already, and asks again every few seconds.
    answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return answer


class RequestLogMiddleware(Around):
    """Write one line per request: method, path, status, milliseconds, account number, IP address.

    The line has neither the query, nor secret parts of the path, nor names. Each line written during the request and
    the response carry the request's id.
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
    """Give the request the id from the proxy, or a new one if the proxy sent no valid id."""
    given = request.headers.get(REQUEST_ID, "")
    token = request_id.set(given if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given) else uuid.uuid4().hex)
    try:
        yield
    finally:
        request_id.reset(token)


def _write_line(request: HttpRequest, response: HttpResponseBase, began: float) -> None:
    response.headers[REQUEST_ID] = request_id.get()
    milliseconds = (time.perf_counter() - began) * 1000
    # Use only a person who was loaded anyway: the log must not cost a query.
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
    # This keeps line breaks out of the log.
    return without_secrets(request.path.encode("unicode_escape").decode("ascii"), request)


class PrivateAnswersMiddleware(Around):
    """Forbid caches, of proxies and of the browser, to store answers made for somebody.

    That is every request or answer with a session. Static files are answered earlier.
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


class CompressedPagesMiddleware(Around):
    """Compress pages whose length may be seen, in a thread of their own on the event loop.

    Django's middleware adds up to a hundred random bytes to each page.
    """

    def __init__(self, get_response: Handler) -> None:
        super().__init__(get_response)
        self.gzip = GZipMiddleware(get_response)

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        return self.gzip.process_response(request, response) if may_be_compressed(request, response) else response

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await self.get_response(request)
        if not may_be_compressed(request, response):
            return response
        return await asyncio.to_thread(self.gzip.process_response, request, response)


class ErrorTitleMiddleware(Around):
    """Begin the title of a page with a refused form with « Erreur – », because the title is read out first."""

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
    """Explain that an address accepts only a form, where Django would answer with an empty page."""

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        return _say_wrong_method(request, self.get_response(request))

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        return _say_wrong_method(request, await self.get_response(request))


def _say_wrong_method(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, HttpResponseNotAllowed) and not response.content:
        response.content = bare_page(request, "405.html", status=405).content
    return response


class NoRightMiddleware(Around):
    """Answer 403 if a service finds that the right has gone since the page was made."""

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self.get_response(request)
        return response

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Called by Django for exceptions of views; return None for all others."""
        return permission_denied(request, exception) if isinstance(exception, NoRightError) else None


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

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        """Called by WhiteNoise only where `collectstatic` has not run."""
        for path in super().candidate_paths_for_url(url):
            yield compressed_copy(path, url.removeprefix(self.static_prefix))

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
