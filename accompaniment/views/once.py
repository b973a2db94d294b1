"""A form that is sent twice does its thing once, and leads to the same page.

In the template, beside the CSRF token: `{% csrf_token %}{% once_token %}`. On the view, nearest to the function:

    @role_required(Role.JOBSEEKER)
    @require_POST
    @once
    def ask(request: AuthenticatedRequest) -> HttpResponse: ...

The view then runs in one transaction with the note that its form was sent. A redirection (or any answer under 400)
counts as done: the same form sent again is led to the same address and writes nothing. A refusal (422, 409…) or an
error counts as not sent, and the form may come again. Two sendings are the same when token, address and all that
was typed are the same, so going back, changing a word and sending again is a new act. A sending without a token of
this very person is not watched.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accompaniment.forms.tokens import key_of_sending, token_in
from accompaniment.services import sent_forms
from accompaniment.views import kept_forms
from accompaniment.views.access import AuthenticatedRequest

P = ParamSpec("P")


def once(
    view: Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase],
) -> Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase]:
    """Let each form that was given a token through once."""

    @wraps(view)
    def guarded(request: AuthenticatedRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        token = token_in(request) if request.method == "POST" else None
        if token is None or token[1] != request.user.pk:
            return view(request, *args, **kwargs)
        key = key_of_sending(request, token[0])
        with transaction.atomic():
            sent = sent_forms.claim(actor=request.user, key=key)
            if sent is None:
                response: HttpResponseBase = _same_answer(request, key)
            else:
                response = view(request, *args, **kwargs)
                if response.status_code >= 400:
                    sent.delete()
                    return response
                sent_forms.settle(sent=sent, answer=response.headers.get("Location", ""))
        went_through(request, response)
        return response

    return guarded


def went_through(request: HttpRequest, response: HttpResponseBase) -> None:
    """Forget what was kept of a form that has done its thing, here and, by a cookie, in the browser.

    For a view that is sent once by a token of its own; `once` does it for the others.
    """
    token = token_in(request)
    if token is None:
        return
    kept_forms.forget(request)
    kept_forms.name_sent(request, response, token=str(token[0]))


def _same_answer(request: AuthenticatedRequest, key: UUID) -> HttpResponse:
    answer = sent_forms.answer_to(actor=request.user, key=key)
    if request.htmx:
        return redirect(answer) if answer else HttpResponse(status=204)
    messages.info(request, "Ce formulaire était déjà envoyé\u00a0: il n'a compté qu'une fois.")
    return redirect(answer or "home")
