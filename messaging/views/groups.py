"""One text to the people ticked in the portfolio list, which a worker sends to each of them."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accompaniment.enums import Role
from accompaniment.forms.fields import add_refusal
from accompaniment.rules.errors import DomainError
from accompaniment.rules.french import counted, plural
from accompaniment.rules.parsing import number_in
from accompaniment.views.access import AuthenticatedRequest, role_required
from accompaniment.views.once import once, went_through
from caseload.forms.desk.selection import list_in, selected_in
from caseload.services.desk.selections import followed_among
from messaging.forms import GroupMessageForm
from messaging.models import Conversation, Dispatch
from messaging.reads.dispatches import latest_of, report_of
from messaging.services.dispatches import start_dispatch, stop_dispatch


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADVISER)
def message_many(request: AuthenticatedRequest) -> HttpResponse:
    """Write to several people at once. The form's own `batch` makes a second sending lead to the same dispatch."""
    posted = request.method == "POST"
    sent = request.POST if posted else request.GET
    selected = selected_in(sent)
    people = followed_among(actor=request.user, people=selected)
    gone = len(selected) - len(people)
    form = GroupMessageForm(request.POST if posted else None, initial=_text_again(request))
    if posted and people and form.is_valid():
        try:
            dispatch = start_dispatch(
                actor=request.user,
                people=[person.pk for person in people],
                token=form.cleaned_data["batch"],
                body=form.cleaned_data["body"],
            )
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            if gone:
                messages.warning(request, _said_of_gone(gone))
            answer = redirect("dispatch", pk=dispatch.pk)
            went_through(request, answer)
            return answer
    context = {
        "people": people,
        "gone": gone,
        "selected": selected,
        "asked": list_in(sent),
        # The message answers none of them, so the list stays the same before and after.
        "waiting": Conversation.objects.filter(jobseeker__in=people).awaiting_reply().select_related("jobseeker"),
        "latest": latest_of(request.user),
        "form": form,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if posted else HTTPStatus.OK
    return render(request, "messaging/message_many.html", context, status=status)


@require_safe
@role_required(Role.ADVISER)
def dispatch(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """How far a dispatch is: who got the message, who did not and why. Only its author sees it."""
    found = get_object_or_404(Dispatch, pk=pk, author=request.user)
    return _report(request, found)


@require_POST
@role_required(Role.ADVISER)
@once
def stop(request: AuthenticatedRequest, pk: int) -> HttpResponse:
    """Stop what has not left yet."""
    found = get_object_or_404(Dispatch, pk=pk, author=request.user)
    try:
        stopped = stop_dispatch(actor=request.user, dispatch=found)
    except DomainError as refusal:
        return _report(request, found, refusal=refusal.sentence, status=HTTPStatus.CONFLICT)
    messages.success(request, f"{counted(stopped, 'un envoi arrêté,envois arrêtés').capitalize()}.")
    return redirect("dispatch", pk=pk)


def _report(
    request: AuthenticatedRequest, found: Dispatch, *, refusal: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    context = {"report": report_of(found, reader=request.user), "refusal": refusal}
    template = "messaging/partials/_dispatch_report.html" if request.htmx else "messaging/dispatch.html"
    return render(request, template, context, status=status)


def _text_again(request: AuthenticatedRequest) -> dict[str, Any]:
    """Return the text of an earlier dispatch of one's own that a link names, to write to others or once more."""
    earlier = number_in(request.GET.get("envoi", ""))
    found = Dispatch.objects.filter(pk=earlier, author=request.user).first() if earlier is not None else None
    return {"body": found.body} if found is not None else {}


def _said_of_gone(gone: int) -> str:
    left = plural(gone, "n'est,ne sont")
    return f"{counted(gone, 'une personne').capitalize()} de votre sélection {left} plus dans vos portefeuilles."
