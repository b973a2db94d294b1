"""A form that is sent twice acts once, and leads to the same page.

In the template, beside the CSRF token: `{% csrf_token %}{% once_token %}`. On the view, nearest to the function:

    @role_required(Role.JOBSEEKER)
    @require_POST
    @once
    def ask(request: AuthenticatedRequest) -> HttpResponse: ...

The view then runs in one transaction with the record that its form was sent. A redirect (or any answer below 400)
counts as done: the same form sent again writes nothing and is redirected to the same address. A form that was answered
in place, without an address, is told there that it had been sent. A refusal (422, 409…) or
an error does not count, and the form may come again. Two sendings are the same if token, address and all that was
typed are the same. So going back, changing a word and sending again is a new act. A sending without a token of this
person is not checked.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from accompaniment.forms.tokens import key_of_sending, token_in
from accompaniment.services import sent_forms
from accompaniment.views import kept_forms
from accompaniment.views.access import AuthenticatedRequest

P = ParamSpec("P")

ALREADY_SENT = "Ce formulaire était déjà envoyé\u00a0: il n'a compté qu'une fois."


def once(
    view: Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase],
) -> Callable[Concatenate[AuthenticatedRequest, P], HttpResponseBase]:
    """Let each form with a token act once."""

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
    """Delete the kept text of a form that has gone through, here and, by a cookie, in the browser.

    For a view that checks another token of its own; `once` does it for all others.
    """
    token = token_in(request)
    if token is None:
        return
    kept_forms.forget(request)
    kept_forms.name_sent(request, response, token=str(token[0]))


def _same_answer(request: AuthenticatedRequest, key: UUID) -> HttpResponse:
    answer = sent_forms.answer_to(actor=request.user, key=key)
    if request.htmx:
        # The answer to the first sending may be lost: without an answer, nobody knows whether it counted.
        return (
            redirect(answer) if answer else render(request, "partials/_already_sent.html", {"sentence": ALREADY_SENT})
        )
    messages.info(request, ALREADY_SENT)
    return redirect(answer or "home")
