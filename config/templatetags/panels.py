"""Panels of upper floors in a page; built into every template (settings: `builtins`).

    {% panel "panel_next_step" %}<div hx-get="…" hx-trigger="load"><a href="…">…</a></div>{% endpanel %}
    {% panel_text "panel_today" as text %}

The page names an address, and so imports nothing. The view of this address answers as it answers htmx, and its answer
stands in the page from the beginning: without scripts, and without a second request. What stands between the tags takes
the place of a panel that cannot be had: a link to it, and what lets htmx ask for it once more. `panel_text` is empty
then, for a template that writes both itself.

A panel is asked with the person, the session and the messages of its page. It must be no more than its text, because
the headers and cookies of the page are its own: `private, no-store`, which no `Vary` has to narrow.
"""

import logging
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.urls import ResolverMatch, get_script_prefix, resolve, reverse
from django.utils.safestring import SafeString, mark_safe
from django_htmx.middleware import HtmxDetails

from accompaniment.views.own import shared_by
from config.health import is_away

register = template.Library()
log = logging.getLogger("config.panels")

KEPT_HEADERS = {"Cache-Control", "Content-Type", "Vary"}
OF_THIS_ADDRESS = ("GET", "_files", "_post", "content_params", "content_type", "headers", "htmx")
"""What a request has read of its own address, headers and body."""
SECRETS = ("CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE")
"""By these the middleware knows that a form of the panel needs the cookie."""


class PanelError(Exception):
    """A panel that cannot stand in a page."""


class SlowPanelError(PanelError):
    """The panels of a page have used up their time."""


@dataclass(frozen=True, slots=True)
class _Deadline:
    """Stops a panel before a statement once its time is over. A single statement ends at the limit of all pages."""

    at: float

    def __call__(self, execute: Callable[..., Any], sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        if time.monotonic() > self.at:
            raise SlowPanelError
        return execute(sql, parameters, many, context)


@register.tag
def panel(parser: Parser, token: Token) -> "PanelNode":
    """Put the panel of an address here: `{% panel "name" argument … %}`."""
    _, name, *arguments = token.split_contents()
    instead = parser.parse(("endpanel",))
    parser.delete_first_token()
    return PanelNode(parser.compile_filter(name), [parser.compile_filter(argument) for argument in arguments], instead)


class PanelNode(template.Node):
    """A panel, and what takes its place."""

    def __init__(self, name: FilterExpression, arguments: list[FilterExpression], instead: NodeList) -> None:
        self.name = name
        self.arguments = arguments
        self.instead = instead

    def render(self, context: Context) -> SafeString:
        arguments = [argument.resolve(context) for argument in self.arguments]
        return panel_text(context, self.name.resolve(context), *arguments) or self.instead.render(context)


@register.simple_tag(takes_context=True)
def panel_text(context: Context, name: str, *arguments: Any) -> SafeString:
    """Return the panel of an address, or an empty text if it cannot be had."""
    address = reverse(name, args=arguments)
    try:
        return text_of(context["request"], address)
    except Exception as error:
        if settings.BROKEN_PANELS_RAISE:
            raise
        _report(address, error)
        return SafeString("")


def text_of(request: HttpRequest, address: str) -> SafeString:
    """Return what the view of an address answers to htmx. Raise what it raises, and `PanelError` if it is no panel."""
    deadline = request.__dict__.setdefault("_panels_until", time.monotonic() + settings.PANELS_PATIENCE)
    match = resolve(_path_info(address))
    inner = _inner_request(request, address, match)
    with connection.execute_wrapper(_Deadline(deadline)):
        response = match.func(inner, *match.args, **match.kwargs)
    for name in SECRETS:
        if name in inner.META:
            request.META[name] = inner.META[name]
    return _text(response)


def _inner_request(request: HttpRequest, address: str, match: ResolverMatch) -> HttpRequest:
    """Return a request of the same person for a panel, as htmx sends it from the page."""
    shared_by(request)  # before the copy, which shares it
    inner = copy(request)
    for name in OF_THIS_ADDRESS:
        inner.__dict__.pop(name, None)
    parts = urlsplit(address)
    inner.method = "GET"
    inner.path, inner.path_info = parts.path, _path_info(parts.path)
    inner.META = {
        **request.META,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": inner.path_info,
        "QUERY_STRING": parts.query,
        "HTTP_HX_REQUEST": "true",
        "HTTP_HX_CURRENT_URL": request.build_absolute_uri(),
    }
    inner.GET = QueryDict(parts.query)
    inner.resolver_match = match
    inner.htmx = HtmxDetails(inner)  # type: ignore[attr-defined]  # as the middleware does
    return inner


def _path_info(address: str) -> str:
    return "/" + urlsplit(address).path.removeprefix(get_script_prefix())


def _text(response: HttpResponseBase) -> SafeString:
    if response.status_code != 200:
        raise PanelError(f"answered {response.status_code}")
    if response.cookies or not set(response.headers) <= KEPT_HEADERS:
        raise PanelError(f"has headers that would be lost: {sorted({*response.headers, *response.cookies})}")
    if not isinstance(response, HttpResponse):
        raise PanelError("is no text")
    return mark_safe(response.text)  # noqa: S308  (a template of ours has made it)


def _report(address: str, error: Exception) -> None:
    """Log why a panel is missing. The database's absence needs no stack: every page tells of it."""
    needs_stack = not (isinstance(error, PanelError | Http404 | PermissionDenied) or is_away(error))
    log.error("The panel %s is missing: %r", address, error, exc_info=error if needs_stack else None)
