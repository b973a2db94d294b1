"""The first check of every request and socket: refuses what no browser of ours sends.

After it, no part of a URL, no cookie and no field contains NUL or half of a surrogate pair, and every form is readable
UTF-8. `Door` checks what precedes a body, before Django, which cannot build a request from some of it. `DoorMiddleware`
answers, and checks the body.
"""

import codecs
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from asgiref.sync import sync_to_async
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase, parse_cookie
from django.http.multipartparser import MultiPartParserError
from django.utils.http import parse_header_parameters

from accompaniment.rules.parsing import is_plain
from config.body_limit import Application, Drained, Receive, Scope, Send, without_body
from config.middleware import Around
from config.views import bad_request

REFUSED = "config.refused_at_the_door"
BAD_FRAME = 4400

ENCODINGS = frozenset({"utf-8", "ascii"})
"""The encodings in which a form may arrive. Our pages are in UTF-8, and so is what they send."""

UNREADABLE = (BadRequest, SuspiciousOperation, MultiPartParserError, LookupError, ValueError, OSError)
"""The exceptions that Django raises for a malformed body."""


class Door:
    """The outermost ASGI application."""

    def __init__(self, application: Any) -> None:
        self.application: Application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or socket on. An unreadable request is passed on with a mark only; an unreadable socket is
        closed.
        """
        if scope["type"] not in {"http", "websocket"} or _is_readable(scope):
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": BAD_FRAME})
        else:
            await self.application(_bare(scope), Drained(receive), send)


class DoorMiddleware(Around):
    """Answer an unreadable request with a plain page."""

    def in_thread(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request) if _may_enter(request) else bad_request(request)

    async def on_loop(self, request: HttpRequest) -> HttpResponseBase:
        # A body is read from a file and may be long; a request without one is checked at once.
        may_enter = await sync_to_async(_may_enter)(request) if request.method == "POST" else _may_enter(request)
        if not may_enter:
            return bad_request(request)
        response: HttpResponseBase = await self.get_response(request)
        return response


def _is_readable(scope: Scope) -> bool:
    try:
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        texts = [scope["path"], unquote_to_bytes(scope.get("query_string", b"")).decode("utf-8", "replace")]
        texts += [
            part
            for name, value in headers
            if name == b"cookie"
            for pair in parse_cookie(value).items()
            for part in pair
        ]
        encodings = [_encoding_in(value) for name, value in headers if name == b"content-type"]
    except (LookupError, ValueError):
        return False
    return all(map(is_plain, texts)) and ENCODINGS.issuperset(encodings)


def _encoding_in(content_type: str) -> str:
    _, parameters = parse_header_parameters(content_type)
    return codecs.lookup(parameters.get("charset") or "utf-8").name


def _bare(scope: Scope) -> Scope:
    """Return the request without its unreadable parts, so that it can be answered and logged."""
    unread = {b"cookie", b"content-type"}
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in unread]
    path = scope["path"].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    bare = {**scope, "path": path, "raw_path": b"", "query_string": b"", "headers": headers}
    return without_body(bare, REFUSED)


def _may_enter(request: HttpRequest) -> bool:
    if getattr(request, "scope", {}).get(REFUSED):
        return False
    try:
        texts = _texts_in(request)
        return all(map(is_plain, texts))
    except UNREADABLE:
        return False


def _texts_in(request: HttpRequest) -> Iterable[str]:
    yield request.path_info
    for name, value in request.COOKIES.items():
        yield name
        yield value
    for sent in (request.GET, request.POST):
        for name, values in sent.lists():
            yield name
            yield from values
    yield from request.FILES
