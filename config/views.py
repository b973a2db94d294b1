"""Pages that belong to no app: the entrance, and the answer to a form that was not sent from our pages."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accompaniment.access import AuthenticatedRequest
from accompaniment.enums import Role
from config.navigation import first_page


def home(request: AuthenticatedRequest) -> HttpResponse:
    """Lead each person to the first page of their role."""
    return redirect(first_page(Role(request.user.role)))


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say in plain words that the form was too old, and how to go on."""
    return render(request, "403_csrf.html", status=403)
