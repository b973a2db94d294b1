"""Asks for a confirmation before an act that concerns many people."""

from django.http import HttpResponse
from django.shortcuts import render

from accompaniment.forms import tokens as form_tokens
from accompaniment.services.foreseen import FIELD, NotForeseenError
from accompaniment.views.access import AuthenticatedRequest

NOT_CARRIED = {FIELD, form_tokens.FIELD, "csrfmiddlewaretoken"}


def ask_first(request: AuthenticatedRequest, asking: NotForeseenError, *, back: str) -> HttpResponse:
    """Show what the sent form would do, with a button that sends it again as it was typed.

    The status is 409: the form has not acted yet, so it is kept and may come again.
    """
    typed = [(name, value) for name, values in request.POST.lists() if name not in NOT_CARRIED for value in values]
    context = {"asking": asking, "foreseen": asking.foreseen, "typed": typed, "back": back, "action": request.path}
    return render(request, "accompaniment/foreseen.html", context, status=409)


def shown_in(request: AuthenticatedRequest) -> str:
    """Return the mark of what the form says was read; empty if it is missing."""
    return request.POST.get(FIELD, "")
