"""Keeps the text of a form whose session has ended, and puts it back when the same person has logged in again.

A form with `{% once_token %}` names the person for whom its page was made. If it arrives after the end of the session,
its text waits for half an hour in the visitor's new, empty session. After the log-in of the same account the forms of
that page show it (`config.form_renderer`), and the page says that it is not sent yet. If the same form had already gone
through, the page says when, and the form is empty.

Nothing is ever sent by itself, nobody else sees the text, and no password is ever kept. This works without a script;
`static/accompaniment/keep.js` does more.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accompaniment.forms.tokens import key_of_sending, token_in, typed_in
from accompaniment.models import User
from accompaniment.services import sent_forms

KEPT_FOR = timedelta(minutes=30)
LONGEST = 100_000  # characters: longer texts are kept only by the script
KEY = "kept_form"
NOTHING: Mapping[str, list[str]] = {}

SENT_COOKIE = "sent_forms"
"""Tokens of the forms that went through recently, so that the script can delete their drafts."""
COOKIE_AGE = 600  # seconds
COOKIE_TOKENS = 8

SESSION_OVER = "Votre session s'est terminée et rien n'a été enregistré. Reconnectez-vous."
TEXT_COMES_BACK = (
    "Votre session s'est terminée. Reconnectez-vous\u00a0: la page dira si votre envoi est parti, et ce que vous avez "
    "écrit reviendra dans le formulaire s'il est encore à envoyer."
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A form of the present page that arrived after its session had ended."""

    typed: Mapping[str, list[str]]
    sent_at: datetime | None
    """When the same sending had gone through; None if it is still to be sent."""
    token: str


_unfinished: ContextVar[Unfinished | None] = ContextVar("sent after the session ended", default=None)


def unfinished() -> Unfinished | None:
    """Return the unfinished form of the present page, if there is one."""
    return _unfinished.get()


def typed_before() -> Mapping[str, list[str]]:
    """Return what the person typed on the present page before the session ended, by field."""
    found = _unfinished.get()
    return found.typed if found is not None else NOTHING


def keep(request: HttpRequest) -> bool:
    """Keep the form's text, if it is one of ours and not too long; return whether it was kept."""
    token = token_in(request)
    typed = typed_in(request)
    if token is None or sum(len(value) for values in typed.values() for value in values) > LONGEST:
        return False
    request.session[KEY] = {
        "user": token[1],
        "page": page_of_form(request),
        "typed": typed,
        "token": str(token[0]),
        "key": str(key_of_sending(request, token[0])),
        "at": timezone.now().isoformat(),
    }
    if not request.user.is_authenticated:
        request.session.set_expiry(int(KEPT_FOR.total_seconds()))
    return True


def forget(request: HttpRequest) -> None:
    """Delete the kept text, because it has been sent."""
    request.session.pop(KEY, None)


def name_sent(request: HttpRequest, response: HttpResponseBase, *, token: str) -> None:
    """Tell the browser's script by a cookie that the form with this token has gone through."""
    known = [part for part in request.COOKIES.get(SENT_COOKIE, "").split(".") if part]
    value = ".".join([*known, token][-COOKIE_TOKENS:])
    response.set_cookie(SENT_COOKIE, value, max_age=COOKIE_AGE, samesite="Lax", secure=request.is_secure())


def page_of_form(request: HttpRequest) -> str:
    """Return the address of the form's page, which may differ from the address that the form was sent to."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return request.get_full_path()
    parts = urlsplit(came_from)
    return parts.path + (f"?{parts.query}" if parts.query else "")


class LogInRequiredMiddleware(LoginRequiredMiddleware):
    """Send visitors to the log-in page without losing what they typed."""

    def process_request(self, request: HttpRequest) -> None:
        """Begin each request without the state of an earlier request in this thread."""
        _unfinished.set(None)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if isinstance(request.user, User):
            _unfinished.set(_take(request, request.user))
        answer: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        return answer

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Tell the script, too, which form has gone through."""
        found = unfinished()
        if found is not None and found.sent_at is not None:
            name_sent(request, response, token=found.token)
        return response

    def handle_no_permission(  # type: ignore[override]  # the answer to htmx is no redirection
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        """Redirect to the log-in, and from there back to the page.

        A request for a part of a page redirects the whole page.
        """
        is_part = "HX-Request" in request.headers
        is_form = request.method == "POST"
        if is_form:
            messages.warning(request, TEXT_COMES_BACK if keep(request) else SESSION_OVER)
        page = page_of_form(request) if is_form or is_part else request.get_full_path()
        door = redirect_to_login(page, resolve_url(self.get_login_url(view_func)))
        return HttpResponse(status=204, headers={"HX-Redirect": door.url}) if is_part else door


def _take(request: HttpRequest, user: User) -> Unfinished | None:
    """Return what was kept for this person and this page. What belongs to somebody else or is too old is deleted."""
    kept = request.session.get(KEY)
    if kept is None:
        return None
    if "_session_expiry" in request.session:
        request.session.set_expiry(None)  # half an hour was for the visitor, not for the logged-in user
    if kept["user"] != user.pk or datetime.fromisoformat(kept["at"]) < timezone.now() - KEPT_FOR:
        forget(request)
        return None
    if request.method != "GET" or request.get_full_path() != kept["page"]:
        return None
    sent_at = sent_forms.sent_at(actor=user, key=UUID(kept["key"]))
    if sent_at is not None:
        forget(request)
    return Unfinished(typed=kept["typed"] if sent_at is None else NOTHING, sent_at=sent_at, token=kept["token"])
