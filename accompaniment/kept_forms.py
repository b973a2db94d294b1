"""What was typed in a form whose session had ended: kept, and put back when the same person has logged in again.

A form with `{% once_token %}` says for whom its page was made. When it arrives after the session has ended, its
text waits for half an hour in the visitor's new, empty session. After the log-in of that same account every form of
the page begins with it (`config.form_renderer`). Nothing is ever sent again by itself, and nobody else sees it.
Works without a script; `static/accompaniment/keep.js` does more where there is one.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accompaniment.form_tokens import FIELD, token_in

KEPT_FOR = timedelta(minutes=30)
LONGEST = 100_000  # characters: what is longer only the script keeps
KEY = "kept_form"
NOTHING: Mapping[str, list[str]] = {}

SESSION_OVER = "Votre session s'est terminée et rien n'a été enregistré. Reconnectez-vous."
TEXT_COMES_BACK = (
    "Votre session s'est terminée et rien n'a été enregistré. Reconnectez-vous\u00a0: ce que vous avez écrit reviendra "
    "dans le formulaire."
)

_typed: ContextVar[Mapping[str, list[str]]] = ContextVar("typed before the session ended", default=NOTHING)


def typed_before() -> Mapping[str, list[str]]:
    """Return what the person typed, by field, on the page that is being made, before the session ended."""
    return _typed.get()


def keep(request: HttpRequest) -> bool:
    """Keep what the form holds, if it is one of ours and not too long; tell whether it is kept."""
    token = token_in(request)
    typed = {name: values for name, values in request.POST.lists() if name not in {FIELD, "csrfmiddlewaretoken"}}
    if token is None or sum(len(value) for values in typed.values() for value in values) > LONGEST:
        return False
    request.session[KEY] = {
        "user": token[1],
        "page": page_of_form(request),
        "typed": typed,
        "at": timezone.now().isoformat(),
    }
    if not request.user.is_authenticated:
        request.session.set_expiry(int(KEPT_FOR.total_seconds()))
    return True


def forget(request: HttpRequest) -> None:
    """Forget what was kept: it has been sent."""
    request.session.pop(KEY, None)


def page_of_form(request: HttpRequest) -> str:
    """Return the address of the page on which the form stood, which may be another one than the form was sent to."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return request.get_full_path()
    parts = urlsplit(came_from)
    return parts.path + (f"?{parts.query}" if parts.query else "")


class LogInRequiredMiddleware(LoginRequiredMiddleware):
    """Send whoever is not logged in to the door, without losing what was typed."""

    def process_request(self, request: HttpRequest) -> None:
        """Begin each request with nothing, whatever the one before in this thread had."""
        _typed.set(NOTHING)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if request.user.is_authenticated:
            _typed.set(_take(request))
        answer: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        return answer

    def handle_no_permission(  # type: ignore[override]  # the answer to htmx is no redirection
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        """Lead to the log-in, and from there to the page on which one was; a part of a page takes the whole along."""
        is_part = "HX-Request" in request.headers
        is_form = request.method == "POST"
        if is_form:
            messages.warning(request, TEXT_COMES_BACK if keep(request) else SESSION_OVER)
        page = page_of_form(request) if is_form or is_part else request.get_full_path()
        door = redirect_to_login(page, resolve_url(self.get_login_url(view_func)))
        return HttpResponse(status=204, headers={"HX-Redirect": door.url}) if is_part else door


def _take(request: HttpRequest) -> Mapping[str, list[str]]:
    """Return what was kept for this person and this page; what is somebody else's or too old is forgotten."""
    kept = request.session.get(KEY)
    if kept is None:
        return NOTHING
    if "_session_expiry" in request.session:
        request.session.set_expiry(None)  # half an hour was for the visitor, not for who has logged in
    if kept["user"] != request.user.pk or datetime.fromisoformat(kept["at"]) < timezone.now() - KEPT_FOR:
        forget(request)
        return NOTHING
    is_page = request.method == "GET" and request.get_full_path() == kept["page"]
    typed: Mapping[str, list[str]] = kept["typed"] if is_page else NOTHING
    return typed
