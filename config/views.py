"""Pages that belong to no app: the entrance, and the answers to what went wrong."""

import logging
import sys

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from accompaniment.enums import Role
from accompaniment.forms.tokens import token_in
from accompaniment.views.access import AuthenticatedRequest
from accompaniment.views.kept_forms import keep, page_of_form
from config.health import is_away
from config.navigation import first_page

RETRY_AFTER = "60"  # seconds, for a machine that asks again

database_log = logging.getLogger("config.database")


def home(request: AuthenticatedRequest) -> HttpResponse:
    """Lead each person to the first page of their role."""
    return redirect(first_page(Role(request.user.role)))


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say in plain words that the form was too old, keep what was typed, and lead back to its page.

    Only a form of ours is kept: another site could otherwise put words into somebody's form, or open a session in
    place of theirs.
    """
    page = page_of_form(request)
    sent_from = request.headers.get("Origin", "")
    is_ours = request.user.is_authenticated or sent_from == f"{request.scheme}://{request.get_host()}"
    token = token_in(request)
    is_own = token is not None and request.user.pk in {None, token[1]}
    kept = is_ours and is_own and keep(request)
    return render(request, "403_csrf.html", {"kept": kept, "page": page}, status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say in plain words that a request could not be read, and what to do."""
    return bare_page(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say in plain words that something broke, or that the database is away."""
    error = sys.exception()
    if not is_away(error):
        return bare_page(request, "500.html", status=500)
    database_log.error("The database does not answer: %s", type(error).__name__)
    page = bare_page(request, "503.html", status=503)
    page["Retry-After"] = RETRY_AFTER
    # Django would add a traceback of two hundred lines for each page that somebody opens meanwhile.
    page._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return page


def bare_page(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Return a page that needs neither database nor session. It speaks of what was sent only where something was."""
    sent = request.method not in {"GET", "HEAD", "OPTIONS"}
    return HttpResponse(render_to_string(template, {"sent": sent}), status=status)
