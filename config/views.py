"""Pages that belong to no app: the entrance, and the answer to a form that was not sent from our pages."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accompaniment.access import AuthenticatedRequest
from accompaniment.enums import Role
from accompaniment.form_tokens import token_in
from accompaniment.kept_forms import keep, page_of_form
from config.navigation import first_page


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
