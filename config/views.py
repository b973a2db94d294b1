"""Pages that belong to no app: the entrance and error pages."""

import logging
import sys

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from accompaniment.enums import Role
from accompaniment.forms.tokens import token_in
from accompaniment.views.access import AuthenticatedRequest
from accompaniment.views.display import theme_of
from accompaniment.views.kept_forms import keep, page_of_form
from config import offline as offline_page
from config.health import is_away
from config.navigation import first_page

ASK_AGAIN = {"Cache-Control": "no-cache"}
RETRY_AFTER = "60"  # seconds, for a machine that asks again

database_log = logging.getLogger("config.database")


def home(request: AuthenticatedRequest) -> HttpResponse:
    """Lead each person to the first page of their role."""
    return redirect(first_page(Role(request.user.role)))


@login_not_required
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Show the page that browsers keep for when the network fails."""
    return HttpResponse(offline_page.page(), headers=ASK_AGAIN)


@login_not_required
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the script that keeps this page. It is served from the top, because it answers for every page below."""
    return HttpResponse(offline_page.worker(), content_type="text/javascript; charset=utf-8", headers=ASK_AGAIN)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was too old, keep what was typed, and lead back to its page.

    Only forms of our own pages are kept. Otherwise another site could put text into somebody's form, or log somebody in
    as another person.
    """
    page = page_of_form(request)
    sent_from = request.headers.get("Origin", "")
    is_ours = request.user.is_authenticated or sent_from == f"{request.scheme}://{request.get_host()}"
    token = token_in(request)
    is_own = token is not None and request.user.pk in {None, token[1]}
    kept = is_ours and is_own and keep(request)
    return render(request, "403_csrf.html", {"kept": kept, "page": page}, status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that a request could not be read, and what to do."""
    return bare_page(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something broke, or that the database is away."""
    error = sys.exception()
    if not is_away(error):
        return bare_page(request, "500.html", status=500)
    database_log.error("The database does not answer: %s", type(error).__name__)
    page = bare_page(request, "503.html", status=503)
    page["Retry-After"] = RETRY_AFTER
    # Django would log a traceback of two hundred lines for each request meanwhile.
    page._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return page


def bare_page(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Return a page that needs neither database nor session. It mentions what was sent only if something was."""
    sent = request.method not in {"GET", "HEAD", "OPTIONS"}
    return HttpResponse(render_to_string(template, {"sent": sent, "theme": theme_of(request)}), status=status)
